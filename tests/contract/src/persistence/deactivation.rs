//! Who is deactivated has no access anywhere, whatever asks, and loses nothing.

use std::time::Duration;

use tenon_application::identity::{DeactivateUser, ReactivateUser, TokenSubject};
use tenon_application::organizations::MemberFilter;
use tenon_application::{Actor, AppError, Origin, PageRequest, StoreError};
use tenon_domain::access::{OrganizationRole, ProjectRole, Visibility};
use tenon_domain::organizations::{Member, MemberStatus};

use super::fixture::{Fixture, email};
use super::lists::request;
use super::on_every_database;
use super::suspension::has_access;

on_every_database! {
    a_deactivated_user_comes_back_as_saved,
    who_is_deactivated_has_no_access_anywhere_and_gets_it_back,
    who_is_deactivated_is_no_insider,
    owners_who_are_deactivated_do_not_count,
    of_two_owners_who_are_deactivated_at_once_one_stays,
    members_are_listed_as_deactivated,
}

async fn deactivate(fixture: &Fixture, name: &str) {
    let operator = Actor::system(None, Origin::default());
    fixture.app.execute(&operator, DeactivateUser { email: email(name) }).await.unwrap();
}

async fn reactivate(fixture: &Fixture, name: &str) {
    let operator = Actor::system(None, Origin::default());
    fixture.app.execute(&operator, ReactivateUser { email: email(name) }).await.unwrap();
}

async fn a_deactivated_user_comes_back_as_saved(fixture: &Fixture) {
    let ada = fixture.found("ada").await.viewer.user;
    fixture.clock.advance(Duration::from_millis(1));
    let mut unit = fixture.deployment().await;
    let mut user = unit.users().find_locked(ada).await.unwrap().unwrap();
    let mut earlier = user.clone();
    assert!(user.deactivate(fixture.now()));
    let saved = unit.users().save(user).await.unwrap();
    assert_eq!((saved.deactivated_at, saved.version), (Some(fixture.now()), 2));
    assert_eq!(*unit.users().find(ada).await.unwrap().unwrap().state(), saved);
    earlier.deactivate(fixture.now());
    assert_eq!(unit.users().save(earlier).await, Err(StoreError::Stale));
    assert!(unit.commit().await.unwrap());

    let mut unit = fixture.deployment().await;
    let mut user = unit.users().find_by_email(&email("ada")).await.unwrap().unwrap();
    assert_eq!(*user.state(), saved, "they can be found: their password is asked for as ever");
    assert!(fixture.queries.identity.credentials(&email("ada")).await.unwrap().is_some());
    assert!(user.reactivate(fixture.now()));
    let saved = unit.users().save(user).await.unwrap();
    assert_eq!((saved.deactivated_at, saved.version), (None, 3));
    assert_eq!(*unit.users().find(ada).await.unwrap().unwrap().state(), saved);
}

async fn who_is_deactivated_has_no_access_anywhere_and_gets_it_back(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    let bob = fixture.join(&ada, "bob", OrganizationRole::Admin).await;
    let user = bob.viewer.user;
    let mut unit = fixture.unit(&eve).await;
    let mut member = Member::join(user, "bob".into(), OrganizationRole::Guest, None, fixture.now());
    member.suspend(1, fixture.now()).unwrap();
    unit.members().save(member).await.unwrap();
    unit.commit().await.unwrap();
    let membership = async || {
        let mut unit = fixture.unit(&ada).await;
        unit.members().find(user).await.unwrap().unwrap().state().clone()
    };
    let before = membership().await;
    let subject = TokenSubject::User(user);
    assert_eq!(has_access(fixture, &ada, &bob).await, [true; 7]);

    deactivate(fixture, "bob").await;
    assert_eq!(has_access(fixture, &ada, &bob).await, [false; 7]);
    assert_eq!(fixture.queries.identity.subject(&subject).await.unwrap(), None);
    let state = membership().await;
    assert_eq!((state.status(), state.active_role()), (MemberStatus::Deactivated, None));
    assert_eq!(state.deactivated_at, Some(fixture.now()));
    // A member all the same, who is not invited again.
    let mut unit = fixture.unit(&ada).await;
    assert!(unit.members().has_address(&email("bob")).await.unwrap());
    drop(unit);
    let mut organizations = vec![ada.viewer.organization, eve.viewer.organization];
    organizations.sort();
    assert_eq!(fixture.deployment().await.members().organizations_of(user).await.unwrap(), organizations);

    reactivate(fixture, "bob").await;
    assert_eq!(has_access(fixture, &ada, &bob).await, [true; 7]);
    assert_eq!(membership().await, before, "as it was");
    let home = fixture.queries.identity.subject(&subject).await.unwrap().unwrap().home;
    assert_eq!(home, Some(ada.viewer.organization));
    let suspended = fixture.queries.identity.role(eve.viewer.organization, user).await.unwrap();
    assert_eq!(suspended, None, "by the organization, which has not lifted that");
}

async fn who_is_deactivated_is_no_insider(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let (a, b) = (ada.viewer.user, bob.viewer.user);
    for (key, visibility) in [("ONE", Visibility::Organization), ("TWO", Visibility::Private)] {
        let project = fixture.project(&ada, key, visibility).await.id;
        let mut unit = fixture.unit(&ada).await;
        let role = Some(ProjectRole::Contributor.into());
        unit.projects().set_role(project, b, role, fixture.now()).await.unwrap();
        unit.commit().await.unwrap();
        let both = async || {
            let mut unit = fixture.unit(&ada).await;
            let mut insiders = unit.projects().insiders(project, &[a, b]).await.unwrap();
            let pairs = unit.projects().insiders_of_all(&[project], &[a, b]).await.unwrap();
            insiders.sort();
            let mut of_pairs: Vec<_> = pairs.into_iter().map(|(_, user)| user).collect();
            of_pairs.sort();
            assert_eq!(insiders, of_pairs);
            insiders
        };
        let mut everybody = vec![a, b];
        everybody.sort();
        assert_eq!(both().await, everybody);
        deactivate(fixture, "bob").await;
        assert_eq!(both().await, [a]);
        reactivate(fixture, "bob").await;
        assert_eq!(both().await, everybody, "with the role that they had");
    }
}

async fn owners_who_are_deactivated_do_not_count(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Owner).await;
    let (a, b) = (ada.viewer.user, bob.viewer.user);
    let counted = async || {
        let mut unit = fixture.unit(&ada).await;
        let owners = unit.members().owners().await.unwrap();
        assert_eq!(unit.members().count_owners().await.unwrap(), owners.len() as u64);
        (owners.len(), unit.members().other_owner(a).await.unwrap())
    };
    assert_eq!(counted().await, (2, Some(b)));
    deactivate(fixture, "bob").await;
    assert_eq!(counted().await, (1, None));
    reactivate(fixture, "bob").await;
    assert_eq!(counted().await, (2, Some(b)));
}

async fn of_two_owners_who_are_deactivated_at_once_one_stays(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    fixture.join(&ada, "bob", OrganizationRole::Owner).await;
    let refused = AppError::OnlyOwner { organizations: vec!["ada's organization".to_owned()] };
    for _ in 0..5 {
        let deactivate = |name: &str| {
            let (app, email) = (fixture.app.clone(), email(name));
            let operator = Actor::system(None, Origin::default());
            tokio::spawn(async move { app.execute(&operator, DeactivateUser { email }).await })
        };
        let (first, second) = (deactivate("ada"), deactivate("bob"));
        let outcomes = [first.await.unwrap(), second.await.unwrap()];
        let refusals = outcomes.iter().filter(|outcome| outcome.as_ref().err() == Some(&refused)).count();
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!((done, refusals), (1, 1), "{outcomes:?}");
        reactivate(fixture, if outcomes[0].is_ok() { "ada" } else { "bob" }).await;
    }
}

async fn members_are_listed_as_deactivated(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let max = fixture.join(&ada, "max", OrganizationRole::Guest).await;
    let mut unit = fixture.unit(&ada).await;
    let mut member = unit.members().find(max.viewer.user).await.unwrap().unwrap();
    member.suspend(1, fixture.now()).unwrap();
    unit.members().save(member).await.unwrap();
    unit.commit().await.unwrap();
    deactivate(fixture, "bob").await;
    deactivate(fixture, "max").await;
    let listed = async |statuses: &[MemberStatus]| {
        let filter = MemberFilter { statuses: statuses.to_vec(), ..MemberFilter::default() };
        let page = PageRequest { include_total: true, ..request(10, vec![]) };
        let found = fixture.queries.organizations.members(ada.viewer, &filter, &page).await.unwrap();
        assert_eq!(found.total, Some(found.items.len() as u64));
        let shown = |it: &tenon_application::organizations::MemberView| (it.user_id, it.status());
        let mut members: Vec<_> = found.items.iter().map(shown).collect();
        members.sort();
        members
    };
    let (a, b, m) = (ada.viewer.user, bob.viewer.user, max.viewer.user);
    let mut out = vec![(b, MemberStatus::Deactivated), (m, MemberStatus::Deactivated)];
    out.sort();
    assert_eq!(listed(&[MemberStatus::Active]).await, [(a, MemberStatus::Active)]);
    assert_eq!(listed(&[MemberStatus::Suspended]).await, [], "what is shown is what is found");
    assert_eq!(listed(&[MemberStatus::Deactivated]).await, out);
    assert_eq!(listed(MemberStatus::ALL).await.len(), 3);
    reactivate(fixture, "max").await;
    assert_eq!(listed(&[MemberStatus::Suspended]).await, [(m, MemberStatus::Suspended)]);
}
