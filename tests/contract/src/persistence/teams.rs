//! Teams, and custom roles in projects, on every database.

use std::time::Duration;

use sea_orm::ConnectionTrait;
use tenon_application::documents::Resource;
use tenon_application::organizations::{CreateTeam, DeleteTeam, EditTeam, RemoveMember, RemoveTeamMember, TeamView};
use tenon_application::projects::{EditProject, ProjectFields, ProjectRef, SetProjectMember, SetProjectTeam};
use tenon_application::tasks::{EditTask, TaskFields, TaskRef};
use tenon_application::{AppError, PageRequest, StoreError};
use tenon_domain::access::{OrganizationRole, Permission, Permissions, ProjectRole, Visibility};
use tenon_domain::organizations::{OrganizationError, Team, TeamDescription, TeamEdit, TeamName};
use tenon_domain::projects::GivenRole;
use tenon_domain::tasks::Assignees;
use tenon_domain::{CustomRoleId, ProjectId, TeamId, UserId};

use super::fixture::{Fixture, Person};
use super::lists::{request, walk};
use super::on_every_database;

on_every_database! {
    a_team_comes_back_as_saved,
    teams_and_their_members_are_listed_once,
    the_teams_of_a_project_are_listed_once,
    a_custom_role_permits_what_it_holds_now,
    the_release_before_gives_system_roles_in_projects,
    what_came_by_a_team_goes_with_it,
    who_leaves_the_organization_leaves_its_teams,
    teams_of_another_organization_cannot_be_reached,
}

/// A new team without members.
pub(super) async fn team(fixture: &Fixture, by: &Person, name: &str) -> TeamId {
    let create = CreateTeam { name: TeamName::parse(name).unwrap(), description: None };
    fixture.app.execute(&by.actor, create).await.unwrap().id
}

/// Puts people into a team.
pub(super) async fn fill(fixture: &Fixture, by: &Person, team: TeamId, users: impl IntoIterator<Item = UserId>) {
    let mut unit = fixture.unit(by).await;
    for user in users {
        unit.teams().add_member(team, user, fixture.now()).await.unwrap();
    }
    unit.commit().await.unwrap();
}

async fn a_team_comes_back_as_saved(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let description = TeamDescription::parse(&"ü\n".repeat(250)).unwrap();
    let name = TeamName::parse(&"Ä".repeat(100)).unwrap();
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(unit.teams().count().await.unwrap(), 0);
    let new = Team::create(fixture.id(), name, description, 0, fixture.now()).unwrap();
    let saved = unit.teams().save(new).await.unwrap();
    unit.commit().await.unwrap();

    let mut unit = fixture.unit(&ada).await;
    let found = unit.teams().find(saved.id).await.unwrap().unwrap();
    assert_eq!(*found.state(), saved);
    assert_eq!(unit.teams().count().await.unwrap(), 1);
    assert!(unit.teams().find(fixture.id()).await.unwrap().is_none());
    let (mut first, mut second) = (found.clone(), found);
    fixture.clock.advance(Duration::from_millis(1));
    first.edit(TeamEdit { description: Some(None), ..TeamEdit::default() }, fixture.now());
    second.delete();
    let edited = unit.teams().save(first).await.unwrap();
    assert_eq!((edited.version, &edited.description), (2, &None));
    assert_eq!(unit.teams().remove(second).await, Err(StoreError::Stale));
    drop(unit);
    let view = fixture.queries.teams.find(ada.viewer, saved.id).await.unwrap();
    assert_eq!(view, Some(TeamView::new(saved.clone(), 0)), "what was not committed is not there");

    let again = CreateTeam { name: TeamName::parse(&"ä".repeat(100)).unwrap(), description: None };
    let taken = fixture.app.execute(&ada.actor, again).await.unwrap_err();
    assert_eq!(taken, AppError::from(OrganizationError::TeamNameTaken));
    let eve = fixture.found("eve").await;
    let mut unit = fixture.unit(&eve).await;
    let same = Team::create(fixture.id(), saved.name.clone(), None, 0, fixture.now()).unwrap();
    unit.teams().save(same).await.unwrap();
    unit.commit().await.unwrap();
}

async fn teams_and_their_members_are_listed_once(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let mut people = Vec::new();
    for number in 0..5 {
        people.push(fixture.join(&ada, &format!("member{number}"), OrganizationRole::Guest).await.viewer.user);
    }
    let mut ids = Vec::new();
    for name in ["delta", "Alpha", "charlie", "Bravo", "echo"] {
        ids.push(team(fixture, &ada, name).await);
    }
    for (number, user) in people.iter().enumerate() {
        fill(fixture, &ada, ids[0], [*user]).await;
        if number % 2 == 0 {
            fixture.clock.advance(Duration::from_millis(1));
        }
    }
    fill(fixture, &ada, ids[1], people[..2].iter().copied()).await;
    let queries = &fixture.queries.teams;
    let listed =
        walk(request(2, vec![]), |request| async move { queries.list(ada.viewer, None, &request).await }).await;
    let found: Vec<_> = listed.iter().map(|team| (team.name.as_str(), team.member_count)).collect();
    assert_eq!(found, [("Alpha", 2), ("Bravo", 0), ("charlie", 0), ("delta", 5), ("echo", 0)]);
    for team in &listed {
        assert_eq!(queries.find(ada.viewer, team.id).await.unwrap().as_ref(), Some(team));
    }
    let counted = || PageRequest { include_total: true, ..request(1, vec![]) };
    assert_eq!(queries.list(ada.viewer, None, &counted()).await.unwrap().total, Some(5));
    let own = queries.list(ada.viewer, Some(people[0]), &counted()).await.unwrap();
    assert_eq!((own.total, own.items[0].name.as_str(), own.next.is_some()), (Some(2), "Alpha", true));
    assert_eq!(queries.list(ada.viewer, Some(people[4]), &counted()).await.unwrap().total, Some(1));

    let team = ids[0];
    let members =
        walk(request(2, vec![]), |request| async move { queries.members(ada.viewer, team, &request).await }).await;
    assert_eq!(members.len(), 5);
    assert!(members.is_sorted_by_key(|member| (member.added_at, member.user_id)));
    assert_eq!(members[0].display_name, "member0");
    assert_eq!(queries.members(ada.viewer, team, &counted()).await.unwrap().total, Some(5));
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(unit.teams().count_members(team).await.unwrap(), 5);
    let mut ids = unit.teams().members(team).await.unwrap();
    ids.sort();
    people.sort();
    assert_eq!(ids, people);
    assert!(unit.teams().member_since(team, people[0]).await.unwrap().is_some());
    assert!(unit.teams().member_since(team, ada.viewer.user).await.unwrap().is_none());
}

async fn the_teams_of_a_project_are_listed_once(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let project = fixture.project(&ada, "ENG", Visibility::Private).await.id;
    let mut ids = Vec::new();
    for number in 0..5 {
        let id = team(fixture, &ada, &format!("Team {number}")).await;
        if number % 2 == 0 {
            fixture.clock.advance(Duration::from_millis(1));
        }
        let role = ProjectRole::Viewer.into();
        fixture
            .app
            .execute(&ada.actor, SetProjectTeam { project: ProjectRef::Id(project), team: id, role })
            .await
            .unwrap();
        ids.push(id);
    }
    let queries = &fixture.queries.projects;
    let listed =
        walk(request(2, vec![]), |request| async move { queries.teams(ada.viewer, project, &request).await }).await;
    assert_eq!(listed.len(), 5);
    assert!(listed.is_sorted_by_key(|team| (team.added_at, team.team_id)));
    assert_eq!((listed[0].name.as_str(), listed[0].role), ("Team 0", ProjectRole::Viewer));
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(unit.teams().count_in_project(project).await.unwrap(), 5);
    assert_eq!(unit.teams().projects(ids[0]).await.unwrap(), [project]);
    let manager = GivenRole::from(ProjectRole::Manager);
    unit.teams().set_role_in_project(ids[0], project, Some(manager), fixture.now()).await.unwrap();
    assert_eq!(unit.teams().role_in_project(ids[0], project).await.unwrap(), Some(manager));
    unit.teams().set_role_in_project(ids[0], project, None, fixture.now()).await.unwrap();
    assert_eq!(unit.teams().role_in_project(ids[0], project).await.unwrap(), None);
    assert_eq!(unit.teams().count_in_project(project).await.unwrap(), 4);
}

/// A custom role of the person's organization, whose id is that of one of its projects.
async fn custom_role(fixture: &Fixture, project: ProjectId, permissions: &str) -> GivenRole {
    let made = format!(
        "INSERT INTO custom_roles (id, org_id, level, name, name_key, description, permissions, version, created_at, \
         updated_at) SELECT id, org_id, 'project', 'Release manager', 'release manager', '', '{permissions}', 1, \
         created_at, created_at FROM projects"
    );
    fixture.operator.execute_unprepared(&made).await.unwrap();
    GivenRole::Custom(CustomRoleId::new(project.uuid()))
}

async fn a_custom_role_permits_what_it_holds_now(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let project = fixture.project(&ada, "ENG", Visibility::Private).await.id;
    let role = custom_role(fixture, project, "project.view task.edit").await;
    let set = SetProjectMember { project: ProjectRef::Id(project), user: bob.viewer.user, role };
    let given = fixture.app.execute(&ada.actor, set).await.unwrap();
    assert_eq!(
        (given.role, given.custom_role.as_ref().map(|it| it.name.as_str())),
        (ProjectRole::Viewer, Some("Release manager"))
    );
    let read = fixture.queries.projects.member(ada.viewer, project, bob.viewer.user).await.unwrap();
    assert_eq!(read, Some(given));
    let explicit = async || {
        let mut unit = fixture.unit(&bob).await;
        unit.projects().find_for(project, bob.viewer.user).await.unwrap().unwrap().1
    };
    let set_of = |permissions: &[Permission]| Some(permissions.iter().copied().collect::<Permissions>());
    assert_eq!(explicit().await, set_of(&[Permission::ViewProject, Permission::EditTask]));
    let team = team(fixture, &ada, "Platform").await;
    fill(fixture, &ada, team, [bob.viewer.user]).await;
    let contributors = ProjectRole::Contributor;
    let add = SetProjectTeam { project: ProjectRef::Id(project), team, role: contributors.into() };
    fixture.app.execute(&ada.actor, add.clone()).await.unwrap();
    assert_eq!(explicit().await, Some(contributors.permissions()), "both together");
    let changed = "UPDATE custom_roles SET permissions = 'project.view project.edit'";
    fixture.operator.execute_unprepared(changed).await.unwrap();
    assert_eq!(explicit().await, Some(contributors.permissions().with(Permission::EditProject)));
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(unit.projects().role(project, bob.viewer.user).await.unwrap(), Some(role));
    assert_eq!(unit.projects().count_managers(project, None).await.unwrap(), 1, "a custom role is none of a manager");
    unit.projects().set_role(project, bob.viewer.user, None, fixture.now()).await.unwrap();
    unit.commit().await.unwrap();
    let with_custom = fixture.app.execute(&ada.actor, SetProjectTeam { role, ..add }).await.unwrap();
    assert_eq!(with_custom.custom_role.map(|it| it.name).as_deref(), Some("Release manager"));
    assert_eq!(explicit().await, set_of(&[Permission::ViewProject, Permission::EditProject]), "by the team alone");
    let teams = fixture.queries.projects.teams(ada.viewer, project, &request(10, vec![])).await.unwrap();
    assert_eq!(teams.items[0].custom_role.as_ref().map(|it| it.id.uuid()), Some(project.uuid()));
}

/// It knows of no custom roles, and leaves them where they are.
async fn the_release_before_gives_system_roles_in_projects(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let user = bob.viewer.user;
    let project = fixture.project(&ada, "ENG", Visibility::Private).await.id;
    let role = custom_role(fixture, project, "project.view project.edit").await;
    let set = SetProjectMember { project: ProjectRef::Id(project), user, role };
    fixture.app.execute(&ada.actor, set).await.unwrap();
    let demoted = "UPDATE project_members SET role = 'contributor' WHERE role = 'viewer'";
    fixture.operator.execute_unprepared(demoted).await.unwrap();
    let given = ProjectRole::Contributor;
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(unit.projects().role(project, user).await.unwrap(), Some(given.into()));
    assert_eq!(unit.projects().find_for(project, user).await.unwrap().unwrap().1, Some(given.permissions()));
    drop(unit);
    let read = fixture.queries.projects.member(ada.viewer, project, user).await.unwrap().unwrap();
    assert_eq!((read.role, read.custom_role), (given, None));
}

async fn what_came_by_a_team_goes_with_it(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let gus = fixture.join(&ada, "gus", OrganizationRole::Guest).await;
    let (a, b, g) = (ada.viewer.user, bob.viewer.user, gus.viewer.user);
    let team = team(fixture, &ada, "Platform").await;
    fill(fixture, &ada, team, [a, b, g]).await;
    let mut tasks = Vec::new();
    let mut secret = None;
    for (key, visibility) in [("SEC", Visibility::Private), ("ENG", Visibility::Organization)] {
        let project = fixture.project(&ada, key, visibility).await.id;
        let add = SetProjectTeam { project: ProjectRef::Id(project), team, role: ProjectRole::Contributor.into() };
        fixture.app.execute(&ada.actor, add).await.unwrap();
        let task = fixture.task(&ada, project, "Fix the door").await;
        let fields = TaskFields { assignees: Some(Assignees::parse([a, b, g]).unwrap()), ..TaskFields::default() };
        let assign = EditTask { task: TaskRef::Id(task.id), fields, expected_version: None };
        tasks.push(fixture.app.execute(&ada.actor, assign).await.unwrap());
        secret = secret.or(Some(project));
    }
    let fields = ProjectFields { lead_id: Some(Some(b)), ..ProjectFields::default() };
    let lead = EditProject { project: ProjectRef::Id(secret.unwrap()), fields, expected_version: None };
    fixture.app.execute(&ada.actor, lead).await.unwrap();
    let assigned = async || {
        let mut found = Vec::new();
        for task in &tasks {
            let task = fixture.queries.tasks.find(ada.viewer, &TaskRef::Id(task.id)).await.unwrap().unwrap();
            found.push(task.assignee_ids);
        }
        found
    };
    let lead = async || {
        let found = fixture.queries.projects.find(ada.viewer, &ProjectRef::Id(secret.unwrap())).await.unwrap();
        found.unwrap().lead_id
    };
    assert_eq!((assigned().await, lead().await), (vec![vec![a, b, g]; 2], Some(b)));
    fixture.app.execute(&gus.actor, RemoveTeamMember { team, user: g }).await.unwrap();
    assert_eq!(assigned().await, [vec![a, b], vec![a, b]], "a guest has lost both");
    fixture.app.execute(&ada.actor, DeleteTeam { team, expected_version: None }).await.unwrap();
    assert_eq!(assigned().await, [vec![a], vec![a, b]], "a member sees an open project all the same");
    assert_eq!(lead().await, None);
    for table in ["team_members", "project_teams"] {
        let left = format!("DELETE FROM {table}");
        assert_eq!(fixture.operator.execute_unprepared(&left).await.unwrap().rows_affected(), 0, "{table}");
    }
}

async fn who_leaves_the_organization_leaves_its_teams(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let user = bob.viewer.user;
    let project = fixture.project(&ada, "SEC", Visibility::Private).await.id;
    let team = team(fixture, &ada, "Platform").await;
    fill(fixture, &ada, team, [ada.viewer.user, user]).await;
    let add = SetProjectTeam { project: ProjectRef::Id(project), team, role: ProjectRole::Manager.into() };
    fixture.app.execute(&ada.actor, add).await.unwrap();
    fixture.app.execute(&ada.actor, RemoveMember { user, expected_version: None }).await.unwrap();
    let view = fixture.queries.teams.find(ada.viewer, team).await.unwrap().unwrap();
    assert_eq!((view.member_count, view.version), (1, 2));
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(unit.teams().add_member(team, user, fixture.now()).await, Err(StoreError::Stale), "they are no member");
    drop(unit);
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(unit.projects().find_for(project, user).await.unwrap().unwrap().1, None);
    // Who was in none may have been taken out by a release that knows no teams, and no caches of them.
    unit.projects().release_user(user, ada.viewer.user, fixture.now()).await.unwrap();
    assert!(unit.touched().iter().any(|it| it.resource == Resource::TeamProjects(user)));
}

async fn teams_of_another_organization_cannot_be_reached(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    let project = fixture.project(&ada, "ENG", Visibility::Private).await.id;
    let team = team(fixture, &ada, "Platform").await;
    fill(fixture, &ada, team, [ada.viewer.user]).await;
    let add = SetProjectTeam { project: ProjectRef::Id(project), team, role: ProjectRole::Viewer.into() };
    fixture.app.execute(&ada.actor, add).await.unwrap();
    let (a, e, now) = (ada.viewer.user, eve.viewer.user, fixture.now());
    let mut unit = fixture.unit(&ada).await;
    let mut stolen = unit.teams().find(team).await.unwrap().unwrap();
    drop(unit);
    stolen.delete();

    let mut unit = fixture.unit(&eve).await;
    let teams = unit.teams();
    assert!(teams.find(team).await.unwrap().is_none());
    assert_eq!(teams.save(stolen.clone()).await, Err(StoreError::Stale));
    assert_eq!(teams.remove(stolen).await, Err(StoreError::Stale));
    assert_eq!((teams.count().await.unwrap(), teams.count_members(team).await.unwrap()), (0, 0));
    assert!(teams.members(team).await.unwrap().is_empty());
    assert_eq!(teams.member_since(team, a).await.unwrap(), None);
    assert!(teams.projects(team).await.unwrap().is_empty());
    assert_eq!(teams.role_in_project(team, project).await.unwrap(), None);
    assert_eq!(teams.count_in_project(project).await.unwrap(), 0);
    teams.remove_member(team, a).await.unwrap();
    teams.set_role_in_project(team, project, None, now).await.unwrap();
    unit.commit().await.unwrap();
    let own = self::team(fixture, &eve, "Platform").await;
    for (team, project) in [(team, project), (own, project)] {
        let mut unit = fixture.unit(&eve).await;
        let role = Some(ProjectRole::Manager.into());
        assert!(unit.teams().set_role_in_project(team, project, role, now).await.is_err());
    }
    for (team, user) in [(team, e), (own, a)] {
        let mut unit = fixture.unit(&eve).await;
        assert!(unit.teams().add_member(team, user, now).await.is_err());
    }

    for viewer in [eve.viewer, ada.intruding(&eve)] {
        let queries = &fixture.queries;
        assert_eq!(queries.teams.find(viewer, team).await.unwrap(), None);
        let counted = || PageRequest { include_total: true, ..request(10, vec![]) };
        assert_eq!(queries.teams.list(viewer, Some(a), &counted()).await.unwrap().total, Some(0));
        assert_eq!(queries.teams.members(viewer, team, &counted()).await.unwrap().total, Some(0));
        assert_eq!(queries.projects.teams(viewer, project, &counted()).await.unwrap().total, Some(0));
    }
    let rename = EditTeam { team, name: TeamName::parse("Base").ok(), description: None, expected_version: None };
    assert_eq!(fixture.app.execute(&eve.actor, rename).await.unwrap_err(), AppError::NotFound("team"));
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(unit.teams().members(team).await.unwrap(), [a]);
    let viewer = Some(GivenRole::from(ProjectRole::Viewer));
    assert_eq!(unit.teams().role_in_project(team, project).await.unwrap(), viewer);
}
