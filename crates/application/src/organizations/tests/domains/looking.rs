//! How often the DNS is asked, and what comes of records that are gone.

use tenon_domain::UserId;
use uuid::Uuid;

use super::*;
use crate::actor::Viewer;

#[tokio::test]
async fn an_organization_waits_for_two_lookups_at_most() {
    let scene = Scene::new();
    let (domains, records) = domain_service(&scene);
    let admin = Person::Admin.actor();
    let claimed = domains.claim(&admin, name()).await.unwrap();
    records.say(&claimed.record_name, &[&claimed.record_value]);
    let elsewhere = OrganizationId::new(claimed.id.uuid());
    let of = |who: Person, organization| Viewer { organization, ..who.viewer() };
    let begin = |viewer| domains.lookups.begin(viewer);
    let others = [begin(of(Person::Peer, elsewhere)).unwrap(), begin(of(Person::Peer, elsewhere)).unwrap()];
    let first = begin(of(Person::Owner, Scene::ACME)).unwrap();
    let second = begin(of(Person::Admin, Scene::ACME)).unwrap();
    assert_eq!(domains.verify(&admin, claimed.id, None).await, Err(AppError::LookupsUnderWay));
    assert_eq!(records.asked(), Vec::<String>::new());
    drop(second);
    domains.verify(&admin, claimed.id, None).await.unwrap();
    drop(begin(of(Person::Admin, Scene::ACME)).unwrap());
    drop((first, others));
}

#[test]
fn who_founds_many_organizations_waits_for_no_more_and_all_leave_room_for_the_daily_look() {
    let lookups = LookupsUnderWay::default();
    let id = |n: u128| Uuid::from_u128(0xF00 + n);
    let viewer = |user, organization| {
        Viewer::new(UserId::new(id(user)), OrganizationId::new(id(organization)), OrganizationRole::Owner)
    };
    let mut under_way = vec![lookups.begin(viewer(1, 1)).unwrap(), lookups.begin(viewer(1, 2)).unwrap()];
    assert_eq!(lookups.begin(viewer(1, 3)).unwrap_err(), AppError::LookupsUnderWay);
    under_way.extend((4..14).map(|n| lookups.begin(viewer(n, n)).unwrap()));
    assert!(matches!(lookups.begin(viewer(20, 20)), Err(AppError::Unavailable(_))));
    assert_eq!(under_way.len(), 12);
}

#[tokio::test]
async fn a_record_that_is_gone_for_three_days_takes_the_proof_back() {
    let scene = Scene::new();
    let (domains, records) = domain_service(&scene);
    let claimed = domains.claim(&Person::Admin.actor(), name()).await.unwrap();
    let state = || scene.store.data().domains[0].1.clone();
    records.say(&claimed.record_name, &[&claimed.record_value]);
    domains.verify(&Person::Admin.actor(), claimed.id, None).await.unwrap();
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
