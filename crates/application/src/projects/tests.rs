mod giving;
mod teams;

use tenon_domain::access::{Permission, ProjectRole, Visibility};
use tenon_domain::projects::{ProjectError, ProjectKey, ProjectName};
use tenon_domain::{ProjectId, TaskId, UserId, Violation};

use super::*;
use crate::error::AppError;
use crate::in_memory::{Person, Scene};

const MANAGER: ProjectRole = ProjectRole::Manager;
const VIEWER: ProjectRole = ProjectRole::Viewer;

fn create(key: &str, visibility: Visibility, lead: Option<Person>) -> CreateProject {
    CreateProject {
        key: ProjectKey::parse(key).unwrap(),
        name: ProjectName::parse("Engineering").unwrap(),
        description: None,
        visibility,
        lead_id: lead.map(Person::id),
    }
}

fn edit(project: ProjectId, fields: ProjectFields) -> EditProject {
    EditProject { project: ProjectRef::Id(project), fields, expected_version: None }
}

fn set(project: ProjectId, who: Person, role: ProjectRole) -> SetProjectMember {
    SetProjectMember { project: ProjectRef::Id(project), user: who.id(), role: role.into() }
}

fn remove(project: ProjectId, who: Person) -> RemoveProjectMember {
    RemoveProjectMember { project: ProjectRef::Id(project), user: who.id() }
}

fn broken<T>(violation: impl Into<Violation>) -> Result<T, AppError> {
    Err(AppError::Violations(vec![violation.into()]))
}

fn refused<T>(permission: Permission) -> Result<T, AppError> {
    Err(AppError::Forbidden(permission))
}

fn role_of(scene: &Scene, project: ProjectId, who: Person) -> Option<ProjectRole> {
    scene
        .store
        .data()
        .roles
        .iter()
        .find(|(id, user, _)| (*id, *user) == (project, who.id()))
        .map(|(_, _, role)| role.role())
}

#[tokio::test]
async fn the_creator_and_the_lead_manage_a_new_project() {
    let scene = Scene::new();
    let view = scene.run(Person::Member, create("ENG", Visibility::Private, Some(Person::Peer))).await.unwrap();
    assert_eq!((view.key.as_str(), view.version, view.statuses.len()), ("ENG", 1, 6));
    assert_eq!(role_of(&scene, view.id, Person::Member), Some(MANAGER));
    assert_eq!(role_of(&scene, view.id, Person::Peer), Some(MANAGER));
    assert_eq!(scene.told(), ["project.created", "project.member_added"]);

    let own = scene.run(Person::Member, create("OWN", Visibility::Private, Some(Person::Member))).await.unwrap();
    assert_eq!(role_of(&scene, own.id, Person::Member), Some(MANAGER));
    assert_eq!(scene.told().len(), 3, "nobody is added to a project by creating it for themselves");
}

#[tokio::test]
async fn a_key_is_used_once_in_an_organization() {
    let scene = Scene::new();
    scene.run(Person::Member, create("ENG", Visibility::Private, None)).await.unwrap();
    let again = scene.run(Person::Peer, create("ENG", Visibility::Organization, None)).await;
    assert_eq!(again, broken(ProjectError::KeyTaken));
    let elsewhere = scene.run(Person::Stranger, create("ENG", Visibility::Organization, None)).await;
    assert!(elsewhere.is_ok(), "other organizations have keys of their own");
    assert_eq!(scene.told().len(), 2);
}

#[tokio::test]
async fn guests_create_no_projects_and_strangers_lead_none() {
    let scene = Scene::new();
    let outcome = scene.run(Person::Guest, create("ENG", Visibility::Organization, None)).await;
    assert_eq!(outcome, refused(Permission::CreateProject));
    let outcome = scene.run(Person::Member, create("ENG", Visibility::Organization, Some(Person::Stranger))).await;
    assert_eq!(outcome, broken(ProjectError::LeadOutsideProject));
    assert_eq!(scene.told(), ["permission.denied"]);
}

#[tokio::test]
async fn a_private_project_does_not_exist_for_others_not_even_for_owners() {
    let scene = Scene::new();
    let id = scene.private_project(1, "SEC", &[(Person::Member, MANAGER)]);
    let gone = || AppError::NotFound("project");
    for who in [Person::Owner, Person::Admin, Person::Peer, Person::Guest, Person::Stranger] {
        assert_eq!(scene.run(who, edit(id, ProjectFields::default())).await, Err(gone()), "{who:?}");
        let key = || ProjectRef::Key(ProjectKey::parse("SEC").unwrap());
        assert_eq!(scene.run(who, ArchiveProject { project: key() }).await, Err(gone()), "{who:?}");
        let delete = DeleteProject { project: key(), expected_version: Some(99) };
        assert_eq!(scene.run(who, delete).await, Err(gone()), "{who:?}");
        assert_eq!(scene.run(who, set(id, who, MANAGER)).await, Err(gone()), "{who:?}");
        assert_eq!(scene.run(who, remove(id, who)).await, Err(gone()), "{who:?}");
    }
    assert_eq!(scene.told(), [""; 0]);
}

#[tokio::test]
async fn settings_are_for_managers() {
    let scene = Scene::new();
    let id = scene.open_project(1, "ENG");
    let reference = || ProjectRef::Id(id);
    let editing = || refused(Permission::EditProject);
    assert_eq!(scene.run(Person::Member, edit(id, ProjectFields::default())).await, editing());
    assert_eq!(scene.run(Person::Member, ArchiveProject { project: reference() }).await, editing());
    assert_eq!(scene.run(Person::Member, UnarchiveProject { project: reference() }).await, editing());
    let delete = DeleteProject { project: reference(), expected_version: None };
    assert_eq!(scene.run(Person::Member, delete).await, refused(Permission::DeleteProject));
    let members = || refused(Permission::ManageProjectMembers);
    assert_eq!(scene.run(Person::Member, set(id, Person::Member, MANAGER)).await, members());
    assert_eq!(scene.run(Person::Member, remove(id, Person::Peer)).await, refused(Permission::ManageProjectMembers));
    assert!(scene.run(Person::Admin, edit(id, ProjectFields::default())).await.is_ok());
}

#[tokio::test]
async fn a_project_is_archived_and_unarchived_once() {
    let scene = Scene::new();
    let id = scene.open_project(1, "ENG");
    let archive = || ArchiveProject { project: ProjectRef::Id(id) };
    let unarchive = || UnarchiveProject { project: ProjectRef::Id(id) };
    assert_eq!(scene.run(Person::Admin, unarchive()).await, broken(ProjectError::NotArchived));
    assert!(scene.run(Person::Admin, archive()).await.unwrap().archived_at.is_some());
    assert_eq!(scene.run(Person::Admin, archive()).await, broken(ProjectError::AlreadyArchived));
    let rename = ProjectFields { name: ProjectName::parse("Other").ok(), ..ProjectFields::default() };
    assert_eq!(scene.run(Person::Admin, edit(id, rename)).await, broken(ProjectError::Archived));
    assert_eq!(scene.run(Person::Admin, set(id, Person::Peer, VIEWER)).await, broken(ProjectError::Archived));
    assert!(scene.run(Person::Admin, unarchive()).await.unwrap().archived_at.is_none());
    assert_eq!(scene.told(), ["project.archived", "project.unarchived"]);
}

#[tokio::test]
async fn a_stale_precondition_stops_edits_and_deletions() {
    let scene = Scene::new();
    let id = scene.open_project(1, "ENG");
    let stale = EditProject { expected_version: Some(7), ..edit(id, ProjectFields::default()) };
    assert_eq!(scene.run(Person::Admin, stale).await, Err(AppError::PreconditionFailed));
    let delete = |version| DeleteProject { project: ProjectRef::Id(id), expected_version: Some(version) };
    assert_eq!(scene.run(Person::Admin, delete(7)).await, Err(AppError::PreconditionFailed));
    assert_eq!(scene.run(Person::Admin, delete(1)).await, Ok(()));
    assert_eq!(scene.told(), ["project.deleted"]);
}

#[tokio::test]
async fn a_project_goes_private_only_with_a_manager_and_a_lead_inside() {
    let scene = Scene::new();
    let id = scene.open_project(1, "ENG");
    let private = || ProjectFields { visibility: Some(Visibility::Private), ..ProjectFields::default() };
    // The admin manages it by their role in the organization, which counts for nothing in a private project.
    assert_eq!(scene.run(Person::Admin, edit(id, private())).await, broken(ProjectError::LastManager));
    scene.run(Person::Admin, set(id, Person::Admin, MANAGER)).await.unwrap();

    let lead = |who: Person| ProjectFields { lead_id: Some(Some(who.id())), ..ProjectFields::default() };
    scene.run(Person::Admin, edit(id, lead(Person::Peer))).await.unwrap();
    assert_eq!(scene.run(Person::Admin, edit(id, private())).await, broken(ProjectError::LeadOutsideProject));
    scene.run(Person::Admin, set(id, Person::Peer, VIEWER)).await.unwrap();
    let view = scene.run(Person::Admin, edit(id, private())).await.unwrap();
    assert_eq!(view.visibility, Visibility::Private);

    let outside = scene.run(Person::Admin, edit(id, lead(Person::Member))).await;
    assert_eq!(outside, broken(ProjectError::LeadOutsideProject));
}

#[tokio::test]
async fn a_private_project_keeps_a_manager() {
    let scene = Scene::new();
    let id = scene.private_project(1, "SEC", &[(Person::Member, MANAGER), (Person::Peer, VIEWER)]);
    let last = || broken(ProjectError::LastManager);
    assert_eq!(scene.run(Person::Member, remove(id, Person::Member)).await, broken(ProjectError::LastManager));
    assert_eq!(scene.run(Person::Member, set(id, Person::Member, VIEWER)).await, last());
    assert!(scene.run(Person::Member, set(id, Person::Member, MANAGER)).await.is_ok(), "no change, no loss");

    scene.run(Person::Member, set(id, Person::Peer, MANAGER)).await.unwrap();
    scene.run(Person::Member, remove(id, Person::Member)).await.unwrap();
    assert_eq!(role_of(&scene, id, Person::Member), None);
    assert_eq!(scene.told(), ["project.member_role_changed", "project.member_removed"]);
}

#[tokio::test]
async fn an_open_project_may_lose_its_last_manager_because_admins_manage_it() {
    let scene = Scene::new();
    let id = scene.add_project(1, "ENG", Visibility::Organization, &[(Person::Member, MANAGER)]);
    assert_eq!(scene.run(Person::Admin, remove(id, Person::Member)).await, Ok(()));
}

#[tokio::test]
async fn everybody_may_leave_but_only_members_of_the_organization_come_in() {
    let scene = Scene::new();
    let id = scene.private_project(1, "SEC", &[(Person::Member, MANAGER), (Person::Peer, VIEWER)]);
    let outside = scene.run(Person::Member, set(id, Person::Stranger, VIEWER)).await;
    assert_eq!(outside, broken(ProjectError::MemberOutsideOrganization));
    assert_eq!(scene.run(Person::Peer, remove(id, Person::Peer)).await, Ok(()));
    assert_eq!(scene.run(Person::Member, remove(id, Person::Peer)).await, Err(AppError::NotFound("member")));
    let added = scene.run(Person::Member, set(id, Person::Guest, VIEWER)).await.unwrap();
    assert_eq!((added.display_name.as_str(), added.role), ("Guest", VIEWER));
    assert_eq!(scene.told(), ["project.member_removed", "project.member_added"]);
}

#[tokio::test]
async fn a_lead_who_leaves_a_private_project_no_longer_leads_it() {
    let scene = Scene::new();
    let id = scene.private_project(1, "SEC", &[(Person::Member, MANAGER), (Person::Peer, MANAGER)]);
    let lead = ProjectFields { lead_id: Some(Some(Person::Peer.id())), ..ProjectFields::default() };
    scene.run(Person::Member, edit(id, lead)).await.unwrap();
    scene.run(Person::Member, remove(id, Person::Peer)).await.unwrap();
    assert_eq!(scene.store.data().projects[0].1.lead_id, None);
    assert_eq!(scene.told(), ["project.updated", "project.updated", "project.member_removed"]);
}

fn assignees(scene: &Scene, task: TaskId) -> (Vec<UserId>, i64) {
    let data = scene.store.data();
    let (_, task) = data.tasks.iter().find(|(_, it)| it.id == task).unwrap();
    (task.assignees.as_slice().to_vec(), task.version)
}

#[tokio::test]
async fn assignments_end_with_the_access_to_the_project() {
    let scene = Scene::new();
    let secret = scene.private_project(1, "SEC", &[(Person::Member, MANAGER), (Person::Peer, VIEWER)]);
    let task = scene.add_task(1, secret, &[Person::Peer, Person::Member]);
    scene.run(Person::Member, remove(secret, Person::Peer)).await.unwrap();
    assert_eq!(assignees(&scene, task), (vec![Person::Member.id()], 2));

    let open = [(Person::Peer, MANAGER), (Person::Member, VIEWER), (Person::Guest, VIEWER)];
    let open = scene.add_project(2, "ENG", Visibility::Organization, &open);
    let task = scene.add_task(2, open, &[Person::Peer, Person::Member, Person::Guest]);
    scene.run(Person::Peer, remove(open, Person::Member)).await.unwrap();
    assert_eq!(assignees(&scene, task).1, 1, "a member sees it all the same");
    scene.run(Person::Peer, remove(open, Person::Guest)).await.unwrap();
    assert_eq!(assignees(&scene, task), (vec![Person::Peer.id(), Person::Member.id()], 2));

    let fields = ProjectFields { visibility: Some(Visibility::Private), ..ProjectFields::default() };
    scene.run(Person::Peer, edit(open, fields)).await.unwrap();
    assert_eq!(assignees(&scene, task), (vec![Person::Peer.id()], 3));
}
