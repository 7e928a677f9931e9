//! How often the DNS is asked, and what comes of records that are gone.

use super::*;

#[tokio::test]
async fn an_organization_waits_for_two_lookups_at_most() {
    let scene = Scene::new();
    let (domains, records) = domain_service(&scene);
    let admin = Person::Admin.actor();
    let claimed = domains.claim(&admin, name()).await.unwrap();
    records.say(&claimed.record_name, &[&claimed.record_value]);
    let elsewhere = OrganizationId::new(claimed.id.uuid());
    let others = [domains.lookups.begin(elsewhere).unwrap(), domains.lookups.begin(elsewhere).unwrap()];
    let first = domains.lookups.begin(Scene::ACME).unwrap();
    let second = domains.clone().lookups.begin(Scene::ACME).unwrap();
    assert_eq!(domains.verify(&admin, claimed.id).await, Err(AppError::LookupsUnderWay));
    assert_eq!(records.asked(), Vec::<String>::new());
    drop(second);
    domains.verify(&admin, claimed.id).await.unwrap();
    assert!(domains.lookups.begin(Scene::ACME).is_some(), "one that is over counts no more");
    drop((first, others));
}

#[tokio::test]
async fn a_record_that_is_gone_for_three_days_takes_the_proof_back() {
    let scene = Scene::new();
    let (domains, records) = domain_service(&scene);
    let claimed = domains.claim(&Person::Admin.actor(), name()).await.unwrap();
    let state = || scene.store.data().domains[0].1.clone();
    records.say(&claimed.record_name, &[&claimed.record_value]);
    domains.verify(&Person::Admin.actor(), claimed.id).await.unwrap();
    scene.run(Person::Admin, edit(claimed.id, Some(OrganizationRole::Member))).await.unwrap();
    scene.store.data().events.clear();
    let asked = records.asked().len();
    assert_eq!(domains.recheck().await, Ok(0));
    assert_eq!(records.asked().len(), asked, "it was looked at today");

    records.say(&claimed.record_name, &[]);
    for day in 1..=2 {
        scene.clock.set(10 + day * DAY);
        assert_eq!(domains.recheck().await, Ok(0));
        assert_eq!(domains.recheck().await, Ok(0), "once a day");
        assert_eq!(state().misses, u32::try_from(day).unwrap());
    }
    scene.clock.set(10 + 3 * DAY);
    records.be_away(true);
    assert_eq!(domains.recheck().await, Ok(0));
    assert_eq!(state().misses, 2, "not to know is no miss");
    records.be_away(false);
    assert_eq!(scene.told(), [""; 0]);
    scene.clock.set(10 + 4 * DAY);
    assert_eq!(domains.recheck().await, Ok(1));
    assert_eq!((state().verified_at, state().auto_join_role), (None, None));
    assert_eq!(scene.told(), ["organization.domain_lapsed"]);
    scene.clock.set(10 + 5 * DAY);
    assert_eq!(domains.recheck().await, Ok(0), "nobody looks for what is not verified");
}

#[tokio::test]
async fn a_record_that_is_back_is_forgiven() {
    let (scene, domain) = opened(OrganizationRole::Member).await;
    let (domains, records) = domain_service(&scene);
    let claimed = scene.app.ask(&Person::Admin.actor(), FindDomain { domain }).await.unwrap();
    for day in 1..=6 {
        scene.clock.set(10 + day * DAY);
        let texts: &[&str] = if day % 3 == 0 { &[&claimed.record_value] } else { &[] };
        records.say(&claimed.record_name, texts);
        assert_eq!(domains.recheck().await, Ok(0));
    }
    assert_eq!(scene.store.data().domains[0].1.misses, 0);
}
