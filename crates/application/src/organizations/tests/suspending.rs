use std::sync::Arc;

use tenon_domain::access::{OrganizationRole, ProjectRole};
use tenon_domain::identity::{IdentityFact, Password, SignInFailure};
use tenon_domain::organizations::{MemberStatus, OrganizationError};
use tenon_domain::projects::ProjectError;
use tenon_domain::tasks::{Assignees, TaskError};
use tenon_domain::{Fact, Timestamp};

use super::*;
use crate::actor::{Actor, Denial, Origin};
use crate::identity::{Accounts, SignedIn};
use crate::in_memory::{Person, Scene, at, sign_in_service};
use crate::projects::{ProjectRef, SetProjectMember};
use crate::tasks::{EditTask, TaskFields, TaskRef};

fn suspend(who: Person) -> SuspendMember {
    SuspendMember { user: who.id(), expected_version: None }
}

fn unsuspend(who: Person) -> UnsuspendMember {
    UnsuspendMember { user: who.id(), expected_version: None }
}

/// Makes the admin a second owner.
fn second_owner(scene: &Scene) {
    let mut data = scene.store.data();
    let admin = data.members.iter_mut().find(|(_, it)| it.user_id == Person::Admin.id()).unwrap();
    admin.1.role = OrganizationRole::Owner;
}

async fn login(accounts: &Accounts, password: &str) -> Result<SignedIn, AppError> {
    let nobody = Actor::anonymous(Origin::default());
    accounts.login(&nobody, "peer@example.com", Password::attempt(password.to_owned())).await
}

#[tokio::test]
async fn a_suspended_member_is_out_at_once_and_gets_back_what_they_had() {
    let scene = Scene::new();
    let project = scene.private_project(1, "ONE", &[(Person::Peer, ProjectRole::Manager)]);
    let task = scene.add_task(1, project, &[Person::Peer]);
    assert_eq!(scene.run(Person::Member, suspend(Person::Peer)).await, refused(Permission::ManageMembers));
    let view = scene.run(Person::Admin, suspend(Person::Peer)).await.unwrap();
    assert_eq!((view.suspended_at, view.role, view.version), (Some(at(10)), OrganizationRole::Member, 2));
    assert_eq!(scene.app.sessions.role(Scene::ACME, Person::Peer.id()).await, Ok(None));
    assert_eq!(scene.run(Person::Admin, suspend(Person::Peer)).await, broken(OrganizationError::AlreadySuspended));

    let view = scene.run(Person::Admin, unsuspend(Person::Peer)).await.unwrap();
    assert_eq!((view.suspended_at, view.version), (None, 3));
    let role = scene.app.sessions.role(Scene::ACME, Person::Peer.id()).await;
    assert_eq!(role, Ok(Some(OrganizationRole::Member.into())));
    assert_eq!(scene.run(Person::Admin, unsuspend(Person::Peer)).await, broken(OrganizationError::NotSuspended));
    let told = ["permission.denied", "organization.member_suspended", "organization.member_unsuspended"];
    assert_eq!(scene.told(), told);
    let data = scene.store.data();
    assert_eq!(data.roles, [(project, Person::Peer.id(), ProjectRole::Manager.into())]);
    assert!(data.tasks.iter().any(|(_, it)| it.id == task && it.assignees.as_slice() == [Person::Peer.id()]));
}

#[tokio::test]
async fn one_that_has_changed_since_it_was_seen_is_left_alone() {
    let scene = Scene::new();
    let seen = |expected_version| SuspendMember { expected_version, ..suspend(Person::Peer) };
    assert_eq!(scene.run(Person::Admin, seen(Some(2))).await, Err(AppError::PreconditionFailed));
    assert_eq!(scene.run(Person::Admin, seen(Some(1))).await.unwrap().version, 2);
    let late = UnsuspendMember { expected_version: Some(1), ..unsuspend(Person::Peer) };
    assert_eq!(scene.run(Person::Admin, late).await, Err(AppError::PreconditionFailed));
}

#[tokio::test]
async fn nobody_suspends_themselves_nor_an_owner_without_being_one() {
    let scene = Scene::new();
    assert_eq!(scene.run(Person::Admin, suspend(Person::Admin)).await, broken(OrganizationError::OwnSuspension));
    assert_eq!(scene.run(Person::Owner, suspend(Person::Owner)).await, broken(OrganizationError::OwnSuspension));
    assert_eq!(scene.run(Person::Admin, suspend(Person::Owner)).await, refused(Permission::ManageOwners));
    let absent = AppError::NotFound("member");
    assert_eq!(scene.run(Person::Admin, suspend(Person::Stranger)).await, Err(absent.clone()));
    assert_eq!(scene.run(Person::Admin, unsuspend(Person::Stranger)).await, Err(absent));
    assert!(!scene.told().iter().any(|name| name.starts_with("organization.")));
}

#[tokio::test]
async fn an_owner_who_is_suspended_is_not_counted() {
    let scene = Scene::new();
    second_owner(&scene);
    scene.run(Person::Owner, suspend(Person::Admin)).await.unwrap();
    let leave = RemoveMember { user: Person::Owner.id(), expected_version: None };
    assert_eq!(scene.run(Person::Owner, leave.clone()).await, broken(OrganizationError::LastOwner));
    // One who is suspended is no last owner themselves.
    let remove = RemoveMember { user: Person::Admin.id(), expected_version: None };
    assert_eq!(scene.run(Person::Owner, remove).await, Ok(()));

    let scene = Scene::new();
    second_owner(&scene);
    scene.run(Person::Owner, suspend(Person::Admin)).await.unwrap();
    scene.run(Person::Owner, unsuspend(Person::Admin)).await.unwrap();
    assert_eq!(scene.run(Person::Owner, leave).await, Ok(()));
}

#[tokio::test]
async fn a_new_role_waits_for_who_is_suspended() {
    let scene = Scene::new();
    scene.run(Person::Admin, suspend(Person::Peer)).await.unwrap();
    let change = ChangeMemberRole {
        user: Person::Peer.id(),
        role: Some(OrganizationRole::Admin.into()),
        expected_version: None,
    };
    scene.run(Person::Owner, change).await.unwrap();
    assert_eq!(scene.app.sessions.role(Scene::ACME, Person::Peer.id()).await, Ok(None));
    scene.run(Person::Owner, unsuspend(Person::Peer)).await.unwrap();
    let role = scene.app.sessions.role(Scene::ACME, Person::Peer.id()).await;
    assert_eq!(role, Ok(Some(OrganizationRole::Admin.into())));
}

#[tokio::test]
async fn what_organizations_give_waits_for_who_is_deactivated() {
    let scene = Scene::new();
    scene.set_deactivated(Person::Peer, Some(at(5)));
    let role = async || scene.app.sessions.role(Scene::ACME, Person::Peer.id()).await;
    let view = scene.run(Person::Admin, suspend(Person::Peer)).await.unwrap();
    assert_eq!((view.status(), view.suspended_at), (MemberStatus::Deactivated, Some(at(10))));
    let view = scene.run(Person::Admin, unsuspend(Person::Peer)).await.unwrap();
    assert_eq!((view.status(), view.suspended_at), (MemberStatus::Deactivated, None));
    assert_eq!(role().await, Ok(None));
    let change = ChangeMemberRole {
        user: Person::Peer.id(),
        role: Some(OrganizationRole::Admin.into()),
        expected_version: None,
    };
    scene.run(Person::Owner, change).await.unwrap();
    assert_eq!(role().await, Ok(None));
    scene.set_deactivated(Person::Peer, None);
    scene.run(Person::Owner, suspend(Person::Peer)).await.unwrap();
    scene.run(Person::Owner, unsuspend(Person::Peer)).await.unwrap();
    assert_eq!(role().await, Ok(Some(OrganizationRole::Admin.into())));
}

#[tokio::test]
async fn nothing_new_is_given_to_who_is_suspended_or_deactivated() {
    for bar in [Scene::set_suspended, Scene::set_deactivated] {
        nothing_new_is_given_to_who_is_out(bar).await;
    }
}

async fn nothing_new_is_given_to_who_is_out(bar: fn(&Scene, Person, Option<Timestamp>)) {
    let scene = Scene::new();
    let project = scene.open_project(1, "ENG");
    let task = scene.add_task(1, project, &[Person::Peer]);
    let free = scene.add_task(2, project, &[]);
    bar(&scene, Person::Peer, Some(at(5)));
    let assign = |task, people: &[Person]| {
        let assignees = Some(Assignees::parse(people.iter().map(|it| it.id())).unwrap());
        let fields = TaskFields { assignees, ..TaskFields::default() };
        EditTask { task: TaskRef::Id(task), fields, expected_version: None }
    };
    let outside = scene.run(Person::Member, assign(free, &[Person::Peer])).await;
    assert_eq!(outside, broken(TaskError::AssigneeOutsideProject));
    // What they have stays theirs, also when others are added.
    scene.run(Person::Member, assign(task, &[Person::Peer, Person::Member])).await.unwrap();
    let role = ProjectRole::Contributor.into();
    let add = SetProjectMember { project: ProjectRef::Id(project), user: Person::Peer.id(), role };
    assert_eq!(scene.run(Person::Owner, add).await, broken(ProjectError::MemberOutsideOrganization));
    let add = AddTeamMember { team: scene.add_team(1, &[], &[]), user: Person::Peer.id() };
    assert_eq!(scene.run(Person::Owner, add).await, broken(OrganizationError::TeamMemberOutsideOrganization));
}

#[tokio::test]
async fn who_is_suspended_everywhere_is_told_so_once_the_password_was_right() {
    let scene = Scene::new();
    let (accounts, _) = sign_in_service(&scene);
    scene.set_suspended(Person::Peer, Some(at(5)));
    let wrong = login(&accounts, "guessed").await.unwrap_err();
    assert_eq!(wrong, AppError::Unauthenticated(Denial::InvalidCredentials));
    assert_eq!(login(&accounts, "Peer's password").await.unwrap_err(), AppError::Suspended);
    let refusal = scene.store.data().events.last().unwrap().fact();
    let expected = IdentityFact::SignInFailed { reason: SignInFailure::Suspended };
    assert_eq!(refusal, Some(Fact::Identity(expected)));
    assert_eq!(scene.store.data().sessions, []);

    scene.set_suspended(Person::Peer, None);
    let signed_in = login(&accounts, "Peer's password").await.unwrap();
    // The next token is not had either.
    scene.set_suspended(Person::Peer, Some(at(6)));
    let nobody = Actor::anonymous(Origin::default());
    let refreshed = accounts.refresh(&nobody, &signed_in.refresh_token).await.unwrap_err();
    assert_eq!(refreshed, AppError::Suspended);
    let forged = signed_in.refresh_token.replace("secret", "made-up");
    let forged = accounts.refresh(&nobody, &forged).await.unwrap_err();
    assert_eq!(forged, AppError::Unauthenticated(Denial::InvalidRefreshToken), "only who has the token hears of it");
    scene.set_suspended(Person::Peer, None);
    accounts.refresh(&nobody, &signed_in.refresh_token).await.unwrap();
}

#[tokio::test]
async fn who_is_suspended_is_not_invited_again() {
    let scene = Scene::new();
    scene.set_suspended(Person::Peer, Some(at(5)));
    let invite = CreateInvitation { email: Person::Peer.email(), role: OrganizationRole::Member.into() };
    assert_eq!(scene.run(Person::Owner, invite).await.map(drop), broken(OrganizationError::AlreadyMember));
}

#[tokio::test]
async fn the_list_is_asked_for_who_is_meant() {
    let mut scene = Scene::new();
    let filter = MemberFilter { statuses: vec![MemberStatus::Suspended], ..MemberFilter::default() };
    let expected = filter.clone();
    let mut queries = MockOrganizationQueries::new();
    queries.expect_members().returning(move |_, filter, _| {
        assert_eq!(*filter, expected);
        Ok(crate::page::Page { items: Vec::new(), next: None, total: None })
    });
    scene.app.queries.organizations = Arc::new(queries);
    let page = crate::page::PageRequest { limit: 10, after: None, sort: Vec::new(), include_total: false };
    scene.app.ask(&Person::Member.actor(), ListMembers { filter, page }).await.unwrap();
}
