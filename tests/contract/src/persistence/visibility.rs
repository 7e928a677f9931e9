//! The rule of visibility says the same in SQL and in the domain.

use tenon_application::projects::{EditProject, ProjectFields, ProjectRef, RemoveProjectMember};
use tenon_application::tasks::{EditTask, TaskFields, TaskFilter, TaskRef, TaskView};
use tenon_domain::UserId;
use tenon_domain::access::{OrganizationRole, Permissions, ProjectAccess, ProjectRole, Visibility};
use tenon_domain::projects::GivenRole;
use tenon_domain::tasks::Assignees;

use super::fixture::{Fixture, Person};
use super::lists::request;
use super::{on_every_database, teams};

on_every_database! {
    everybody_sees_what_the_rule_says,
    assignments_end_with_the_access,
}

async fn everybody_sees_what_the_rule_says(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let eve = fixture.found("eve").await;
    let roles: Vec<_> = [None].into_iter().chain(ProjectRole::ALL.iter().copied().map(Some)).collect();
    let mut people = Vec::new();
    for &organization_role in OrganizationRole::ALL {
        for &own in &roles {
            for &by_team in &roles {
                let name = |role: Option<ProjectRole>| role.map_or("none", ProjectRole::as_str);
                let name = format!("{organization_role}.{}.{}", name(own), name(by_team));
                people.push((fixture.join(&ada, &name, organization_role).await, own, by_team));
            }
        }
    }
    // A team for each role, and one that is in no project.
    let mut teams = Vec::new();
    for role in &roles {
        let team = teams::team(fixture, &ada, role.map_or("none", ProjectRole::as_str)).await;
        let members = people.iter().filter(|(.., by_team)| by_team == role).map(|(it, ..)| it.viewer.user);
        teams::fill(fixture, &ada, team, members).await;
        teams.extend(role.map(|role| (team, role)));
    }
    let somebody = fixture.id();
    let outside = [eve.viewer.user, somebody];
    let everybody: Vec<UserId> = people.iter().map(|(it, ..)| it.viewer.user).chain(outside).collect();
    let (mut projects, mut all_pairs) = (Vec::new(), Vec::new());
    for (key, &visibility) in ["ONE", "TWO"].iter().zip(Visibility::ALL) {
        let project = fixture.project(&ada, key, visibility).await.id;
        let task = fixture.task(&ada, project, "Fix the door").await;
        let mut unit = fixture.unit(&ada).await;
        for (person, own, _) in &people {
            let role = own.map(GivenRole::from);
            unit.projects().set_role(project, person.viewer.user, role, fixture.now()).await.unwrap();
        }
        for (team, role) in &teams {
            unit.teams().set_role_in_project(*team, project, Some((*role).into()), fixture.now()).await.unwrap();
        }
        let mut insiders = unit.projects().insiders(project, &everybody).await.unwrap();
        assert!(unit.projects().insiders(project, &[]).await.unwrap().is_empty());
        unit.commit().await.unwrap();
        let mut expected = Vec::new();
        for (person, own, by_team) in &people {
            let viewer = person.viewer;
            let given = own.iter().chain(by_team).map(|role| role.permissions());
            let explicit = given.reduce(Permissions::union);
            let access = ProjectAccess { organization_role: viewer.role, visibility, explicit };
            let mut unit = fixture.unit(person).await;
            let found = unit.projects().find_for(project, viewer.user).await.unwrap().unwrap();
            assert_eq!(found.1, explicit, "{access:?}");
            drop(unit);
            let visible = access.is_visible();
            let found = fixture.queries.projects.find_id(viewer, &ProjectRef::Id(project)).await.unwrap();
            assert_eq!(found.is_some(), visible, "{access:?}");
            let found = fixture.queries.tasks.find(viewer, &TaskRef::Id(task.id)).await.unwrap();
            assert_eq!(found.is_some(), visible, "{access:?}");
            let filter = TaskFilter { project_ids: vec![project], ..TaskFilter::default() };
            let listed = fixture.queries.tasks.list(viewer, &filter, &request(10, vec![])).await.unwrap();
            assert_eq!(listed.items.len(), usize::from(visible), "{access:?}");
            expected.extend(visible.then_some(viewer.user));
        }
        insiders.sort();
        expected.sort();
        assert_eq!(insiders, expected, "{visibility}");
        assert!(!expected.is_empty() && expected.len() < people.len(), "{visibility}");
        projects.push(project);
        all_pairs.extend(expected.into_iter().map(|user| (project, user)));
    }
    let mut unit = fixture.unit(&ada).await;
    let mut pairs = unit.projects().insiders_of_all(&projects, &everybody).await.unwrap();
    pairs.sort();
    all_pairs.sort();
    assert_eq!(pairs, all_pairs);
    assert!(unit.projects().insiders_of_all(&[], &everybody).await.unwrap().is_empty());
    assert!(unit.projects().insiders_of_all(&projects, &[]).await.unwrap().is_empty());
    assert_eq!(Visibility::ALL.len(), 2, "each visibility has a project");
}

async fn assigned(fixture: &Fixture, by: &Person, task: &TaskView, assignees: &[UserId]) -> TaskView {
    let assignees = Some(Assignees::parse(assignees.iter().copied()).unwrap());
    let fields = TaskFields { assignees, ..TaskFields::default() };
    fixture
        .app
        .execute(&by.actor, EditTask { task: TaskRef::Id(task.id), fields, expected_version: None })
        .await
        .unwrap()
}

async fn assignments_end_with_the_access(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let guest = fixture.join(&ada, "guest", OrganizationRole::Guest).await;
    let (a, b, g, now) = (ada.viewer.user, bob.viewer.user, guest.viewer.user, fixture.now());
    let project = fixture.project(&ada, "ENG", Visibility::Organization).await.id;
    let elsewhere = fixture.project(&ada, "OPS", Visibility::Organization).await.id;
    let mut unit = fixture.unit(&ada).await;
    for project in [project, elsewhere] {
        unit.projects().set_role(project, g, Some(ProjectRole::Viewer.into()), now).await.unwrap();
    }
    unit.projects().set_role(project, b, Some(ProjectRole::Viewer.into()), now).await.unwrap();
    unit.commit().await.unwrap();
    let mut tasks = Vec::new();
    for project in [project, elsewhere] {
        let task = fixture.task(&ada, project, "Fix the door").await;
        tasks.push(assigned(fixture, &ada, &task, &[g, a, b]).await);
    }
    let now_assigned = |task: &TaskView| {
        let id = TaskRef::Id(task.id);
        async move {
            let task = fixture.queries.tasks.find(ada.viewer, &id).await.unwrap().unwrap();
            let filter = TaskFilter { project_ids: vec![task.project_id], assignees: vec![g], ..TaskFilter::default() };
            let of_guest = fixture.queries.tasks.list(ada.viewer, &filter, &request(10, vec![])).await.unwrap();
            assert_eq!(of_guest.items.len(), usize::from(task.assignee_ids.contains(&g)), "found as it reads");
            (task.assignee_ids, task.version)
        }
    };
    let remove = |user| RemoveProjectMember { project: ProjectRef::Id(project), user };
    fixture.app.execute(&ada.actor, remove(b)).await.unwrap();
    assert_eq!(now_assigned(&tasks[0]).await, (vec![g, a, b], 2), "a member sees an open project without a role");
    fixture.app.execute(&ada.actor, remove(g)).await.unwrap();
    assert_eq!(now_assigned(&tasks[0]).await, (vec![a, b], 3));
    let fields = ProjectFields { visibility: Some(Visibility::Private), ..ProjectFields::default() };
    let close = EditProject { project: ProjectRef::Id(project), fields, expected_version: None };
    fixture.app.execute(&ada.actor, close).await.unwrap();
    assert_eq!(now_assigned(&tasks[0]).await, (vec![a], 4));
    assert_eq!(now_assigned(&tasks[1]).await, (vec![g, a, b], 2), "the other project is left alone");
}
