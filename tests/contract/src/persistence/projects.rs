use std::time::Duration;

use tenon_application::organizations::RemoveMember;
use tenon_application::projects::{
    ArchiveProject, CreateProject, DeleteProject, EditProject, ProjectFields, ProjectFilter, ProjectRef, ProjectSort,
    SetProjectMember,
};
use tenon_application::tasks::{EditTask, TaskFields, TaskRef};
use tenon_application::{AppError, PageRequest, SortBy, StoreError};
use tenon_domain::access::{OrganizationRole, ProjectRole, Visibility};
use tenon_domain::projects::{
    NewProject, Project, ProjectDescription, ProjectEdit, ProjectError, ProjectKey, ProjectName, Workflow,
};
use tenon_domain::tasks::Assignees;

use super::fixture::{Fixture, Person};
use super::lists::{request, walk};
use super::on_every_database;

on_every_database! {
    a_project_comes_back_as_saved,
    a_key_is_taken_once_per_organization,
    a_private_project_exists_for_its_members_only,
    projects_are_filtered_and_sorted,
    project_members_are_listed_once,
    a_deleted_project_takes_everything_along,
    a_member_who_leaves_is_released,
}

fn named(key: &str) -> ProjectKey {
    ProjectKey::parse(key).unwrap()
}

async fn a_project_comes_back_as_saved(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let user = ada.viewer.user;
    let id = fixture.id();
    let new = NewProject {
        id,
        key: named("ENG"),
        name: ProjectName::parse("Engineering ⚙️").unwrap(),
        description: ProjectDescription::parse(&"ü\n".repeat(5_000)).unwrap(),
        visibility: Visibility::Private,
        lead_id: Some(user),
    };
    let mut unit = fixture.unit(&ada).await;
    let workflow = Workflow::standard();
    let saved = unit.projects().create(Project::create(new, fixture.now()), &workflow).await.unwrap();
    unit.projects().set_role(id, user, Some(ProjectRole::Viewer.into()), fixture.now()).await.unwrap();
    unit.commit().await.unwrap();

    let mut unit = fixture.unit(&ada).await;
    let projects = unit.projects();
    let (found, role) = projects.find_for(id, user).await.unwrap().unwrap();
    assert_eq!((found.state(), role), (&saved, Some(ProjectRole::Viewer.permissions())));
    assert_eq!(projects.workflow(id).await.unwrap(), workflow);
    assert_eq!(projects.resolve(&ProjectRef::Key(named("ENG"))).await.unwrap(), Some(id));
    assert_eq!(projects.resolve(&ProjectRef::Key(named("OPS"))).await.unwrap(), None);
    assert!(projects.find_for(fixture.id(), user).await.unwrap().is_none());
    assert_eq!(projects.count_managers(id, None).await.unwrap(), 0);
    projects.set_role(id, user, Some(ProjectRole::Manager.into()), fixture.now()).await.unwrap();
    assert_eq!(projects.role(id, user).await.unwrap(), Some(ProjectRole::Manager.into()));
    assert_eq!(projects.count_managers(id, None).await.unwrap(), 1);
    projects.set_role(id, user, None, fixture.now()).await.unwrap();
    assert_eq!(projects.role(id, user).await.unwrap(), None);

    let (mut first, mut second) = (found.clone(), found);
    fixture.clock.advance(Duration::from_millis(1));
    let edit = ProjectEdit { description: Some(None), lead_id: Some(None), ..ProjectEdit::default() };
    first.edit(edit, fixture.now()).unwrap();
    second.archive(fixture.now()).unwrap();
    let edited = projects.save(first).await.unwrap();
    assert_eq!(*projects.find_for(id, user).await.unwrap().unwrap().0.state(), edited);
    assert_eq!(projects.save(second.clone()).await, Err(StoreError::Stale));
    assert_eq!(projects.delete(second).await, Err(StoreError::Stale));
}

async fn a_key_is_taken_once_per_organization(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    fixture.project(&ada, "ENG", Visibility::Organization).await;
    fixture.project(&eve, "ENG", Visibility::Organization).await;
    let again = CreateProject {
        key: named("ENG"),
        name: ProjectName::parse("Again").unwrap(),
        description: None,
        visibility: Visibility::Organization,
        lead_id: None,
    };
    assert_eq!(fixture.app.execute(&ada.actor, again).await.unwrap_err(), AppError::from(ProjectError::KeyTaken));
}

/// The keys of the projects that a person finds in their list, checked against finding each one and the total.
async fn keys(
    fixture: &Fixture,
    person: &Person,
    filter: ProjectFilter,
    sort: Vec<SortBy<ProjectSort>>,
) -> Vec<String> {
    let (queries, filter) = (&fixture.queries.projects, &filter);
    let counted = PageRequest { include_total: true, ..request(1, sort.clone()) };
    let total = queries.list(person.viewer, filter, &counted).await.unwrap().total.unwrap();
    let listed =
        walk(request(2, sort), |request| async move { queries.list(person.viewer, filter, &request).await }).await;
    assert_eq!(total, listed.len() as u64);
    for project in &listed {
        let found = queries.find(person.viewer, &ProjectRef::Key(named(&project.key))).await.unwrap();
        assert_eq!(found.as_ref(), Some(project));
        assert_eq!(project.statuses.len(), 6);
    }
    listed.into_iter().map(|project| project.key).collect()
}

async fn a_private_project_exists_for_its_members_only(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let guest = fixture.join(&ada, "guest", OrganizationRole::Guest).await;
    fixture.project(&ada, "OPEN", Visibility::Organization).await;
    let secret = fixture.project(&bob, "SECRET", Visibility::Private).await;
    fixture.project(&ada, "HIDDEN", Visibility::Private).await;
    let by_key = [SortBy { field: ProjectSort::Key, descending: false }].to_vec();
    let all = ProjectFilter::default;
    assert_eq!(keys(fixture, &ada, all(), by_key.clone()).await, ["HIDDEN", "OPEN"], "not even an owner");
    assert_eq!(keys(fixture, &bob, all(), by_key.clone()).await, ["OPEN", "SECRET"]);
    assert!(keys(fixture, &guest, all(), by_key.clone()).await.is_empty());
    let projects = &fixture.queries.projects;
    for project in [ProjectRef::Id(secret.id), ProjectRef::Key(named("SECRET"))] {
        assert_eq!(projects.find(ada.viewer, &project).await.unwrap(), None);
        assert_eq!(projects.find_id(ada.viewer, &project).await.unwrap(), None);
        assert_eq!(projects.find_id(bob.viewer, &project).await.unwrap(), Some(secret.id));
    }
    let add = SetProjectMember {
        project: ProjectRef::Id(secret.id),
        user: guest.viewer.user,
        role: ProjectRole::Viewer.into(),
    };
    assert_eq!(fixture.app.execute(&ada.actor, add.clone()).await.unwrap_err(), AppError::NotFound("project"));
    fixture.app.execute(&bob.actor, add).await.unwrap();
    assert_eq!(keys(fixture, &guest, all(), by_key).await, ["SECRET"]);
}

async fn projects_are_filtered_and_sorted(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    for (key, archived) in [("BETA", false), ("ALPHA", true), ("GAMMA", false), ("DELTA", true), ("EPS", false)] {
        let project = fixture.project(&ada, key, Visibility::Organization).await;
        fixture.clock.advance(Duration::from_millis(1));
        if archived {
            fixture.app.execute(&ada.actor, ArchiveProject { project: ProjectRef::Id(project.id) }).await.unwrap();
        }
    }
    let name = Some(ProjectName::parse("100% Zebra_").unwrap());
    let fields = ProjectFields { name, ..ProjectFields::default() };
    let edit = EditProject { project: ProjectRef::Key(named("BETA")), fields, expected_version: Some(1) };
    fixture.app.execute(&ada.actor, edit).await.unwrap();

    let all = ProjectFilter::default;
    let expected = [
        (ProjectSort::CreatedAt, ["BETA", "ALPHA", "GAMMA", "DELTA", "EPS"]),
        (ProjectSort::UpdatedAt, ["ALPHA", "GAMMA", "DELTA", "BETA", "EPS"]),
        (ProjectSort::Key, ["ALPHA", "BETA", "DELTA", "EPS", "GAMMA"]),
        (ProjectSort::Name, ["BETA", "ALPHA", "DELTA", "EPS", "GAMMA"]),
    ];
    for (field, mut order) in expected {
        if field == ProjectSort::UpdatedAt {
            // EPS was created, and BETA edited, in one millisecond later than all others: ids decide.
            order = ["ALPHA", "GAMMA", "DELTA", "EPS", "BETA"];
        }
        let up = keys(fixture, &ada, all(), vec![SortBy { field, descending: false }]).await;
        assert_eq!(up, order, "{field:?}");
        let mut down = keys(fixture, &ada, all(), vec![SortBy { field, descending: true }]).await;
        down.reverse();
        assert_eq!(down, order, "{field:?} down");
    }
    let by_key = vec![SortBy { field: ProjectSort::Key, descending: false }];
    let archived = |archived| ProjectFilter { archived: Some(archived), text: None };
    assert_eq!(keys(fixture, &ada, archived(true), by_key.clone()).await, ["ALPHA", "DELTA"]);
    assert_eq!(keys(fixture, &ada, archived(false), by_key.clone()).await, ["BETA", "EPS", "GAMMA"]);
    let text = |text: &str| ProjectFilter { archived: None, text: Some(text.to_owned()) };
    assert_eq!(keys(fixture, &ada, text("zEBRA"), by_key.clone()).await, ["BETA"]);
    assert_eq!(keys(fixture, &ada, text("lta"), by_key.clone()).await, ["DELTA"]);
    assert_eq!(keys(fixture, &ada, text("%"), by_key.clone()).await, ["BETA"]);
    assert_eq!(keys(fixture, &ada, text("_"), by_key.clone()).await, ["BETA"]);
    assert!(keys(fixture, &ada, text("!"), by_key.clone()).await.is_empty());
    assert!(keys(fixture, &ada, text("'; DROP TABLE projects; --"), by_key).await.is_empty());
}

async fn project_members_are_listed_once(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let project = fixture.project(&ada, "ENG", Visibility::Private).await;
    for number in 0..6 {
        let person = fixture.join(&ada, &format!("member{number}"), OrganizationRole::Member).await;
        if number % 2 == 0 {
            fixture.clock.advance(Duration::from_millis(1));
        }
        let (user, role) = (person.viewer.user, ProjectRole::Contributor.into());
        let add = SetProjectMember { project: ProjectRef::Id(project.id), user, role };
        let added = fixture.app.execute(&ada.actor, add).await.unwrap();
        let member = fixture.queries.projects.member(ada.viewer, project.id, user).await.unwrap();
        assert_eq!(member, Some(added));
    }
    let queries = &fixture.queries.projects;
    let listed =
        walk(request(2, vec![]), |request| async move { queries.members(ada.viewer, project.id, &request).await })
            .await;
    assert_eq!(listed.len(), 7);
    assert!(listed.is_sorted_by_key(|member| (member.added_at, member.user_id)));
    assert_eq!((listed[0].display_name.as_str(), listed[0].role), ("ada", ProjectRole::Manager));
}

async fn a_deleted_project_takes_everything_along(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let project = fixture.project(&ada, "ENG", Visibility::Organization).await;
    let task = fixture.task(&ada, project.id, "Fix the door").await;
    let delete = DeleteProject { project: ProjectRef::Id(project.id), expected_version: Some(1) };
    fixture.app.execute(&ada.actor, delete).await.unwrap();
    assert_eq!(fixture.queries.projects.find(ada.viewer, &ProjectRef::Id(project.id)).await.unwrap(), None);
    assert_eq!(fixture.queries.tasks.find(ada.viewer, &TaskRef::Id(task.id)).await.unwrap(), None);
    let mut unit = fixture.unit(&ada).await;
    assert!(unit.tasks().find(&TaskRef::Id(task.id)).await.unwrap().is_none());
    drop(unit);
    let again = fixture.project(&ada, "ENG", Visibility::Organization).await;
    assert_eq!(fixture.task(&ada, again.id, "Fix it again").await.key, "ENG-1");
}

async fn a_member_who_leaves_is_released(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Admin).await;
    let max = fixture.join(&ada, "max", OrganizationRole::Member).await;
    let secret = fixture.project(&bob, "SECRET", Visibility::Private).await;
    let open = fixture.project(&ada, "OPEN", Visibility::Organization).await;
    let fields = ProjectFields { lead_id: Some(Some(bob.viewer.user)), ..ProjectFields::default() };
    let lead = EditProject { project: ProjectRef::Id(open.id), fields, expected_version: None };
    fixture.app.execute(&ada.actor, lead).await.unwrap();
    let (a, b, m) = (ada.viewer.user, bob.viewer.user, max.viewer.user);
    let mut tasks = Vec::new();
    for assignees in [vec![b], vec![b, a], vec![a, b], vec![a, b, m], vec![a, m]] {
        let task = fixture.task(&ada, open.id, "Fix the door").await;
        let fields = TaskFields { assignees: Some(Assignees::parse(assignees).unwrap()), ..TaskFields::default() };
        let assign = EditTask { task: TaskRef::Id(task.id), fields, expected_version: None };
        tasks.push(fixture.app.execute(&ada.actor, assign).await.unwrap());
    }
    fixture.app.execute(&ada.actor, RemoveMember { user: b, expected_version: None }).await.unwrap();

    let remaining = [vec![], vec![a], vec![a], vec![a, m], vec![a, m]];
    for (before, expected) in tasks.iter().zip(remaining) {
        let after = fixture.queries.tasks.find(ada.viewer, &TaskRef::Id(before.id)).await.unwrap().unwrap();
        assert_eq!(after.assignee_ids, expected);
        let changed = before.assignee_ids != expected;
        assert_eq!(after.version, before.version + i64::from(changed), "an ETag must not outlive a change");
    }
    let projects = &fixture.queries.projects;
    assert_eq!(projects.find(ada.viewer, &ProjectRef::Id(open.id)).await.unwrap().unwrap().lead_id, None);
    assert!(projects.find(ada.viewer, &ProjectRef::Id(secret.id)).await.unwrap().is_some(), "it has an heir");
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(unit.projects().role(secret.id, a).await.unwrap(), Some(ProjectRole::Manager.into()));
    assert_eq!(unit.projects().role(secret.id, b).await.unwrap(), None);
}
