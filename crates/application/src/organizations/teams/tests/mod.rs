mod leaving;

use tenon_domain::access::{OrganizationRole, Permission, ProjectRole};
use tenon_domain::organizations::{OrganizationError, TeamDescription, TeamName};
use tenon_domain::{TeamId, Violation};

use super::*;
use crate::error::AppError;
use crate::in_memory::{Person, Scene, at, team_id};

const VIEWER: ProjectRole = ProjectRole::Viewer;
const MANAGER: ProjectRole = ProjectRole::Manager;

fn create(name: &str) -> CreateTeam {
    let description = TeamDescription::parse("What all stand on.").unwrap();
    CreateTeam { name: TeamName::parse(name).unwrap(), description }
}

fn edit(team: TeamId, name: &str) -> EditTeam {
    let name = TeamName::parse(name).ok();
    EditTeam { team, name, description: None, expected_version: None }
}

fn add(team: TeamId, who: Person) -> AddTeamMember {
    AddTeamMember { team, user: who.id() }
}

fn remove(team: TeamId, who: Person) -> RemoveTeamMember {
    RemoveTeamMember { team, user: who.id() }
}

fn broken<T>(violation: impl Into<Violation>) -> Result<T, AppError> {
    Err(AppError::Violations(vec![violation.into()]))
}

#[tokio::test]
async fn teams_are_made_changed_and_deleted_by_admins() {
    let scene = Scene::new();
    let team = scene.run(Person::Admin, create("Platform")).await.unwrap();
    assert_eq!((team.name.as_str(), team.member_count, team.version), ("Platform", 0, 1));
    assert_eq!(team.description.as_deref(), Some("What all stand on."));
    let stale = EditTeam { expected_version: Some(7), ..edit(team.id, "Base") };
    assert_eq!(scene.run(Person::Admin, stale).await, Err(AppError::PreconditionFailed));
    scene.run(Person::Owner, add(team.id, Person::Peer)).await.unwrap();
    let edited = scene.run(Person::Admin, edit(team.id, "Base")).await.unwrap();
    assert_eq!((edited.name.as_str(), edited.member_count, edited.version), ("Base", 1, 3));
    let delete = |version| DeleteTeam { team: team.id, expected_version: version };
    assert_eq!(scene.run(Person::Admin, delete(Some(1))).await, Err(AppError::PreconditionFailed));
    scene.run(Person::Admin, delete(None)).await.unwrap();
    assert_eq!(scene.run(Person::Admin, delete(None)).await, Err(AppError::NotFound("team")));
    assert_eq!(scene.told(), ["team.created", "team.member_added", "team.updated", "team.deleted"]);
}

#[tokio::test]
async fn nobody_else_manages_teams() {
    let scene = Scene::new();
    let team = scene.add_team(1, &[Person::Guest], &[]);
    for who in [Person::Member, Person::Guest] {
        let refused = AppError::Forbidden(Permission::ManageTeams);
        assert_eq!(scene.run(who, create("Mine")).await, Err(refused.clone()));
        assert_eq!(scene.run(who, edit(team, "Mine")).await, Err(refused.clone()));
        let delete = DeleteTeam { team, expected_version: None };
        assert_eq!(scene.run(who, delete).await, Err(refused.clone()));
        assert_eq!(scene.run(who, add(team, who)).await, Err(refused.clone()));
        assert_eq!(scene.run(who, remove(team, Person::Admin)).await, Err(refused));
    }
    // To another organization's owner there is no such team.
    let gone = || AppError::NotFound("team");
    assert_eq!(scene.run(Person::Stranger, edit(team, "Mine")).await, Err(gone()));
    assert_eq!(scene.run(Person::Stranger, add(team, Person::Stranger)).await, Err(gone()));
    assert_eq!(scene.run(Person::Stranger, remove(team, Person::Stranger)).await, Err(gone()));
    assert_eq!(scene.run(Person::Stranger, DeleteTeam { team, expected_version: None }).await, Err(gone()));
}

#[tokio::test]
async fn names_are_used_once_whatever_their_case() {
    let scene = Scene::new();
    let first = scene.run(Person::Admin, create("Platform")).await.unwrap();
    let taken = || broken(OrganizationError::TeamNameTaken);
    assert_eq!(scene.run(Person::Admin, create("PLATFORM")).await, taken());
    let second = scene.run(Person::Admin, create("Base")).await.unwrap();
    assert_eq!(scene.run(Person::Admin, edit(second.id, "platform")).await, taken());
    assert_eq!(scene.run(Person::Admin, edit(first.id, "PLATFORM")).await.unwrap().name, "PLATFORM");
    assert!(
        scene.run(Person::Stranger, create("Platform")).await.is_ok(),
        "other organizations have teams of their own"
    );
}

#[tokio::test]
async fn members_of_the_organization_are_added_once_guests_too() {
    let scene = Scene::new();
    let team = scene.run(Person::Admin, create("Platform")).await.unwrap().id;
    let outside = || broken(OrganizationError::TeamMemberOutsideOrganization);
    assert_eq!(scene.run(Person::Admin, add(team, Person::Stranger)).await, outside());
    let added = scene.run(Person::Admin, add(team, Person::Guest)).await.unwrap();
    assert_eq!((added.display_name.as_str(), added.added_at), ("Guest", at(10)));
    scene.clock.set(20);
    assert_eq!(scene.run(Person::Admin, add(team, Person::Guest)).await.unwrap(), added, "they are in it already");
    assert_eq!(scene.told(), ["team.created", "team.member_added"]);
    let unknown = scene.run(Person::Admin, add(team_id(9), Person::Guest)).await;
    assert_eq!(unknown, Err(AppError::NotFound("team")));
}

#[tokio::test]
async fn everybody_may_leave_and_who_is_in_no_team_is_not_told_of_it() {
    let scene = Scene::new();
    let team = scene.add_team(1, &[Person::Guest, Person::Peer], &[]);
    assert_eq!(scene.run(Person::Guest, remove(team, Person::Guest)).await, Ok(()));
    assert_eq!(scene.run(Person::Guest, remove(team, Person::Guest)).await, Err(AppError::NotFound("team")));
    assert_eq!(scene.run(Person::Admin, remove(team, Person::Guest)).await, Err(AppError::NotFound("member")));
    assert_eq!(scene.run(Person::Admin, remove(team, Person::Peer)).await, Ok(()));
    assert_eq!(scene.told(), ["team.member_removed", "team.member_removed"]);
}
