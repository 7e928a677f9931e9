//! Which role people get by the groups that they are in.

use tenon_domain::CustomRoleId;
use tenon_domain::access::{Permission, RoleLevel};
use tenon_domain::organizations::{CustomRole, NewRole, RoleChoice, RoleName};

use super::*;
use crate::organizations::{ChangeMemberRole, CreateRole, UnsuspendMember};

fn new_role(name: &str, permissions: &[Permission]) -> NewRole {
    NewRole {
        level: RoleLevel::Organization,
        name: RoleName::parse(name).unwrap(),
        description: None,
        base: Some(OrganizationRole::Guest),
        permissions: permissions.iter().copied().collect(),
    }
}

async fn custom_role(stage: &Stage, name: &str, permissions: &[Permission]) -> CustomRoleId {
    let role = new_role(name, permissions);
    stage.scene.run(Person::Owner, CreateRole { role }).await.unwrap().id
}

/// Has Acme's provider give these roles to groups, besides that of the bosses.
fn give_by_groups<const N: usize>(stage: &Stage, roles: [(&str, CustomRoleId); N]) {
    let roles = roles.map(|(group, id)| (group.to_owned(), RoleChoice::Custom(id)));
    let bosses = ("bosses".to_owned(), RoleChoice::System(OrganizationRole::Admin));
    let mut data = stage.scene.store.data();
    data.identity_providers[0].1.settings.group_roles = GroupRoles::parse(roles.into_iter().chain([bosses])).unwrap();
}

#[tokio::test]
async fn the_role_follows_the_groups_but_for_owners() {
    let stage = Stage::new().await;
    stage.sign_in(claims("Grace", &["bosses"])).await;
    stage.sign_in(claims("Grace", &[])).await;
    assert_eq!(stage.role_of("grace@example.com"), Some(OrganizationRole::Member));
    stage.sign_in(claims("Owner", &[])).await;
    assert_eq!(stage.role_of("owner@example.com"), Some(OrganizationRole::Owner));
}

#[tokio::test]
async fn a_custom_role_gives_way_to_that_of_the_groups() {
    let stage = Stage::new().await;
    let custom = || {
        let data = stage.scene.store.data();
        let (_, member) = data.members.iter().find(|(_, it)| it.user_id == Person::Peer.id()).unwrap();
        member.custom_role.clone()
    };
    let role = Some(RoleChoice::Custom(custom_role(&stage, "Auditor", &[Permission::ViewAuditLog]).await));
    let give = ChangeMemberRole { user: Person::Peer.id(), role, expected_version: None };
    stage.scene.run(Person::Owner, give).await.unwrap();
    assert!(custom().is_some());
    stage.sign_in(claims("Peer", &[])).await;
    assert_eq!((custom(), stage.role_of("peer@example.com")), (None, Some(OrganizationRole::Member)));
}

#[tokio::test]
async fn groups_give_custom_roles_and_the_strongest_counts() {
    let stage = Stage::new().await;
    let auditor = custom_role(&stage, "Auditor", &[Permission::ViewAuditLog]).await;
    let reader = custom_role(&stage, "Reader", &[]).await;
    give_by_groups(&stage, [("auditors", auditor), ("readers", reader)]);
    let role = || {
        let data = stage.scene.store.data();
        let grace = data.users.iter().find(|it| it.email.as_str() == "grace@example.com").unwrap().id;
        let member = data.members.iter().find(|(_, it)| it.user_id == grace).unwrap().1.clone();
        (member.role, member.custom_role.map(|held| held.id))
    };
    let signed_in = stage.sign_in(claims("Grace", &["readers", "auditors", "others"])).await;
    assert_eq!(role(), (OrganizationRole::Guest, Some(auditor)));
    assert_eq!(signed_in.organization.custom_role.map(|held| held.id), Some(auditor));
    stage.scene.store.data().events.clear();
    stage.sign_in(claims("Grace", &["auditors"])).await;
    assert_eq!(stage.scene.told(), ["auth.signed_in"], "as it was");
    stage.sign_in(claims("Grace", &["readers"])).await;
    assert_eq!(role(), (OrganizationRole::Guest, Some(reader)));
    stage.sign_in(claims("Grace", &["auditors", "bosses"])).await;
    assert_eq!(role(), (OrganizationRole::Admin, None));
}

#[tokio::test]
async fn a_group_whose_custom_role_is_gone_lets_nobody_in() {
    let stage = Stage::new().await;
    let [gone, of_projects] = [CustomRoleId::new(Uuid::nil()), CustomRoleId::new(Uuid::from_u128(0xCC))];
    {
        let mut data = stage.scene.store.data();
        let role = NewRole { level: RoleLevel::Project, base: None, ..new_role("Tester", &[]) };
        data.custom_roles.push((Scene::ACME, CustomRole::create(of_projects, role, 0, at(0)).unwrap().into_parts().0));
    }
    give_by_groups(&stage, [("auditors", gone), ("testers", of_projects)]);
    let key = stage.of_acme();
    // Also not with the role of those who are in no group, which may permit more.
    for group in ["auditors", "testers"] {
        refused(&stage.visit(&key, claims("Grace", &[group])).await, SignInRefusal::NoRole);
        refused(&stage.visit(&key, claims("Peer", &[group])).await, SignInRefusal::NoRole);
    }
    stage.sign_in(claims("Grace", &["auditors", "bosses"])).await;
    assert_eq!(stage.role_of("grace@example.com"), Some(OrganizationRole::Admin), "another group counts");
    stage.sign_in(claims("Owner", &["auditors"])).await;
    assert_eq!(stage.role_of("owner@example.com"), Some(OrganizationRole::Owner), "no group says what an owner is");
}

#[tokio::test]
async fn without_groups_a_role_is_given_once() {
    let roles = GroupRoles::default();
    let stage = Stage::with(ProviderSettings { group_roles: roles, ..settings() }, None).await;
    stage.sign_in(claims("Admin", &[])).await;
    assert_eq!(stage.role_of("admin@example.com"), Some(OrganizationRole::Admin), "as it was");
}

#[tokio::test]
async fn who_is_in_no_group_is_not_let_in_where_that_is_wanted() {
    let stage = Stage::with(ProviderSettings { default_role: None, ..settings() }, None).await;
    let key = stage.of_acme();
    refused(&stage.visit(&key, claims("Grace", &["others"])).await, SignInRefusal::NoRole);
    refused(&stage.visit(&key, claims("Member", &[])).await, SignInRefusal::NoRole);
    assert_eq!(stage.role_of("grace@example.com"), None);
    let expected = ["auth.sign_in_failed", "organization.member_suspended", "auth.sign_in_failed"];
    assert_eq!(stage.scene.told(), expected);
}

#[tokio::test]
async fn who_is_in_no_group_any_more_loses_their_access_and_what_they_had_waits_for_them() {
    let stage = Stage::with(ProviderSettings { default_role: None, ..settings() }, None).await;
    let key = stage.of_acme();
    let grace = stage.sign_in(claims("Grace", &["bosses"])).await.user.id;
    let is_active = || {
        let data = stage.scene.store.data();
        data.members.iter().any(|(org, it)| *org == Scene::ACME && it.user_id == grace && it.is_active())
    };
    assert!(is_active());
    refused(&stage.visit(&key, claims("Grace", &[])).await, SignInRefusal::NoRole);
    assert!(!is_active());
    assert_eq!(stage.role_of("grace@example.com"), Some(OrganizationRole::Admin));
    // Groups alone do not bring them back: whoever suspended them, an administrator has the last word.
    refused(&stage.visit(&key, claims("Grace", &["bosses"])).await, SignInRefusal::Suspended);
    stage.scene.run(Person::Owner, UnsuspendMember { user: grace, expected_version: None }).await.unwrap();
    stage.sign_in(claims("Grace", &["bosses"])).await;
    assert!(is_active());
    // Owners are appointed here, and nobody's groups lock them out.
    assert_eq!(stage.sign_in(claims("Owner", &[])).await.organization.role, OrganizationRole::Owner);
}
