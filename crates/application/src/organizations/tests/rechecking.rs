use tenon_domain::organizations::DomainName;

use super::*;
use crate::in_memory::{Person, Scene, at, domain_service};
use crate::unit_of_work::StoreError;

const DAY: i64 = 24 * 60;

#[tokio::test]
async fn a_domain_that_fails_keeps_no_other_waiting() {
    let scene = Scene::new();
    let (domains, records) = domain_service(&scene);
    for name in ["a.example", "b.example"] {
        let claimed = domains.claim(&Person::Admin.actor(), DomainName::parse(name).unwrap()).await.unwrap();
        records.say(&claimed.record_name, &[&claimed.record_value]);
        domains.verify(&Person::Admin.actor(), claimed.id, None).await.unwrap();
    }
    scene.clock.set(10 + DAY);
    let seen = || scene.store.data().domains.iter().filter(|(_, it)| it.checked_at == Some(at(10 + DAY))).count();
    scene.store.fail_commits([StoreError::Broken("a defect".to_owned())]);
    assert_eq!(domains.recheck().await, Ok(0));
    assert_eq!(seen(), 1);
    assert_eq!(domains.recheck().await, Ok(0));
    assert_eq!(seen(), 2, "it is looked at the next time");
    scene.clock.set(10 + 2 * DAY);
    scene.store.fail_commits([StoreError::Unavailable("away".to_owned())]);
    assert!(matches!(domains.recheck().await, Err(AppError::Unavailable(_))), "no use in going on");
}
