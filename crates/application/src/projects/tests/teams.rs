//! Teams in projects.

use tenon_domain::TeamId;
use tenon_domain::organizations::{OrganizationError, Team};
use tenon_domain::projects::Project;

use super::*;
use crate::in_memory::{project_id, team_id};

fn set_team(project: ProjectId, team: TeamId, role: ProjectRole) -> SetProjectTeam {
    SetProjectTeam { project: ProjectRef::Id(project), team, role: role.into() }
}

fn remove_team(project: ProjectId, team: TeamId) -> RemoveProjectTeam {
    RemoveProjectTeam { project: ProjectRef::Id(project), team }
}

fn rename(project: ProjectId) -> EditProject {
    edit(project, ProjectFields { name: ProjectName::parse("Other").ok(), ..ProjectFields::default() })
}

#[tokio::test]
async fn a_team_in_a_project_lets_its_members_in() {
    let scene = Scene::new();
    let secret = scene.private_project(1, "SEC", &[(Person::Member, MANAGER)]);
    let team = scene.add_team(1, &[Person::Peer, Person::Guest], &[]);
    let gone = || Err(AppError::NotFound("project"));
    assert_eq!(scene.run(Person::Peer, rename(secret)).await, gone());
    let added = scene.run(Person::Member, set_team(secret, team, VIEWER)).await.unwrap();
    assert_eq!((added.name.as_str(), added.role, added.custom_role), ("Team 1", VIEWER, None));
    assert_eq!(scene.run(Person::Peer, rename(secret)).await, refused(Permission::EditProject));
    scene.run(Person::Member, set_team(secret, team, MANAGER)).await.unwrap();
    assert_eq!(scene.run(Person::Peer, rename(secret)).await.unwrap().name, "Other");
    assert_eq!(scene.run(Person::Guest, rename(secret)).await, refused(Permission::EditProject), "guests never manage");
    scene.run(Person::Member, remove_team(secret, team)).await.unwrap();
    assert_eq!(scene.run(Person::Peer, rename(secret)).await, gone());
    assert_eq!(scene.run(Person::Guest, rename(secret)).await, gone());
    let told: Vec<_> = scene.told().into_iter().filter(|name| name.starts_with("project.team")).collect();
    assert_eq!(told, ["project.team_added", "project.team_role_changed", "project.team_removed"]);
}

#[tokio::test]
async fn what_they_have_themselves_and_by_their_teams_adds_up() {
    let scene = Scene::new();
    let open = scene.add_project(1, "ENG", Visibility::Organization, &[(Person::Peer, VIEWER)]);
    assert_eq!(scene.run(Person::Peer, rename(open)).await, refused(Permission::EditProject));
    let team = scene.add_team(1, &[Person::Peer, Person::Member], &[(open, MANAGER)]);
    assert!(scene.run(Person::Peer, rename(open)).await.is_ok());
    // As with a role of one's own, a team can restrict a member where the project is open.
    scene.run(Person::Admin, set_team(open, team, VIEWER)).await.unwrap();
    let create = crate::in_memory::create_task(open);
    assert_eq!(scene.run(Person::Member, create).await.unwrap_err(), AppError::Forbidden(Permission::CreateTask));
}

#[tokio::test]
async fn teams_are_given_to_projects_by_their_managers() {
    let scene = Scene::new();
    let open = scene.open_project(1, "ENG");
    let secret = scene.private_project(2, "SEC", &[(Person::Member, MANAGER)]);
    let team = scene.add_team(1, &[Person::Peer], &[]);
    assert_eq!(
        scene.run(Person::Member, set_team(open, team, VIEWER)).await,
        refused(Permission::ManageProjectMembers)
    );
    let gone = || Err(AppError::NotFound("project"));
    assert_eq!(scene.run(Person::Admin, set_team(secret, team, VIEWER)).await, gone());
    assert_eq!(scene.run(Person::Stranger, set_team(open, team, VIEWER)).await, gone());
    let no_team = || AppError::NotFound("team");
    assert_eq!(scene.run(Person::Admin, set_team(open, team_id(9), VIEWER)).await, Err(no_team()));
    assert_eq!(scene.run(Person::Admin, remove_team(open, team)).await, Err(no_team()));
    scene.run(Person::Admin, set_team(open, team, VIEWER)).await.unwrap();
    scene.archive(open);
    assert_eq!(scene.run(Person::Admin, set_team(open, team, MANAGER)).await, broken(ProjectError::Archived));
    assert_eq!(scene.run(Person::Admin, remove_team(open, team)).await, Ok(()));
}

#[tokio::test]
async fn a_private_project_keeps_a_manager_who_is_a_person() {
    let scene = Scene::new();
    let id = scene.private_project(1, "SEC", &[(Person::Member, MANAGER)]);
    let team = scene.add_team(1, &[Person::Peer], &[(id, MANAGER)]);
    assert_eq!(scene.run(Person::Peer, remove(id, Person::Member)).await, broken(ProjectError::LastManager));
    assert_eq!(scene.run(Person::Member, remove_team(id, team)).await, Ok(()));
}

#[tokio::test]
async fn who_is_in_by_a_team_may_lead_and_leads_no_more_when_it_goes() {
    let scene = Scene::new();
    let id = scene.private_project(1, "SEC", &[(Person::Member, MANAGER), (Person::Peer, VIEWER)]);
    let lead = |who: Person| edit(id, ProjectFields { lead_id: Some(Some(who.id())), ..ProjectFields::default() });
    assert_eq!(scene.run(Person::Member, lead(Person::Guest)).await, broken(ProjectError::LeadOutsideProject));
    let team = scene.add_team(1, &[Person::Guest, Person::Peer], &[(id, VIEWER)]);
    scene.run(Person::Member, lead(Person::Guest)).await.unwrap();
    scene.run(Person::Member, lead(Person::Peer)).await.unwrap();
    let leads = || scene.store.data().projects[0].1.lead_id;
    scene.run(Person::Member, remove(id, Person::Peer)).await.unwrap();
    assert_eq!(leads(), Some(Person::Peer.id()), "the team is in it still");
    scene.run(Person::Member, remove_team(id, team)).await.unwrap();
    assert_eq!(leads(), None);
}

#[tokio::test]
async fn there_is_an_end_to_the_teams_of_a_project_and_to_the_projects_of_a_team() {
    let scene = Scene::new();
    let open = scene.open_project(1, "ENG");
    let team = scene.add_team(1, &[], &[]);
    for n in 0..Project::MAX_TEAMS {
        scene.add_team(100 + u128::from(n), &[], &[(open, VIEWER)]);
    }
    assert_eq!(scene.run(Person::Admin, set_team(open, team, VIEWER)).await, broken(ProjectError::TooManyTeams));
    let first = team_id(100);
    assert!(scene.run(Person::Admin, set_team(open, first, MANAGER)).await.is_ok(), "it is in it already");
    let everywhere: Vec<_> = (0..Team::MAX_PROJECTS).map(|n| (project_id(1_000 + u128::from(n)), VIEWER)).collect();
    let busy = scene.add_team(2, &[], &everywhere);
    let full = scene.run(Person::Admin, set_team(open, busy, VIEWER)).await;
    assert_eq!(full, broken(OrganizationError::TeamInTooManyProjects));
}
