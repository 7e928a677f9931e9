//! Nobody gives more than they have, nor acts on who has more.

use tenon_domain::access::{OrganizationAccess, ProjectRole, Scope};
use tenon_domain::identity::{DisplayName, Email, TokenName};
use tenon_domain::organizations::DomainName;
use tenon_domain::projects::GivenRole;

use super::super::accepting::{accept, find_addresses};
use super::*;
use crate::identity::{RevokeOrganizationToken, TokenInput};
use crate::in_memory::{domain_service, sign_in_service};

/// With everything that managing people takes.
const MANAGER: &[Permission] = &[
    Permission::ViewOrganization,
    Permission::ViewMembers,
    Permission::CreateProject,
    Permission::ManageMembers,
    Permission::ManageInvitations,
    Permission::ManageTokens,
    Permission::ManageRoles,
];

fn invite(role: impl Into<RoleChoice>) -> CreateInvitation {
    CreateInvitation { email: Email::parse("new@example.com").unwrap(), role: role.into() }
}

fn change(who: Person, role: impl Into<RoleChoice>) -> ChangeMemberRole {
    ChangeMemberRole { user: who.id(), role: Some(role.into()), expected_version: None }
}

/// System roles, and custom ones with every permission alone, with some, and with all that there can be.
fn accesses() -> Vec<OrganizationAccess> {
    let mut found: Vec<_> = OrganizationRole::ALL.iter().map(|role| OrganizationAccess::from(*role)).collect();
    let alone = OrganizationRole::Admin.grants().iter().map(|it| set(&[Permission::ViewOrganization, *it]));
    let several = [set(MANAGER), OrganizationRole::Admin.permissions(), OrganizationRole::Member.permissions()];
    for permissions in alone.chain(several) {
        for role in [OrganizationRole::Member, OrganizationRole::Guest] {
            found.push(OrganizationAccess { role, custom_role: None, permissions });
        }
    }
    found
}

/// Lets somebody have exactly this, by a system role if that is it.
fn having(scene: &Scene, who: Person, access: OrganizationAccess) -> Actor {
    if access == OrganizationAccess::from(access.role) {
        let mut data = scene.store.data();
        data.members.iter_mut().find(|(_, it)| it.user_id == who.id()).unwrap().1.role = access.role;
        return Actor::user(Viewer::new(who.id(), Scene::ACME, access), who.session(), Origin::default());
    }
    holding(scene, who, access.role, access.permissions)
}

/// The role that gives this.
fn choice(scene: &Scene, who: Person, access: OrganizationAccess) -> RoleChoice {
    let data = scene.store.data();
    let (_, member) = data.members.iter().find(|(_, it)| it.user_id == who.id()).unwrap();
    member.custom_role.as_ref().map_or(RoleChoice::System(access.role), |held| RoleChoice::Custom(held.id))
}

#[tokio::test]
async fn whatever_one_has_nobody_is_made_stronger_than_oneself_nor_touched_who_is() {
    let all = accesses();
    for actor in &all {
        for other in &all {
            let scene = Scene::new();
            let acting = having(&scene, Person::Admin, *actor);
            having(&scene, Person::Peer, *other);
            let role = choice(&scene, Person::Peer, *other);
            let covers = actor.reach().contain_all(other.reach());
            let check = |is_permitted: bool, outcome: Result<(), AppError>, what: &str| {
                assert_eq!(outcome.is_ok(), is_permitted && covers, "{what}: {actor:?} {other:?} {outcome:?}");
                assert!(matches!(outcome, Ok(()) | Err(AppError::Forbidden(_))), "{what}: {outcome:?}");
            };
            let (may_manage, may_invite) =
                (actor.allows(Permission::ManageMembers), actor.allows(Permission::ManageInvitations));
            let app = &scene.app;
            check(may_invite, app.execute(&acting, invite(role)).await.map(drop), "inviting");
            let give = change(Person::Member, role);
            if actor.reach().contain_all(OrganizationAccess::from(OrganizationRole::Member).reach()) {
                check(may_manage, app.execute(&acting, give).await.map(drop), "giving");
            }
            let demote = change(Person::Peer, OrganizationRole::Guest);
            if actor.reach().contain_all(OrganizationAccess::from(OrganizationRole::Guest).reach()) {
                check(may_manage, app.execute(&acting, demote).await.map(drop), "demoting");
                having(&scene, Person::Peer, *other);
            }
            let peer = Person::Peer.id();
            let suspend = SuspendMember { user: peer, expected_version: None };
            check(may_manage, app.execute(&acting, suspend).await.map(drop), "suspending");
            let unsuspend = UnsuspendMember { user: peer, expected_version: None };
            check(may_manage, app.execute(&acting, unsuspend).await.map(drop), "unsuspending");
            let remove = RemoveMember { user: peer, expected_version: None };
            check(may_manage, app.execute(&acting, remove).await, "removing");
        }
    }
}

#[tokio::test]
async fn a_manager_by_a_custom_role_makes_no_admins_and_touches_none() {
    let scene = Scene::new();
    let manager = holding(&scene, Person::Peer, OrganizationRole::Member, set(MANAGER));
    let app = &scene.app;
    let promote = change(Person::Peer, OrganizationRole::Admin);
    assert_eq!(app.execute(&manager, promote).await, refused(Permission::EditOrganization));
    let demote = change(Person::Admin, OrganizationRole::Guest);
    assert_eq!(app.execute(&manager, demote).await, refused(Permission::EditOrganization));
    let strong = invite(OrganizationRole::Admin);
    assert_eq!(app.execute(&manager, strong).await, refused(Permission::EditOrganization));
    let remove = RemoveMember { user: Person::Admin.id(), expected_version: None };
    assert_eq!(app.execute(&manager, remove).await, refused(Permission::EditOrganization));
    let admin = Person::Admin.id();
    let suspend = SuspendMember { user: admin, expected_version: None };
    assert_eq!(app.execute(&manager, suspend).await, refused(Permission::EditOrganization));
    scene.set_suspended(Person::Admin, Some(at(5)));
    let unsuspend = UnsuspendMember { user: admin, expected_version: None };
    assert_eq!(app.execute(&manager, unsuspend).await, refused(Permission::EditOrganization));
    assert!(app.execute(&manager, change(Person::Member, OrganizationRole::Guest)).await.is_ok());
    assert!(app.execute(&manager, invite(OrganizationRole::Member)).await.is_ok());
    let leave = RemoveMember { user: Person::Peer.id(), expected_version: None };
    assert_eq!(app.execute(&manager, leave).await, Ok(()), "everybody may leave");
}

#[tokio::test]
async fn roles_are_made_changed_and_deleted_by_who_has_all_of_them() {
    let scene = Scene::new();
    let auditor = make(&scene, new("Auditor", &[Permission::ViewAuditLog])).await.id;
    let maker = holding(&scene, Person::Peer, OrganizationRole::Member, set(MANAGER));
    let app = &scene.app;
    let spy = CreateRole { role: new("Spy", &[Permission::ViewAuditLog]) };
    assert_eq!(app.execute(&maker, spy).await, refused(Permission::ViewAuditLog));
    assert_eq!(
        app.execute(&maker, edit(auditor, &[])).await,
        refused(Permission::ViewAuditLog),
        "not even to weaken it"
    );
    assert_eq!(app.execute(&maker, delete(auditor)).await, refused(Permission::ViewAuditLog));
    let own = CustomRoleId::new(Uuid::from_u128(0xCC00 + Person::Peer as u128));
    assert_eq!(
        app.execute(&maker, edit(own, &[Permission::ViewAuditLog])).await,
        refused(Permission::ViewAuditLog),
        "nor one's own"
    );
    let deleter = CreateRole { role: for_projects("Deleter", &[Permission::DeleteProject]) };
    assert_eq!(app.execute(&maker, deleter).await, refused(Permission::DeleteProject));
    let tester = CreateRole { role: for_projects("Tester", &[Permission::EditTask]) };
    assert!(app.execute(&maker, tester).await.is_ok());
    assert!(app.execute(&maker, CreateRole { role: new("Helper", MANAGER) }).await.is_ok());
}

#[tokio::test]
async fn an_invitation_is_worth_what_who_made_it_is_worth_when_it_is_accepted() {
    let mut scene = Scene::new();
    let role = make(&scene, new("Auditor", &[Permission::ViewAuditLog])).await.id;
    let invitation = scene.run(Person::Admin, invite(RoleChoice::Custom(role))).await.unwrap().id;
    let weaker = set(&[Permission::ViewOrganization, Permission::ManageInvitations]);
    holding(&scene, Person::Admin, OrganizationRole::Member, weaker);
    find_addresses(&mut scene);
    let joined = accept(&scene, &invitation.to_string(), Some("Nora"), Some("long enough")).await;
    assert_eq!(joined.map(drop), broken(OrganizationError::InvitationRevoked));
}

#[tokio::test]
async fn a_domain_lets_nobody_have_more_than_who_opens_it() {
    let scene = Scene::new();
    let (domains, records) = domain_service(&scene);
    let claimed = domains.claim(&Person::Admin.actor(), DomainName::parse("example.com").unwrap()).await.unwrap();
    records.say(&claimed.record_name, &[&claimed.record_value]);
    domains.verify(&Person::Admin.actor(), claimed.id, None).await.unwrap();
    let keeper = set(&[Permission::ViewOrganization, Permission::ManageDomains]);
    let keeper = holding(&scene, Person::Peer, OrganizationRole::Guest, keeper);
    let open = |role| EditDomain { domain: claimed.id, auto_join_role: Some(Some(role)), expected_version: None };
    let strong = scene.app.execute(&keeper, open(OrganizationRole::Member)).await;
    assert_eq!(strong, refused(Permission::ViewMembers));
    assert!(scene.app.execute(&keeper, open(OrganizationRole::Guest)).await.is_ok());
}

#[tokio::test]
async fn the_tokens_of_the_stronger_are_theirs_to_revoke() {
    let scene = Scene::new().with_sessions();
    let (accounts, _) = sign_in_service(&scene);
    let input = || TokenInput {
        name: TokenName::parse("Import").unwrap(),
        scopes: [Scope::TasksRead].into_iter().collect(),
        expires_at: None,
    };
    let strong = accounts.create_token(&Person::Admin.actor(), input()).await.unwrap().token.id;
    let equal = accounts.create_token(&Person::Member.actor(), input()).await.unwrap().token.id;
    let manager = holding(&scene, Person::Peer, OrganizationRole::Member, set(MANAGER));
    let revoke = |token| RevokeOrganizationToken { token, expected_version: None };
    assert_eq!(scene.app.execute(&manager, revoke(strong)).await, refused(Permission::EditOrganization));
    assert_eq!(scene.app.execute(&manager, revoke(equal)).await, Ok(()));
}

#[tokio::test]
async fn a_role_that_is_used_in_projects_does_not_get_stronger_there() {
    let scene = Scene::new();
    let role = make(&scene, for_projects("Tester", &[Permission::EditTask])).await.id;
    let project = scene.private_project(1, "SEC", &[(Person::Member, ProjectRole::Manager)]);
    let team = scene.add_team(1, &[Person::Admin], &[]);
    let stronger = || edit(role, &[Permission::EditTask, Permission::EditProject]);
    scene.store.data().roles.push((project, Person::Admin.id(), GivenRole::Custom(role)));
    assert_eq!(scene.run(Person::Admin, stronger()).await, broken(OrganizationError::RoleInUse), "not even by oneself");
    assert!(scene.run(Person::Admin, edit(role, &[])).await.is_ok(), "weaker");
    scene.store.data().roles.clear();
    scene.store.data().team_roles.push((project, team, GivenRole::Custom(role)));
    assert_eq!(scene.run(Person::Owner, stronger()).await, broken(OrganizationError::RoleInUse));
    scene.store.data().team_roles.clear();
    assert!(scene.run(Person::Admin, stronger()).await.is_ok());
}

#[tokio::test]
async fn what_programs_have_exceeds_what_members_may_by_the_will_of_owners_only() {
    let scene = Scene::new();
    let role = make(&scene, new("Modest", &[Permission::ViewMembers])).await.id;
    let name = DisplayName::parse("Importer").unwrap();
    scene.run(Person::Admin, CreateServiceAccount { name, role: RoleChoice::Custom(role) }).await.unwrap();
    let wider = || edit(role, &[Permission::ViewMembers, Permission::ViewAuditLog]);
    assert_eq!(scene.run(Person::Admin, wider()).await, refused(Permission::ManageOwners));
    assert!(scene.run(Person::Admin, edit(role, &[Permission::CreateProject])).await.is_ok(), "members may that");
    assert!(scene.run(Person::Owner, wider()).await.is_ok());
    assert!(scene.run(Person::Admin, edit(role, &[Permission::ViewAuditLog])).await.is_ok(), "it gets weaker");
}

#[tokio::test]
async fn who_manages_members_by_a_custom_role_gets_into_no_private_project_by_it() {
    let scene = Scene::new();
    let name = DisplayName::parse("Importer").unwrap();
    let create = CreateServiceAccount { name, role: OrganizationRole::Member.into() };
    let account = scene.run(Person::Admin, create).await.unwrap().id;
    let managers = [(Person::Member, ProjectRole::Manager)];
    let projects = [scene.private_project(1, "ONE", &managers), scene.private_project(2, "TWO", &[])];
    scene.store.data().roles.push((projects[1], account, ProjectRole::Manager.into()));
    let manager = holding(&scene, Person::Peer, OrganizationRole::Member, set(MANAGER));
    let remove = RemoveMember { user: Person::Member.id(), expected_version: None };
    scene.app.execute(&manager, remove).await.unwrap();
    scene.app.execute(&manager, DeleteServiceAccount { account, expected_version: None }).await.unwrap();
    let inherited = projects.map(|project| (project, Person::Owner.id(), GivenRole::from(ProjectRole::Manager)));
    assert_eq!(scene.store.data().roles, inherited);
    assert_eq!(scene.store.data().exclusions, [(Scene::ACME, Person::Member.id())], "programs join nothing");
}
