//! Custom roles in the stores: names, versions, who has one, and that nobody gets one that goes away.

use sea_orm::ConnectionTrait;
use tenon_application::organizations::{ChangeMemberRole, DeleteRole, MemberFilter};
use tenon_application::{AppError, StoreError};
use tenon_domain::access::{OrganizationRole, Permission, Permissions, RoleLevel};
use tenon_domain::identity::{DisplayName, User};
use tenon_domain::organizations::{
    CustomRole, CustomRoleState, Invitation, Member, NewRole, OrganizationError, RoleChanges, RoleChoice,
    RoleDescription, RoleName,
};

use super::fixture::{Fixture, Person, email};
use super::lists::{request, walk};
use super::on_every_database;

on_every_database! {
    a_role_comes_back_as_saved,
    roles_are_found_together,
    names_are_unique_at_each_level_whatever_their_case,
    a_member_has_what_their_role_says,
    programs_that_have_a_role_are_found,
    the_release_before_gives_system_roles,
    nobody_gets_a_role_that_goes_away,
    every_role_is_listed_once,
    roles_of_another_organization_cannot_be_reached,
}

fn set(permissions: &[Permission]) -> Permissions {
    permissions.iter().copied().collect()
}

fn new(name: &str) -> NewRole {
    NewRole {
        level: RoleLevel::Organization,
        name: RoleName::parse(name).unwrap(),
        description: RoleDescription::parse("Reads the audit trail").unwrap(),
        base: Some(OrganizationRole::Guest),
        permissions: set(&[Permission::ViewAuditLog]),
    }
}

fn for_projects(name: &str) -> NewRole {
    NewRole { level: RoleLevel::Project, base: None, permissions: Permissions::default(), ..new(name) }
}

async fn save(fixture: &Fixture, by: &Person, role: NewRole) -> Result<CustomRoleState, StoreError> {
    let role = CustomRole::create(fixture.id(), role, 0, fixture.now()).unwrap();
    let mut unit = fixture.unit(by).await;
    let saved = unit.custom_roles().save(role).await?;
    unit.commit().await?;
    Ok(saved)
}

fn renamed(role: &CustomRoleState, to: &str, fixture: &Fixture) -> CustomRole {
    let mut role = CustomRole::restore(role.clone());
    let changes = RoleChanges { name: Some(RoleName::parse(to).unwrap()), ..RoleChanges::default() };
    role.edit(changes, fixture.now()).unwrap();
    role
}

/// Gives the role to a member behind the application's back, so that no cache is told.
async fn give(fixture: &Fixture, owner: &Person, to: &Person, role: &CustomRoleState) {
    let mut unit = fixture.unit(owner).await;
    let mut member = unit.members().find(to.viewer.user).await.unwrap().unwrap();
    member.change_role(role.for_members().unwrap(), 1, fixture.now()).unwrap();
    let saved = unit.members().save(member).await.unwrap();
    assert_eq!(*unit.members().find(to.viewer.user).await.unwrap().unwrap().state(), saved);
    unit.commit().await.unwrap();
}

async fn a_role_comes_back_as_saved(fixture: &Fixture) {
    let owner = fixture.found("ada").await;
    for role in [new("Auditor"), for_projects("Tester")] {
        let saved = save(fixture, &owner, role).await.unwrap();
        assert_eq!(saved.version, 1);
        let found = fixture.queries.organizations.role(owner.viewer, saved.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(&saved));
        let mut unit = fixture.unit(&owner).await;
        assert_eq!(unit.custom_roles().name(saved.id).await.unwrap(), Some(saved.name.clone()));
        let renamed_to = renamed(&saved, "Other", fixture);
        let stored = unit.custom_roles().save(renamed_to.clone()).await.unwrap();
        assert_eq!((stored.version, stored.name.as_str()), (2, "Other"));
        assert_eq!(*unit.custom_roles().find(saved.id).await.unwrap().unwrap().state(), stored);
        assert_eq!(unit.custom_roles().save(renamed_to).await, Err(StoreError::Stale));
        assert_eq!(unit.custom_roles().remove(CustomRole::restore(saved.clone())).await, Err(StoreError::Stale));
        assert!(!unit.custom_roles().is_used(saved.id).await.unwrap());
        unit.custom_roles().remove(CustomRole::restore(stored)).await.unwrap();
        assert!(unit.custom_roles().find(saved.id).await.unwrap().is_none());
        unit.commit().await.unwrap();
    }
    assert_eq!(fixture.unit(&owner).await.custom_roles().count().await.unwrap(), 0);
}

async fn roles_are_found_together(fixture: &Fixture) {
    let owner = fixture.found("ada").await;
    let first = save(fixture, &owner, new("Auditor")).await.unwrap();
    let second = save(fixture, &owner, for_projects("Tester")).await.unwrap();
    save(fixture, &owner, new("Other")).await.unwrap();
    let mut unit = fixture.unit(&owner).await;
    let found = unit.custom_roles().find_all(&[second.id, fixture.id(), first.id, second.id]).await.unwrap();
    let found: Vec<_> = found.iter().map(CustomRole::state).collect();
    assert_eq!(found, [&first, &second], "in the order of their ids");
    assert!(unit.custom_roles().find_all(&[]).await.unwrap().is_empty());
}

async fn names_are_unique_at_each_level_whatever_their_case(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    save(fixture, &ada, new("\u{c9}tage")).await.unwrap();
    let again = save(fixture, &ada, new("\u{e9}TAGE")).await;
    assert!(matches!(again, Err(StoreError::Duplicate(_))), "{again:?}");
    save(fixture, &ada, for_projects("\u{e9}tage")).await.unwrap();
    save(fixture, &eve, new("\u{e9}tage")).await.unwrap();
    let other = save(fixture, &ada, new("Other")).await.unwrap();
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(unit.custom_roles().count().await.unwrap(), 3);
    let taken = unit.custom_roles().save(renamed(&other, "\u{c9}TAGE", fixture)).await;
    assert!(matches!(taken, Err(StoreError::Duplicate(_))), "{taken:?}");
}

async fn a_member_has_what_their_role_says(fixture: &Fixture) {
    let owner = fixture.found("ada").await;
    let (bob, max) = (
        fixture.join(&owner, "bob", OrganizationRole::Member).await,
        fixture.join(&owner, "max", OrganizationRole::Member).await,
    );
    let role = save(fixture, &owner, new("Auditor")).await.unwrap();
    give(fixture, &owner, &bob, &role).await;
    let (organization, user) = (owner.viewer.organization, bob.viewer.user);
    let access = role.for_members().unwrap().access();
    let (identity, organizations) = (&fixture.queries.identity, &fixture.queries.organizations);
    assert_eq!(identity.role(organization, user).await.unwrap(), Some(access));
    assert_eq!(identity.role(organization, max.viewer.user).await.unwrap(), Some(OrganizationRole::Member.into()));
    assert_eq!(identity.custom_role(organization, role.id).await.unwrap(), Some(role.permissions));
    assert_eq!(identity.custom_role(organization, fixture.id()).await.unwrap(), None);
    let mut unit = fixture.deployment().await;
    assert_eq!(unit.members().home_of(user).await.unwrap(), Some((organization, access)));
    assert_eq!(unit.members().role_in(user, organization).await.unwrap(), Some(access));
    drop(unit);
    let mut unit = fixture.unit(&owner).await;
    assert!(unit.custom_roles().is_used(role.id).await.unwrap());
    drop(unit);

    let held = role.for_members().unwrap().custom;
    let view = organizations.find(bob.viewer).await.unwrap().unwrap();
    assert_eq!((view.role, view.custom_role), (OrganizationRole::Guest, held.clone()));
    let filter = MemberFilter { custom_roles: vec![role.id], ..MemberFilter::default() };
    let members = organizations.members(owner.viewer, &filter, &request(10, vec![])).await.unwrap().items;
    assert_eq!(members.len(), 1);
    assert_eq!((members[0].user_id, members[0].custom_role.clone()), (user, held.clone()));
    let everybody =
        organizations.members(owner.viewer, &MemberFilter::default(), &request(10, vec![])).await.unwrap().items;
    assert_eq!(everybody.iter().filter(|member| member.custom_role.is_none()).count(), 2);

    let invited = role.for_members().unwrap();
    let invitation = Invitation::create(fixture.id(), email("new"), invited, owner.viewer.user, fixture.now());
    let mut unit = fixture.unit(&owner).await;
    let saved = unit.invitations().save(invitation).await.unwrap();
    assert_eq!(*unit.invitations().find(saved.id).await.unwrap().unwrap().state(), saved);
    unit.commit().await.unwrap();
    let view = organizations.invitation(owner.viewer, saved.id, fixture.now()).await.unwrap().unwrap();
    assert_eq!(view.custom_role, held);

    // What changes in the role changes for who has it.
    let mut edited = CustomRole::restore(role.clone());
    let changes = RoleChanges { permissions: Some(set(&[Permission::ViewMembers])), ..RoleChanges::default() };
    edited.edit(changes, fixture.now()).unwrap();
    let mut unit = fixture.unit(&owner).await;
    let edited = unit.custom_roles().save(edited).await.unwrap();
    assert_eq!(unit.members().find(user).await.unwrap().unwrap().state().access().permissions, edited.permissions);
    unit.commit().await.unwrap();
    assert_eq!(identity.role(organization, user).await.unwrap().unwrap().permissions, edited.permissions);
}

async fn programs_that_have_a_role_are_found(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let role = save(fixture, &ada, new("Auditor")).await.unwrap();
    give(fixture, &ada, &bob, &role).await;
    let mut unit = fixture.unit(&ada).await;
    assert!(!unit.custom_roles().is_held_by_service(role.id).await.unwrap(), "a person has it");
    let program = User::service(fixture.id(), DisplayName::parse("Importer").unwrap(), fixture.now());
    let id = program.state().id;
    unit.users().save(program).await.unwrap();
    let held = role.for_members().unwrap();
    let mut member = Member::join(id, "Importer".to_owned(), held, None, fixture.now());
    member.suspend(1, fixture.now()).unwrap();
    unit.members().save(member).await.unwrap();
    assert!(unit.custom_roles().is_held_by_service(role.id).await.unwrap(), "suspended or not");
    assert!(!unit.custom_roles().is_held_by_service(fixture.id()).await.unwrap());
    unit.commit().await.unwrap();
    assert!(!fixture.unit(&eve).await.custom_roles().is_held_by_service(role.id).await.unwrap());
}

/// It knows of no custom roles, and leaves them where they are.
async fn the_release_before_gives_system_roles(fixture: &Fixture) {
    let owner = fixture.found("ada").await;
    let bob = fixture.join(&owner, "bob", OrganizationRole::Member).await;
    let role = save(fixture, &owner, new("Auditor")).await.unwrap();
    give(fixture, &owner, &bob, &role).await;
    let promoted = "UPDATE members SET role = 'admin', version = version + 1 WHERE role = 'guest'";
    fixture.operator.execute_unprepared(promoted).await.unwrap();
    let (organization, user) = (owner.viewer.organization, bob.viewer.user);
    let access = fixture.queries.identity.role(organization, user).await.unwrap();
    assert_eq!(access, Some(OrganizationRole::Admin.into()));
    let mut unit = fixture.unit(&owner).await;
    assert_eq!(unit.members().find(user).await.unwrap().unwrap().state().custom_role, None);
    drop(unit);
}

async fn nobody_gets_a_role_that_goes_away(fixture: &Fixture) {
    let owner = fixture.found("ada").await;
    let bob = fixture.join(&owner, "bob", OrganizationRole::Member).await;
    let user = bob.viewer.user;
    for number in 0..10 {
        let role = save(fixture, &owner, new(&format!("Role {number}"))).await.unwrap();
        let (app, actor) = (fixture.app.clone(), owner.actor.clone());
        let choice = Some(RoleChoice::Custom(role.id));
        let give = ChangeMemberRole { user, role: choice, expected_version: None };
        let giving = tokio::spawn(async move { app.execute(&actor, give).await.map(drop) });
        let (app, actor) = (fixture.app.clone(), owner.actor.clone());
        let delete = DeleteRole { role: role.id, expected_version: None };
        let deleting = tokio::spawn(async move { app.execute(&actor, delete).await });
        let (given, deleted) = (giving.await.unwrap(), deleting.await.unwrap());
        let in_time = AppError::from(OrganizationError::RoleUnknown);
        let in_use = AppError::from(OrganizationError::RoleInUse);
        match (&given, &deleted) {
            (Ok(()), Err(refused)) => assert_eq!(*refused, in_use),
            (Err(refused), Ok(())) => assert_eq!(*refused, in_time),
            outcomes => panic!("{outcomes:?}"),
        }
        let mut unit = fixture.unit(&owner).await;
        let member = unit.members().find(user).await.unwrap().unwrap();
        assert_eq!(member.state().custom_role.as_ref().map(|held| held.id) == Some(role.id), given.is_ok());
    }
}

async fn every_role_is_listed_once(fixture: &Fixture) {
    let owner = fixture.found("ada").await;
    for number in 0..7 {
        let name = format!("Role {number}");
        let role = if number % 2 == 0 { new(&name) } else { for_projects(&name) };
        save(fixture, &owner, role).await.unwrap();
    }
    let queries = &fixture.queries.organizations;
    let listed = walk(request(3, vec![]), |request| async move { queries.roles(owner.viewer, &[], &request).await });
    let listed = listed.await;
    assert_eq!(listed.len(), 7);
    assert!(listed.is_sorted_by_key(|role| role.id), "in the order in which they were made");
    let mut counted = request(2, vec![]);
    counted.include_total = true;
    let some = queries.roles(owner.viewer, &[RoleLevel::Project], &counted).await.unwrap();
    assert_eq!((some.items.len(), some.total), (2, Some(3)));
    assert!(some.items.iter().all(|role| role.level == RoleLevel::Project));
}

async fn roles_of_another_organization_cannot_be_reached(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    let role = save(fixture, &ada, new("Auditor")).await.unwrap();
    let queries = &fixture.queries;
    assert_eq!(queries.organizations.role(eve.viewer, role.id).await.unwrap(), None);
    assert_eq!(queries.organizations.roles(eve.viewer, &[], &request(10, vec![])).await.unwrap().items, []);
    assert_eq!(queries.identity.custom_role(eve.viewer.organization, role.id).await.unwrap(), None);
    let mut unit = fixture.unit(&eve).await;
    assert!(unit.custom_roles().find(role.id).await.unwrap().is_none());
    assert!(unit.custom_roles().find_all(&[role.id]).await.unwrap().is_empty());
    assert_eq!(unit.custom_roles().name(role.id).await.unwrap(), None);
    assert_eq!(unit.custom_roles().save(renamed(&role, "Taken", fixture)).await, Err(StoreError::Stale));
    assert_eq!(unit.custom_roles().remove(CustomRole::restore(role.clone())).await, Err(StoreError::Stale));
    assert_eq!(unit.custom_roles().count().await.unwrap(), 0);
    drop(unit);

    // Were somebody given it all the same, it would permit nothing there.
    let user = fixture.user("max");
    let max = user.state().id;
    let mut unit = fixture.unit(&eve).await;
    unit.users().save(user).await.unwrap();
    let theirs = role.for_members().unwrap();
    unit.members().save(Member::join(max, "max".into(), theirs, None, fixture.now())).await.unwrap();
    unit.commit().await.unwrap();
    let access = queries.identity.role(eve.viewer.organization, max).await.unwrap().unwrap();
    assert!(access.permissions.is_empty());
}
