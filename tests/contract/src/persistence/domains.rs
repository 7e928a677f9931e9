use std::time::Duration;

use tenon_application::StoreError;
use tenon_application::organizations::{DomainArchive, DomainView, DueDomain};
use tenon_domain::DomainId;
use tenon_domain::access::OrganizationRole;
use tenon_domain::organizations::{DomainName, Member, OrganizationDomain, OrganizationDomainState};
use tenon_infrastructure::persistence::SqlDomainArchive;

use super::fixture::{Fixture, Person, email};
use super::lists::{request, walk};
use super::on_every_database;

on_every_database! {
    a_domain_comes_back_as_saved,
    a_domain_is_out_of_reach_of_other_organizations,
    a_domain_is_verified_by_one_organization_at_a_time,
    an_open_domain_is_found_from_anywhere,
    organizations_can_be_joined_by_those_who_are_not_in_them,
    who_was_removed_is_remembered,
    an_address_stays_out_of_where_its_user_was_kept_out,
    every_domain_is_listed_once,
    verified_domains_are_due_after_a_while,
}

fn name(text: &str) -> DomainName {
    DomainName::parse(text).unwrap()
}

fn claimed(fixture: &Fixture, text: &str) -> OrganizationDomain {
    OrganizationDomain::claim(fixture.id(), name(text), "t".repeat(43), 0, fixture.now()).unwrap()
}

async fn claim(fixture: &Fixture, by: &Person, text: &str) -> OrganizationDomainState {
    let mut unit = fixture.unit(by).await;
    let state = unit.domains().save(claimed(fixture, text)).await.unwrap();
    assert!(unit.commit().await.unwrap(), "the event is stored");
    state
}

async fn change(
    fixture: &Fixture,
    by: &Person,
    id: DomainId,
    change: impl FnOnce(&mut OrganizationDomain),
) -> Result<OrganizationDomainState, StoreError> {
    let mut unit = fixture.unit(by).await;
    let mut domain = unit.domains().find(id).await?.unwrap();
    change(&mut domain);
    let state = unit.domains().save(domain).await?;
    unit.commit().await?;
    Ok(state)
}

/// A verified domain whose addresses join with this role.
async fn open(fixture: &Fixture, by: &Person, text: &str, role: OrganizationRole) -> OrganizationDomainState {
    let id = claim(fixture, by, text).await.id;
    let now = fixture.now();
    let opened = change(fixture, by, id, |domain| {
        domain.verify(now);
        domain.open(Some(role), now).unwrap();
    });
    opened.await.unwrap()
}

async fn a_domain_comes_back_as_saved(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let saved = claim(fixture, &ada, "example.com").await;
    assert_eq!((saved.version, saved.verified_at), (1, None));
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(*unit.domains().find(saved.id).await.unwrap().unwrap().state(), saved);
    assert_eq!(unit.domains().count().await.unwrap(), 1);
    assert!(matches!(unit.domains().save(claimed(fixture, "example.com")).await, Err(StoreError::Duplicate(_))));
    drop(unit);

    fixture.clock.advance(Duration::from_millis(1));
    let mut unit = fixture.unit(&ada).await;
    let mut domain = unit.domains().find(saved.id).await.unwrap().unwrap();
    let mut earlier = domain.clone();
    domain.verify(fixture.now());
    domain.open(Some(OrganizationRole::Guest), fixture.now()).unwrap();
    let verified = unit.domains().save(domain).await.unwrap();
    assert_eq!((verified.version, verified.auto_join_role), (2, Some(OrganizationRole::Guest)));
    assert_eq!(*unit.domains().find(saved.id).await.unwrap().unwrap().state(), verified);
    earlier.note_silence(fixture.now());
    assert_eq!(unit.domains().save(earlier.clone()).await, Err(StoreError::Stale));
    assert_eq!(unit.domains().remove(earlier).await, Err(StoreError::Stale));
    unit.commit().await.unwrap();
    assert_eq!(fixture.queries.domains.find(ada.viewer, saved.id).await.unwrap(), Some(DomainView::from(verified)));

    // What no event tells of is written all the same.
    let now = fixture.now();
    let missed = change(fixture, &ada, saved.id, |domain| domain.miss(Vec::new(), now)).await.unwrap();
    assert_eq!((missed.misses, missed.version), (1, 3));
    let mut unit = fixture.unit(&ada).await;
    let mut domain = unit.domains().find(saved.id).await.unwrap().unwrap();
    assert_eq!(*domain.state(), missed);
    domain.remove();
    unit.domains().remove(domain).await.unwrap();
    assert!(unit.domains().find(saved.id).await.unwrap().is_none());
    assert!(unit.commit().await.unwrap());
}

async fn a_domain_is_out_of_reach_of_other_organizations(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    let saved = open(fixture, &ada, "example.com", OrganizationRole::Member).await;
    let mut unit = fixture.unit(&eve).await;
    assert!(unit.domains().find(saved.id).await.unwrap().is_none());
    assert_eq!(unit.domains().count().await.unwrap(), 0);
    assert!(!unit.domains().is_verified(&saved.name).await.unwrap());
    let foreign = || OrganizationDomain::restore(saved.clone());
    assert_eq!(unit.domains().save(foreign()).await, Err(StoreError::Stale));
    assert_eq!(unit.domains().remove(foreign()).await, Err(StoreError::Stale));
    drop(unit);
    for viewer in [eve.viewer, ada.intruding(&eve)] {
        assert_eq!(fixture.queries.domains.find(viewer, saved.id).await.unwrap(), None);
        assert!(fixture.queries.domains.list(viewer, &request(10, vec![])).await.unwrap().items.is_empty());
    }
    let mut unit = fixture.deployment().await;
    assert!(matches!(unit.domains().find(saved.id).await, Err(StoreError::Broken(_))));
    assert!(matches!(unit.domains().is_verified(&saved.name).await, Err(StoreError::Broken(_))));
}

async fn a_domain_is_verified_by_one_organization_at_a_time(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    let (adas, eves) = (claim(fixture, &ada, "example.com").await, claim(fixture, &eve, "example.com").await);
    let now = fixture.now();
    let verify = |by, id| change(fixture, by, id, move |domain| domain.verify(now));
    let is_verified =
        |by| async move { fixture.unit(by).await.domains().is_verified(&name("example.com")).await.unwrap() };
    assert!(!is_verified(&ada).await && !is_verified(&eve).await);
    verify(&ada, adas.id).await.unwrap();
    assert!(is_verified(&ada).await && !is_verified(&eve).await);
    assert!(matches!(verify(&eve, eves.id).await, Err(StoreError::Duplicate(_))));
    verify(&ada, adas.id).await.unwrap();

    // Once it has lapsed over there it is free, and taken again here.
    let lapse = |domain: &mut OrganizationDomain| (0..3).for_each(|_| domain.miss(Vec::new(), now));
    let lapsed = change(fixture, &ada, adas.id, lapse).await.unwrap();
    assert_eq!(lapsed.verified_at, None);
    verify(&eve, eves.id).await.unwrap();
    assert!(!is_verified(&ada).await && is_verified(&eve).await);
    assert!(matches!(verify(&ada, adas.id).await, Err(StoreError::Duplicate(_))));
}

async fn an_open_domain_is_found_from_anywhere(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    let now = fixture.now();
    let id = claim(fixture, &ada, "example.com").await.id;
    let open_to = || async { fixture.deployment().await.domains().open_to(&name("example.com")).await.unwrap() };
    assert!(open_to().await.is_empty());
    change(fixture, &ada, id, |domain| domain.verify(now)).await.unwrap();
    assert!(open_to().await.is_empty(), "not yet open");
    let role = OrganizationRole::Guest;
    change(fixture, &ada, id, |domain| domain.open(Some(role), now).unwrap()).await.unwrap();
    let found = [(ada.viewer.organization, role)];
    assert_eq!(open_to().await, found);
    let mut unit = fixture.deployment().await;
    unit.enter(eve.viewer.organization).await.unwrap();
    assert_eq!(unit.domains().open_to(&name("example.com")).await.unwrap(), found, "from another organization, too");
    assert!(unit.domains().open_to(&name("mail.example.com")).await.unwrap().is_empty(), "not what is below it");
    drop(unit);
    change(fixture, &ada, id, |domain| domain.open(None, now).unwrap()).await.unwrap();
    assert!(open_to().await.is_empty());
}

async fn organizations_can_be_joined_by_those_who_are_not_in_them(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    open(fixture, &ada, "example.com", OrganizationRole::Member).await;
    let (domain, page) =
        (name("example.com"), tenon_application::PageRequest { include_total: true, ..request(1, vec![]) });
    let address = fixture.app.addresses.digest(&email("eve"));
    let joinable = |user| {
        let (queries, domain, address, page) = (&fixture.queries.domains, &domain, &address, &page);
        async move {
            let found = queries.joinable(user, domain, address, page).await.unwrap();
            assert_eq!(found.total, Some(found.items.len() as u64));
            found.items.into_iter().map(|it| (it.id, it.name, it.role)).collect::<Vec<_>>()
        }
    };
    let user = eve.viewer.user;
    let there = vec![(ada.viewer.organization, "ada's organization".to_owned(), OrganizationRole::Member)];
    assert_eq!(joinable(user).await, there);
    assert!(joinable(ada.viewer.user).await.is_empty(), "already in it");
    let other = name("example.org");
    assert!(fixture.queries.domains.joinable(user, &other, &address, &page).await.unwrap().items.is_empty());

    let mut unit = fixture.unit(&ada).await;
    unit.members().exclude(user, fixture.now()).await.unwrap();
    unit.commit().await.unwrap();
    assert!(joinable(user).await.is_empty(), "removed from it");
    let mut unit = fixture.unit(&ada).await;
    unit.members().readmit(user).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(joinable(user).await, there);

    let mut unit = fixture.unit(&ada).await;
    let mut member = Member::join(user, "eve".into(), OrganizationRole::Member, None, fixture.now());
    member.suspend(1, fixture.now()).unwrap();
    unit.members().save(member).await.unwrap();
    unit.commit().await.unwrap();
    assert!(joinable(user).await.is_empty(), "suspended in it");
}

async fn who_was_removed_is_remembered(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    let (user, now) = (eve.viewer.user, fixture.now());
    let mut unit = fixture.unit(&ada).await;
    assert!(!unit.members().is_excluded(user).await.unwrap());
    unit.members().readmit(user).await.unwrap();
    unit.members().exclude(user, now).await.unwrap();
    unit.members().exclude(user, now).await.unwrap();
    assert!(unit.members().is_excluded(user).await.unwrap());
    assert!(!unit.members().is_excluded(ada.viewer.user).await.unwrap());
    unit.commit().await.unwrap();
    assert!(!fixture.unit(&eve).await.members().is_excluded(user).await.unwrap(), "from another organization");
    let mut unit = fixture.unit(&eve).await;
    unit.members().readmit(user).await.unwrap();
    unit.commit().await.unwrap();
    let mut unit = fixture.unit(&ada).await;
    assert!(unit.members().is_excluded(user).await.unwrap(), "nor taken back from there");
    unit.members().readmit(user).await.unwrap();
    assert!(!unit.members().is_excluded(user).await.unwrap());
    drop(unit);
    assert!(matches!(fixture.deployment().await.members().is_excluded(user).await, Err(StoreError::Broken(_))));
}

async fn an_address_stays_out_of_where_its_user_was_kept_out(fixture: &Fixture) {
    let (ada, eve, kim) = (fixture.found("ada").await, fixture.found("eve").await, fixture.found("kim").await);
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let (user, now) = (bob.viewer.user, fixture.now());
    let address = fixture.app.addresses.digest(&email("bob"));
    let mut unit = fixture.unit(&ada).await;
    let mut member = unit.members().find(user).await.unwrap().unwrap();
    member.suspend(1, now).unwrap();
    unit.members().save(member).await.unwrap();
    unit.commit().await.unwrap();
    let mut unit = fixture.unit(&eve).await;
    unit.members().exclude(user, now).await.unwrap();
    unit.commit().await.unwrap();
    for _ in 0..2 {
        let mut unit = fixture.deployment().await;
        unit.excluded_addresses().exclude(user, &address, now).await.unwrap();
        unit.excluded_addresses()
            .exclude(kim.viewer.user, &fixture.app.addresses.digest(&email("kim")), now)
            .await
            .unwrap();
        unit.commit().await.unwrap();
    }
    let is_out = |by, name| async move {
        let address = fixture.app.addresses.digest(&email(name));
        fixture.unit(by).await.excluded_addresses().is_excluded(&address).await.unwrap()
    };
    assert!(is_out(&ada, "bob").await && is_out(&eve, "bob").await && !is_out(&kim, "bob").await);
    for by in [&ada, &eve, &kim] {
        assert!(!is_out(by, "kim").await, "she is kept out nowhere");
    }
    open(fixture, &eve, "example.com", OrganizationRole::Member).await;
    let (domain, page) = (name("example.com"), request(10, vec![]));
    let stranger = fixture.id();
    let of_bob = fixture.queries.domains.joinable(stranger, &domain, &address, &page).await.unwrap();
    assert!(of_bob.items.is_empty(), "whoever has the address now");

    let mut unit = fixture.unit(&eve).await;
    unit.excluded_addresses().readmit(&address).await.unwrap();
    unit.commit().await.unwrap();
    assert!(is_out(&ada, "bob").await && !is_out(&eve, "bob").await, "each lets in for itself");
    let of_bob = fixture.queries.domains.joinable(stranger, &domain, &address, &page).await.unwrap();
    assert_eq!(of_bob.items.len(), 1);
    let mut unit = fixture.deployment().await;
    assert!(matches!(unit.excluded_addresses().is_excluded(&address).await, Err(StoreError::Broken(_))));
}

async fn every_domain_is_listed_once(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    for number in 0..5 {
        claim(fixture, &ada, &format!("d{number}.example")).await;
    }
    claim(fixture, &eve, "d0.example").await;
    let queries = &fixture.queries.domains;
    for limit in [1, 2, 5, 100] {
        let listed =
            walk(request(limit, vec![]), |request| async move { queries.list(ada.viewer, &request).await }).await;
        let names: Vec<_> = listed.iter().map(|it| it.domain.as_str()).collect();
        assert_eq!(names, ["d4.example", "d3.example", "d2.example", "d1.example", "d0.example"], "newest first");
    }
}

async fn verified_domains_are_due_after_a_while(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    let archive = SqlDomainArchive::new(fixture.database.clone());
    claim(fixture, &ada, "pending.example").await;
    let mut expected = Vec::new();
    for (by, text) in [(&eve, "first.example"), (&ada, "second.example")] {
        let state = open(fixture, by, text, OrganizationRole::Member).await;
        expected.push(DueDomain {
            organization: by.viewer.organization,
            id: state.id,
            record_name: format!("_tenon-challenge.{text}"),
            record_value: state.proof(),
        });
        fixture.clock.advance(Duration::from_secs(60));
    }
    let now = fixture.now();
    assert_eq!(archive.due(now, 10).await.unwrap(), expected, "of all organizations, the longest ago first");
    assert_eq!(archive.due(now, 1).await.unwrap(), expected[..1]);
    assert_eq!(archive.due(now - Duration::from_secs(90), 10).await.unwrap(), expected[..1]);
    change(fixture, &eve, expected[0].id, |domain| domain.note_silence(now)).await.unwrap();
    assert_eq!(archive.due(now, 10).await.unwrap(), expected[1..]);
}
