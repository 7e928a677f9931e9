use std::time::Duration;

use tenon_application::organizations::{ChangeMemberRole, MemberFilter, OrganizationView};
use tenon_application::{AppError, StoreError};
use tenon_domain::access::{OrganizationAccess, OrganizationRole, Permission};
use tenon_domain::identity::{Client, Session, TokenHash};
use tenon_domain::organizations::{Invitation, InvitationStatus, Member, Organization, OrganizationName};

use super::fixture::{Fixture, Person, email};
use super::lists::{request, walk};
use super::on_every_database;

on_every_database! {
    an_organization_comes_back_as_saved,
    a_member_comes_back_as_saved,
    the_last_owner_stays_under_concurrency,
    an_invitation_comes_back_as_saved_and_is_used_up_once,
    users_return_to_where_they_were_last,
    every_member_is_listed_once,
    every_invitation_and_organization_is_listed_once,
    invitations_are_listed_by_what_became_of_them,
}

fn everybody() -> MemberFilter {
    MemberFilter::default()
}

fn name(text: &str) -> OrganizationName {
    OrganizationName::parse(text).unwrap()
}

async fn an_organization_comes_back_as_saved(fixture: &Fixture) {
    let mut unit = fixture.deployment().await;
    assert!(!unit.organizations().any_exists().await.unwrap());
    assert!(matches!(unit.organizations().current().await, Err(StoreError::Broken(_))), "not bound to any yet");
    let organization = Organization::create(fixture.id(), name("Acme"), fixture.now());
    let saved = unit.organizations().save(organization).await.unwrap();
    assert_eq!(saved.version, 1);
    let found = unit.organizations().current().await.unwrap().expect("saving binds the unit of work");
    assert_eq!(*found.state(), saved);
    assert!(unit.organizations().any_exists().await.unwrap());
    unit.commit().await.unwrap();
    assert!(fixture.database.has_organization(saved.id).await.unwrap());
    assert!(!fixture.database.has_organization(fixture.id()).await.unwrap());
    let events = super::outbox::claim_all(fixture).await;
    assert_eq!(events[0].record.organization(), Some(saved.id), "its own events belong to it");

    let owner = fixture.found("ada").await;
    let mut unit = fixture.unit(&owner).await;
    let mut first = unit.organizations().current().await.unwrap().unwrap();
    let mut second = unit.organizations().current().await.unwrap().unwrap();
    first.rename(name("First"), fixture.now());
    second.rename(name("Second"), fixture.now());
    let renamed = unit.organizations().save(first).await.unwrap();
    assert_eq!(renamed.version, 2);
    assert_eq!(unit.organizations().save(second).await, Err(StoreError::Stale));
    unit.commit().await.unwrap();
    let view = fixture.queries.organizations.find(owner.viewer).await.unwrap();
    assert_eq!(view, Some(OrganizationView::new(renamed, OrganizationRole::Owner)));
}

async fn a_member_comes_back_as_saved(fixture: &Fixture) {
    let owner = fixture.found("ada").await;
    let bob = fixture.join(&owner, "bob", OrganizationRole::Member).await;
    let mut unit = fixture.unit(&owner).await;
    let mut member = unit.members().find(bob.viewer.user).await.unwrap().unwrap();
    assert_eq!((member.state().display_name.as_str(), member.state().version), ("bob", 1));
    let mut earlier = member.clone();
    fixture.clock.advance(Duration::from_millis(1));
    member.change_role(OrganizationRole::Guest, 1, fixture.now()).unwrap();
    let saved = unit.members().save(member).await.unwrap();
    assert_eq!(*unit.members().find(bob.viewer.user).await.unwrap().unwrap().state(), saved);
    earlier.change_role(OrganizationRole::Admin, 1, fixture.now()).unwrap();
    assert_eq!(unit.members().save(earlier.clone()).await, Err(StoreError::Stale));
    assert_eq!(unit.members().remove(earlier).await, Err(StoreError::Stale));
    unit.commit().await.unwrap();

    let (organization, user) = (owner.viewer.organization, bob.viewer.user);
    assert_eq!(fixture.queries.identity.role(organization, user).await.unwrap(), Some(OrganizationRole::Guest.into()));
    let mut unit = fixture.unit(&owner).await;
    let again = Member::join(user, "bob".into(), OrganizationRole::Member, None, fixture.now());
    assert!(matches!(unit.members().save(again).await, Err(StoreError::Duplicate(_))));
    drop(unit);

    let mut unit = fixture.unit(&owner).await;
    assert!(unit.members().has_address(&email("bob")).await.unwrap());
    let member = unit.members().find(user).await.unwrap().unwrap();
    unit.members().remove(member).await.unwrap();
    assert!(unit.members().find(user).await.unwrap().is_none());
    assert!(!unit.members().has_address(&email("bob")).await.unwrap());
    assert_eq!(unit.members().role_in(user, organization).await.unwrap(), None);
    unit.commit().await.unwrap();
    assert_eq!(fixture.queries.identity.role(organization, user).await.unwrap(), None);
}

async fn the_last_owner_stays_under_concurrency(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Owner).await;
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(unit.members().count_owners().await.unwrap(), 2);
    assert_eq!(unit.members().other_owner(ada.viewer.user).await.unwrap(), Some(bob.viewer.user));
    assert_eq!(unit.members().other_owner(bob.viewer.user).await.unwrap(), Some(ada.viewer.user));
    drop(unit);
    for _ in 0..5 {
        let demote = |by: &Person, whom: &Person| {
            let (app, actor, user) = (fixture.app.clone(), by.actor.clone(), whom.viewer.user);
            let role = Some(OrganizationRole::Admin.into());
            tokio::spawn(
                async move { app.execute(&actor, ChangeMemberRole { user, role, expected_version: None }).await },
            )
        };
        let (first, second) = (demote(&ada, &bob), demote(&bob, &ada));
        let outcomes = [first.await.unwrap(), second.await.unwrap()];
        let refused = AppError::Forbidden(Permission::ManageOwners);
        let refusals = outcomes.iter().filter(|outcome| outcome.as_ref().err() == Some(&refused)).count();
        let demotions = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!((demotions, refusals), (1, 1), "{outcomes:?}");
        let mut unit = fixture.unit(&ada).await;
        assert_eq!(unit.members().count_owners().await.unwrap(), 1);
        for person in [&ada, &bob] {
            let mut member = unit.members().find(person.viewer.user).await.unwrap().unwrap();
            member.change_role(OrganizationRole::Owner, 2, fixture.now()).unwrap();
            unit.members().save(member).await.unwrap();
        }
        unit.commit().await.unwrap();
    }
}

async fn an_invitation_comes_back_as_saved_and_is_used_up_once(fixture: &Fixture) {
    let owner = fixture.found("ada").await;
    let id = fixture.id();
    let mut unit = fixture.unit(&owner).await;
    let invitation = Invitation::create(id, email("bob"), OrganizationRole::Admin, owner.viewer.user, fixture.now());
    let saved = unit.invitations().save(invitation).await.unwrap();
    unit.commit().await.unwrap();

    let mut unit = fixture.unit(&owner).await;
    let found = unit.invitations().find(id).await.unwrap().unwrap();
    assert_eq!(*found.state(), saved);
    assert_eq!(unit.invitations().organization_of(id).await.unwrap(), Some(owner.viewer.organization));
    assert_eq!(unit.invitations().organization_of(fixture.id()).await.unwrap(), None);
    assert!(unit.invitations().pending_for(&email("bob"), fixture.now()).await.unwrap());
    assert!(!unit.invitations().pending_for(&email("bob"), saved.expires_at).await.unwrap(), "expired by then");
    assert!(!unit.invitations().pending_for(&email("eve"), fixture.now()).await.unwrap());
    let (mut accepted, mut revoked) = (found.clone(), found);
    accepted.accept(fixture.now()).unwrap();
    revoked.revoke(fixture.now()).unwrap();
    let saved = unit.invitations().save(accepted.clone()).await.unwrap();
    assert_eq!(unit.invitations().save(accepted).await, Err(StoreError::Stale));
    assert_eq!(unit.invitations().save(revoked).await, Err(StoreError::Stale));
    assert_eq!(*unit.invitations().find(id).await.unwrap().unwrap().state(), saved);
    assert!(!unit.invitations().pending_for(&email("bob"), fixture.now()).await.unwrap());
    unit.commit().await.unwrap();
    assert_eq!(fixture.queries.organizations.invited_address(id).await.unwrap(), Some(email("bob")));
    assert_eq!(fixture.queries.organizations.invited_address(fixture.id()).await.unwrap(), None);
}

async fn users_return_to_where_they_were_last(fixture: &Fixture) {
    let (ada, bob, eve) = (fixture.found("ada").await, fixture.found("bob").await, fixture.found("eve").await);
    let user = fixture.user("max");
    let max = user.state().id;
    let mut unit = fixture.deployment().await;
    unit.users().save(user).await.unwrap();
    assert_eq!(unit.members().home_of(max).await.unwrap(), None);
    unit.commit().await.unwrap();
    for (host, role) in [(&ada, OrganizationRole::Member), (&bob, OrganizationRole::Guest)] {
        fixture.clock.advance(Duration::from_secs(1));
        let mut unit = fixture.unit(host).await;
        unit.members().save(Member::join(max, "max".into(), role, None, fixture.now())).await.unwrap();
        unit.commit().await.unwrap();
    }
    let home = || async { fixture.deployment().await.members().home_of(max).await.unwrap() };
    let at = |host: &Person, role: OrganizationRole| Some((host.viewer.organization, OrganizationAccess::from(role)));
    assert_eq!(home().await, at(&ada, OrganizationRole::Member), "joined first");

    // Sessions in an organization that the user is no longer in do not count.
    for host in [&ada, &bob, &eve] {
        fixture.clock.advance(Duration::from_secs(1));
        let hash = TokenHash::new("x".into());
        let organization = host.viewer.organization;
        let session = Session::start(fixture.id(), max, organization, hash, Client::default(), fixture.now());
        let mut unit = fixture.unit(host).await;
        unit.sessions().save(session).await.unwrap();
        unit.commit().await.unwrap();
    }
    assert_eq!(home().await, at(&bob, OrganizationRole::Guest), "used last");
}

async fn every_member_is_listed_once(fixture: &Fixture) {
    let owner = fixture.found("ada").await;
    for number in 0..9 {
        // Several join in the same millisecond.
        if number % 3 == 0 {
            fixture.clock.advance(Duration::from_millis(1));
        }
        let role = if number % 2 == 0 { OrganizationRole::Member } else { OrganizationRole::Guest };
        fixture.join(&owner, &format!("member{number}"), role).await;
    }
    let queries = &fixture.queries.organizations;
    for limit in [1, 3, 4, 100] {
        let listed = walk(request(limit, vec![]), |request| async move {
            queries.members(owner.viewer, &everybody(), &request).await
        })
        .await;
        assert_eq!(listed.len(), 10);
        let order: Vec<_> = listed.iter().map(|member| (member.joined_at, member.user_id)).collect();
        assert!(order.is_sorted(), "{order:?}");
        assert_eq!(listed[0].email, "ada@example.com");
    }
    // Who joins in between appears at the end.
    let (mut listed, mut joined) = (Vec::new(), 0);
    let mut page_request = request(4, vec![]);
    loop {
        let page = queries.members(owner.viewer, &everybody(), &page_request).await.unwrap();
        listed.extend(page.items.into_iter().map(|member| member.user_id));
        let Some(next) = page.next else { break };
        page_request.after = Some(next);
        if joined < 3 {
            fixture.clock.advance(Duration::from_millis(1));
            fixture.join(&owner, &format!("late{joined}"), OrganizationRole::Member).await;
            joined += 1;
        }
    }
    listed.sort_unstable();
    listed.dedup();
    assert_eq!(listed.len(), 10 + joined);

    let mut filtered = request(2, vec![]);
    filtered.include_total = true;
    let only_guests = MemberFilter { roles: vec![OrganizationRole::Guest], ..everybody() };
    let guests = queries.members(owner.viewer, &only_guests, &filtered).await.unwrap();
    assert_eq!((guests.items.len(), guests.total), (2, Some(4)));
    assert!(guests.items.iter().all(|member| member.role == OrganizationRole::Guest));
}

async fn every_invitation_and_organization_is_listed_once(fixture: &Fixture) {
    let owner = fixture.found("ada").await;
    for number in 0..7 {
        let mut unit = fixture.unit(&owner).await;
        let invitation = Invitation::create(
            fixture.id(),
            email(&format!("guest{number}")),
            OrganizationRole::Guest,
            owner.viewer.user,
            fixture.now(),
        );
        unit.invitations().save(invitation).await.unwrap();
        unit.commit().await.unwrap();
        let other = fixture.found(&format!("host{number}")).await;
        let mut unit = fixture.unit(&other).await;
        let member = Member::join(owner.viewer.user, "ada".into(), OrganizationRole::Guest, None, fixture.now());
        unit.members().save(member).await.unwrap();
        unit.commit().await.unwrap();
    }
    let (queries, now) = (&fixture.queries.organizations, fixture.now());
    let invitations =
        walk(request(2, vec![]), |request| async move { queries.invitations(owner.viewer, &[], now, &request).await })
            .await;
    assert_eq!(invitations.len(), 7);
    assert!(invitations.iter().rev().is_sorted_by_key(|invitation| invitation.id), "newest first");

    let organizations =
        walk(request(3, vec![]), |request| async move { queries.list(owner.viewer.user, &request).await }).await;
    assert_eq!(organizations.len(), 8);
    assert!(organizations.is_sorted_by_key(|organization| organization.id));
    for organization in &organizations {
        let found = queries.find_of(owner.viewer.user, organization.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(organization));
    }
    let elsewhere = fixture.found("eve").await;
    assert_eq!(queries.find_of(owner.viewer.user, elsewhere.viewer.organization).await.unwrap(), None);
    let role_in = |organization: &OrganizationView| {
        if organization.id == owner.viewer.organization { OrganizationRole::Owner } else { OrganizationRole::Guest }
    };
    assert!(organizations.iter().all(|organization| organization.role == role_in(organization)));
    let mut counted = request(1, vec![]);
    counted.include_total = true;
    assert_eq!(queries.list(owner.viewer.user, &counted).await.unwrap().total, Some(8));
    assert_eq!(queries.invitations(owner.viewer, &[], now, &counted.clone()).await.unwrap().total, Some(7));
}

async fn invitations_are_listed_by_what_became_of_them(fixture: &Fixture) {
    let owner = fixture.found("ada").await;
    // Two of each. Those that expire are the oldest.
    for number in 0..8 {
        if number == 2 {
            fixture.clock.advance(Duration::from_secs(8 * 24 * 60 * 60));
        }
        let (id, address) = (fixture.id(), email(&format!("guest{number}")));
        let mut unit = fixture.unit(&owner).await;
        let new = Invitation::create(id, address, OrganizationRole::Guest, owner.viewer.user, fixture.now());
        unit.invitations().save(new).await.unwrap();
        let mut invitation = unit.invitations().find(id).await.unwrap().unwrap();
        match number {
            2 | 3 => invitation.accept(fixture.now()).unwrap(),
            4 | 5 => invitation.revoke(fixture.now()).unwrap(),
            _ => {}
        }
        if matches!(number, 2..=5) {
            unit.invitations().save(invitation).await.unwrap();
        }
        unit.commit().await.unwrap();
    }
    let (queries, now) = (&fixture.queries.organizations, fixture.now());
    for status in InvitationStatus::ALL {
        let of_it = [*status];
        let statuses = &of_it;
        let found = walk(request(1, vec![]), |request| async move {
            queries.invitations(owner.viewer, statuses, now, &request).await
        })
        .await;
        assert_eq!(found.len(), 2, "{status:?}");
        assert!(found.iter().all(|invitation| invitation.status == *status), "{status:?}");
    }
    let ended = [InvitationStatus::Revoked, InvitationStatus::Expired];
    let mut counted = request(3, vec![]);
    counted.include_total = true;
    let page = queries.invitations(owner.viewer, &ended, now, &counted).await.unwrap();
    assert_eq!((page.items.len(), page.total), (3, Some(4)));
}
