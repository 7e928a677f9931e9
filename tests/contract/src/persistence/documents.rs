//! What is read from the cache is what the database says, after every kind of change.

use tenon_application::AppError;
use tenon_application::documents::{Document, DocumentSource, Rendering};
use tenon_application::organizations::{AddTeamMember, DeleteTeam, RemoveMember, RemoveTeamMember};
use tenon_application::projects::{
    DeleteProject, EditProject, ProjectFields, ProjectRef, RemoveProjectMember, RemoveProjectTeam, SetProjectMember,
    SetProjectTeam,
};
use tenon_application::tasks::{
    CreateTask, DeleteTask, EditTask, ReadTask, RestoreTask, TaskFields, TaskRef, TaskView, TransitionTask,
};
use tenon_domain::TaskId;
use tenon_domain::access::{OrganizationRole, ProjectRole, Visibility};
use tenon_domain::tasks::{Assignees, TaskKey, TaskTitle};
use tenon_infrastructure::persistence::SqlDocumentSource;

use super::fixture::{Fixture, Person, new_task};
use super::{on_every_database, teams};

on_every_database! {
    the_cache_says_what_the_database_says,
    the_source_says_what_is_true_in_one_organization,
}

pub(super) const RENDERING: Rendering<TaskView> = Rendering { shape: 1, render: |task| Ok(format!("{task:?}")) };

pub(super) async fn read(fixture: &Fixture, who: &Person, task: TaskRef) -> Result<Document, AppError> {
    fixture.app.ask(&who.actor, ReadTask { task, rendering: RENDERING }).await
}

/// Compares what everybody reads of every task, by id and by key, with what the database answers them.
async fn check(fixture: &Fixture, everybody: &[&Person], tasks: &[(TaskId, TaskKey)], step: &str) -> usize {
    let mut visible = 0;
    for person in everybody {
        for (id, key) in tasks {
            for reference in [TaskRef::Id(*id), TaskRef::Key(key.clone())] {
                let stored = fixture.queries.tasks.find(person.viewer, &reference).await.unwrap();
                let read = read(fixture, person, reference).await;
                let expected = stored.map(|task| format!("{task:?}")).ok_or(AppError::NotFound("task"));
                visible += usize::from(expected.is_ok());
                assert_eq!(read.map(|document| document.body().to_owned()), expected, "{step}");
            }
        }
    }
    visible
}

async fn the_cache_says_what_the_database_says(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let eve = fixture.found("eve").await;
    let mia = fixture.join(&ada, "mia", OrganizationRole::Member).await;
    let gus = fixture.join(&ada, "gus", OrganizationRole::Guest).await;
    let max = fixture.join(&ada, "max", OrganizationRole::Member).await;
    let everybody = [&ada, &eve, &mia, &gus, &max];
    let open = fixture.project(&ada, "OPEN", Visibility::Organization).await.id;
    let closed = fixture.project(&ada, "SHUT", Visibility::Private).await.id;
    let set = |project, who: &Person, role: ProjectRole| SetProjectMember {
        project: ProjectRef::Id(project),
        user: who.viewer.user,
        role: role.into(),
    };
    let team = teams::team(fixture, &ada, "Platform").await;
    let join = |who: &Person| AddTeamMember { team, user: who.viewer.user };
    let leave = |who: &Person| RemoveTeamMember { team, user: who.viewer.user };
    let set_team = || SetProjectTeam { project: ProjectRef::Id(closed), team, role: ProjectRole::Viewer.into() };
    fixture.app.execute(&ada.actor, set(closed, &mia, ProjectRole::Contributor)).await.unwrap();
    fixture.app.execute(&ada.actor, set(open, &gus, ProjectRole::Contributor)).await.unwrap();
    let mut tasks = Vec::new();
    for (project, assignees) in [(open, vec![&mia, &gus, &max]), (closed, vec![&mia, &ada]), (open, vec![])] {
        let assignees = Assignees::parse(assignees.iter().map(|it| it.viewer.user)).unwrap();
        let create = CreateTask { assignees, ..new_task(project, "Fix the door") };
        let task = fixture.app.execute(&ada.actor, create).await.unwrap();
        tasks.push((task.id, TaskKey::parse(&task.key).unwrap()));
    }
    let (first, task) = (tasks[0].0, || TaskRef::Id(tasks[0].0));
    macro_rules! after {
        ($($step:literal: $who:expr, $command:expr;)+) => {$(
            check(fixture, &everybody, &tasks, concat!("before ", $step)).await;
            fixture.app.execute(&$who.actor, $command).await.unwrap();
            check(fixture, &everybody, &tasks, $step).await;
        )+};
    }
    assert!(check(fixture, &everybody, &tasks, "the beginning").await > 10);
    let visibility = |visibility| EditProject {
        project: ProjectRef::Id(open),
        fields: ProjectFields { visibility: Some(visibility), ..ProjectFields::default() },
        expected_version: None,
    };
    let title = TaskTitle::parse("Mend the door").ok();
    after! {
        "an edit": mia, EditTask {
            task: task(), fields: TaskFields { title, ..TaskFields::default() }, expected_version: None,
        };
        "a transition": gus, TransitionTask { task: task(), status: "done".into(), expected_version: None };
        "the trash": mia, DeleteTask { task: task(), expected_version: None };
        "a restoration": mia, RestoreTask { task: task() };
        "a removal from a private project": ada, RemoveProjectMember {
            project: ProjectRef::Id(closed), user: mia.viewer.user,
        };
        "an addition": ada, set(closed, &max, ProjectRole::Manager);
        "a manager": ada, set(open, &ada, ProjectRole::Manager);
        "a project that goes private": ada, visibility(Visibility::Private);
        "a project that opens": ada, visibility(Visibility::Organization);
        "somebody who joins a team": ada, join(&mia);
        "a team that is added": ada, set_team();
        "a guest who joins a team": ada, join(&gus);
        "somebody who leaves a team": gus, leave(&gus);
        "somebody who is back in a team": ada, join(&gus);
        "a team that is removed": ada, RemoveProjectTeam { project: ProjectRef::Id(closed), team };
        "a team that is added again": ada, set_team();
        "a team that is deleted": ada, DeleteTeam { team, expected_version: None };
        "a removal from the organization": ada, RemoveMember { user: gus.viewer.user, expected_version: None };
    }
    assert!(read(fixture, &ada, TaskRef::Id(first)).await.unwrap().version() > 5, "assignments have ended");
    after! { "a deletion": ada, DeleteProject { project: ProjectRef::Id(open), expected_version: None }; }
    fixture.project(&ada, "OPEN", Visibility::Organization).await;
    check(fixture, &everybody, &tasks, "a key that is free again").await;
    let reborn = fixture.queries.projects.find_id(ada.viewer, &ProjectRef::Key(tasks[0].1.project().clone())).await;
    let reborn = fixture.task(&ada, reborn.unwrap().unwrap(), "Another door").await;
    assert_eq!(reborn.key, tasks[0].1.to_string());
    assert_eq!(check(fixture, &[&mia], &[(reborn.id, tasks[0].1.clone())], "a key that has a new task").await, 2);
}

async fn the_source_says_what_is_true_in_one_organization(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let eve = fixture.found("eve").await;
    let project = fixture.project(&ada, "ENG", Visibility::Private).await.id;
    let task = fixture.task(&ada, project, "Fix the door").await;
    let key = TaskKey::parse(&task.key).unwrap();
    let source = SqlDocumentSource::new(fixture.database.clone());
    let (here, there, user) = (ada.viewer.organization, eve.viewer.organization, ada.viewer.user);
    assert_eq!(source.task(here, task.id).await.unwrap().unwrap(), task);
    assert_eq!(source.task_id(here, &key).await.unwrap(), Some(task.id));
    assert_eq!(source.visibility(here, project).await.unwrap(), Some(Visibility::Private));
    assert_eq!(source.project_role(here, project, user).await.unwrap(), Some(ProjectRole::Manager));
    assert_eq!(source.task(there, task.id).await.unwrap(), None);
    assert_eq!(source.task_id(there, &key).await.unwrap(), None);
    assert_eq!(source.visibility(there, project).await.unwrap(), None);
    assert_eq!(source.project_role(there, project, user).await.unwrap(), None);
    let team = teams::team(fixture, &ada, "Platform").await;
    teams::fill(fixture, &ada, team, [user]).await;
    assert_eq!(source.team_projects(here, user).await.unwrap(), []);
    let add = SetProjectTeam { project: ProjectRef::Id(project), team, role: ProjectRole::Viewer.into() };
    fixture.app.execute(&ada.actor, add).await.unwrap();
    assert_eq!(source.team_projects(here, user).await.unwrap(), [project]);
    assert_eq!(source.team_projects(there, user).await.unwrap(), []);
    assert_eq!(source.team_projects(here, eve.viewer.user).await.unwrap(), []);
    let delete = DeleteTask { task: TaskRef::Id(task.id), expected_version: None };
    fixture.app.execute(&ada.actor, delete).await.unwrap();
    assert_eq!(source.task(here, task.id).await.unwrap(), None, "in the trash");
    assert_eq!(source.task_id(here, &key).await.unwrap(), Some(task.id));
}
