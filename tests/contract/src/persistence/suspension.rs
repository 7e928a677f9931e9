//! Who is suspended is a member without access, whatever asks.

use std::time::Duration;

use tenon_application::organizations::{MemberFilter, SuspendMember, UnsuspendMember};
use tenon_application::projects::{EditProject, ProjectFields, ProjectRef, SetProjectTeam};
use tenon_application::tasks::{EditTask, TaskFields, TaskRef};
use tenon_application::{AppError, Denial, StoreError};
use tenon_domain::access::{OrganizationRole, ProjectRole, Visibility};
use tenon_domain::identity::{Client, Session, TokenHash};
use tenon_domain::organizations::{Member, MemberStatus};
use tenon_domain::tasks::Assignees;
use tenon_domain::{OrganizationId, UserId};

use super::fixture::{Fixture, Person, email};
use super::lists::request;
use super::on_every_database;
use super::teams::{fill, team};

on_every_database! {
    a_suspended_member_comes_back_as_saved,
    who_is_suspended_has_no_access_and_gets_it_back,
    who_is_suspended_is_no_insider_and_keeps_their_assignments,
    teams_let_nobody_in_who_is_suspended_and_keep_what_they_have,
    owners_who_are_suspended_do_not_count,
    the_last_two_owners_do_not_suspend_each_other,
    users_return_to_where_they_are_not_suspended,
    members_are_listed_by_their_state,
}

async fn suspend(fixture: &Fixture, by: &Person, user: UserId) {
    fixture.app.execute(&by.actor, SuspendMember { user, expected_version: None }).await.unwrap();
}

async fn a_suspended_member_comes_back_as_saved(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let user = fixture.join(&ada, "bob", OrganizationRole::Member).await.viewer.user;
    fixture.clock.advance(Duration::from_millis(1));
    let mut unit = fixture.unit(&ada).await;
    let mut member = unit.members().find(user).await.unwrap().unwrap();
    let mut earlier = member.clone();
    member.suspend(1, fixture.now()).unwrap();
    let saved = unit.members().save(member).await.unwrap();
    assert_eq!((saved.suspended_at, saved.version), (Some(fixture.now()), 2));
    assert_eq!(*unit.members().find(user).await.unwrap().unwrap().state(), saved);
    earlier.suspend(1, fixture.now()).unwrap();
    assert_eq!(unit.members().save(earlier).await, Err(StoreError::Stale));
    assert!(unit.commit().await.unwrap());

    let mut unit = fixture.unit(&ada).await;
    let mut member = unit.members().find(user).await.unwrap().unwrap();
    member.unsuspend(fixture.now()).unwrap();
    let saved = unit.members().save(member).await.unwrap();
    assert_eq!((saved.suspended_at, saved.version), (None, 3));
    assert_eq!(*unit.members().find(user).await.unwrap().unwrap().state(), saved);
}

/// Everything that is asked about the access of a member.
pub(super) async fn has_access(fixture: &Fixture, ada: &Person, bob: &Person) -> Vec<bool> {
    let (organization, user) = (ada.viewer.organization, bob.viewer.user);
    let (queries, page) = (&fixture.queries, request(10, vec![]));
    let mut unit = fixture.unit(ada).await;
    let mut answers = vec![
        unit.members().role_in(user, organization).await.unwrap().is_some(),
        unit.members().among(&[user]).await.unwrap() == [user],
        unit.members().hold(user).await.unwrap(),
    ];
    drop(unit);
    answers.extend([
        fixture.deployment().await.members().home_of(user).await.unwrap().is_some(),
        queries.identity.role(organization, user).await.unwrap().is_some(),
        queries.organizations.find(bob.viewer).await.unwrap().is_some(),
        !queries.organizations.list(user, &page).await.unwrap().items.is_empty(),
    ]);
    answers
}

async fn who_is_suspended_has_no_access_and_gets_it_back(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Admin).await;
    let user = bob.viewer.user;
    assert_eq!(has_access(fixture, &ada, &bob).await, [true; 7]);
    suspend(fixture, &ada, user).await;
    assert_eq!(has_access(fixture, &ada, &bob).await, [false; 7]);

    // A member all the same, who is not invited and does not join again.
    let mut unit = fixture.unit(&ada).await;
    assert!(unit.members().has_address(&email("bob")).await.unwrap());
    let again = Member::join(user, "bob".into(), OrganizationRole::Member, None, fixture.now());
    assert!(matches!(unit.members().save(again).await, Err(StoreError::Duplicate(_))));
    drop(unit);
    let organizations: Vec<OrganizationId> = vec![ada.viewer.organization];
    assert_eq!(fixture.deployment().await.members().organizations_of(user).await.unwrap(), organizations);

    fixture.app.execute(&ada.actor, UnsuspendMember { user, expected_version: None }).await.unwrap();
    assert_eq!(has_access(fixture, &ada, &bob).await, [true; 7]);
    let role = fixture.queries.identity.role(ada.viewer.organization, user).await.unwrap();
    assert_eq!(role, Some(OrganizationRole::Admin.into()), "the role that they had");
}

async fn who_is_suspended_is_no_insider_and_keeps_their_assignments(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let (a, b, now) = (ada.viewer.user, bob.viewer.user, fixture.now());
    let mut projects = Vec::new();
    for (key, visibility) in [("ONE", Visibility::Organization), ("TWO", Visibility::Private)] {
        let project = fixture.project(&ada, key, visibility).await.id;
        let mut unit = fixture.unit(&ada).await;
        unit.projects().set_role(project, b, Some(ProjectRole::Contributor.into()), now).await.unwrap();
        unit.commit().await.unwrap();
        let task = fixture.task(&ada, project, "Fix the door").await;
        let fields = TaskFields { assignees: Some(Assignees::parse([a, b]).unwrap()), ..TaskFields::default() };
        let assign = EditTask { task: TaskRef::Id(task.id), fields, expected_version: None };
        fixture.app.execute(&ada.actor, assign).await.unwrap();
        projects.push((project, task.id));
    }
    suspend(fixture, &ada, b).await;
    for (project, task) in &projects {
        let mut unit = fixture.unit(&ada).await;
        assert_eq!(unit.projects().insiders(*project, &[a, b]).await.unwrap(), [a]);
        assert_eq!(unit.projects().insiders_of_all(&[*project], &[a, b]).await.unwrap(), [(*project, a)]);
        unit.projects().unassign_outsiders(*project, now).await.unwrap();
        assert_eq!(unit.projects().role(*project, b).await.unwrap(), Some(ProjectRole::Contributor.into()));
        unit.commit().await.unwrap();
        let task = fixture.queries.tasks.find(ada.viewer, &TaskRef::Id(*task)).await.unwrap().unwrap();
        assert_eq!(task.assignee_ids, [a, b]);
    }
    fixture.app.execute(&ada.actor, UnsuspendMember { user: b, expected_version: None }).await.unwrap();
    let mut insiders = fixture.unit(&ada).await.projects().insiders(projects[1].0, &[a, b]).await.unwrap();
    insiders.sort();
    assert_eq!(insiders, [a, b]);
}

async fn teams_let_nobody_in_who_is_suspended_and_keep_what_they_have(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let (a, b, now) = (ada.viewer.user, bob.viewer.user, fixture.now());
    let (team, project) =
        (team(fixture, &ada, "Platform").await, fixture.project(&ada, "SEC", Visibility::Private).await.id);
    fill(fixture, &ada, team, [b]).await;
    let add = SetProjectTeam { project: ProjectRef::Id(project), team, role: ProjectRole::Contributor.into() };
    fixture.app.execute(&ada.actor, add).await.unwrap();
    let fields = ProjectFields { lead_id: Some(Some(b)), ..ProjectFields::default() };
    let lead = EditProject { project: ProjectRef::Id(project), fields, expected_version: None };
    fixture.app.execute(&ada.actor, lead).await.unwrap();
    let task = fixture.task(&ada, project, "Fix the door").await.id;
    let fields = TaskFields { assignees: Some(Assignees::parse([b]).unwrap()), ..TaskFields::default() };
    let assign = EditTask { task: TaskRef::Id(task), fields, expected_version: None };
    fixture.app.execute(&ada.actor, assign).await.unwrap();

    suspend(fixture, &ada, b).await;
    let mut unit = fixture.unit(&ada).await;
    assert_eq!(unit.projects().insiders(project, &[a, b]).await.unwrap(), [a]);
    assert_eq!(unit.projects().insiders_of_all(&[project], &[a, b]).await.unwrap(), [(project, a)]);
    unit.projects().release_outsiders(&[project], &[a, b], now).await.unwrap();
    assert_eq!(unit.teams().members(team).await.unwrap(), [b]);
    unit.commit().await.unwrap();
    let task = fixture.queries.tasks.find(ada.viewer, &TaskRef::Id(task)).await.unwrap().unwrap();
    assert_eq!(task.assignee_ids, [b]);
    let led = fixture.queries.projects.find(ada.viewer, &ProjectRef::Id(project)).await.unwrap().unwrap();
    assert_eq!(led.lead_id, Some(b));

    fixture.app.execute(&ada.actor, UnsuspendMember { user: b, expected_version: None }).await.unwrap();
    assert_eq!(fixture.unit(&ada).await.projects().insiders(project, &[b]).await.unwrap(), [b]);
}

async fn owners_who_are_suspended_do_not_count(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Owner).await;
    fixture.join(&ada, "max", OrganizationRole::Admin).await;
    let (a, b) = (ada.viewer.user, bob.viewer.user);
    let counted = || async {
        let mut unit = fixture.unit(&ada).await;
        let mut owners = unit.members().owners().await.unwrap();
        owners.sort();
        assert_eq!(unit.members().count_owners().await.unwrap(), owners.len() as u64);
        (owners, unit.members().other_owner(a).await.unwrap())
    };
    let mut both = vec![a, b];
    both.sort();
    assert_eq!(counted().await, (both.clone(), Some(b)));
    suspend(fixture, &ada, b).await;
    assert_eq!(counted().await, (vec![a], None));
    fixture.app.execute(&ada.actor, UnsuspendMember { user: b, expected_version: None }).await.unwrap();
    assert_eq!(counted().await, (both, Some(b)));
}

async fn the_last_two_owners_do_not_suspend_each_other(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Owner).await;
    for _ in 0..5 {
        let suspend = |by: &Person, whom: &Person| {
            let (app, actor, user) = (fixture.app.clone(), by.actor.clone(), whom.viewer.user);
            tokio::spawn(async move { app.execute(&actor, SuspendMember { user, expected_version: None }).await })
        };
        let (first, second) = (suspend(&ada, &bob), suspend(&bob, &ada));
        let outcomes = [first.await.unwrap(), second.await.unwrap()];
        // Whoever comes second is found suspended.
        let refused = AppError::Unauthenticated(Denial::EndedSession);
        let refusals = outcomes.iter().filter(|outcome| outcome.as_ref().err() == Some(&refused)).count();
        let suspended: Vec<_> = outcomes.iter().flatten().map(|member| member.user_id).collect();
        assert_eq!((suspended.len(), refusals), (1, 1), "{outcomes:?}");
        let (user, by) = (suspended[0], if suspended[0] == ada.viewer.user { &bob } else { &ada });
        fixture.app.execute(&by.actor, UnsuspendMember { user, expected_version: None }).await.unwrap();
    }
}

async fn users_return_to_where_they_are_not_suspended(fixture: &Fixture) {
    let (ada, bob) = (fixture.found("ada").await, fixture.found("bob").await);
    let user = fixture.user("max");
    let max = user.state().id;
    let mut unit = fixture.deployment().await;
    unit.users().save(user).await.unwrap();
    unit.commit().await.unwrap();
    for host in [&ada, &bob] {
        fixture.clock.advance(Duration::from_secs(1));
        let mut unit = fixture.unit(host).await;
        let member = Member::join(max, "max".into(), OrganizationRole::Member, None, fixture.now());
        unit.members().save(member).await.unwrap();
        let hash = TokenHash::new("x".into());
        let organization = host.viewer.organization;
        let session = Session::start(fixture.id(), max, organization, hash, Client::default(), fixture.now());
        unit.sessions().save(session).await.unwrap();
        unit.commit().await.unwrap();
    }
    let home = || async { fixture.deployment().await.members().home_of(max).await.unwrap().map(|(home, _)| home) };
    assert_eq!(home().await, Some(bob.viewer.organization), "used last");
    suspend(fixture, &bob, max).await;
    assert_eq!(home().await, Some(ada.viewer.organization));
    suspend(fixture, &ada, max).await;
    assert_eq!(home().await, None);
    fixture.app.execute(&bob.actor, UnsuspendMember { user: max, expected_version: None }).await.unwrap();
    assert_eq!(home().await, Some(bob.viewer.organization));
}

async fn members_are_listed_by_their_state(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let bob = fixture.join(&ada, "bob", OrganizationRole::Member).await;
    let max = fixture.join(&ada, "max", OrganizationRole::Guest).await;
    suspend(fixture, &ada, bob.viewer.user).await;
    let (a, b, m) = (ada.viewer.user, bob.viewer.user, max.viewer.user);
    let listed = |roles: &[OrganizationRole], statuses: &[MemberStatus]| {
        let filter = MemberFilter { roles: roles.to_vec(), statuses: statuses.to_vec(), ..MemberFilter::default() };
        async move {
            let page = tenon_application::PageRequest { include_total: true, ..request(10, vec![]) };
            let found = fixture.queries.organizations.members(ada.viewer, &filter, &page).await.unwrap();
            assert_eq!(found.total, Some(found.items.len() as u64));
            let mut members: Vec<_> =
                found.items.into_iter().map(|it| (it.user_id, it.suspended_at.is_some())).collect();
            members.sort();
            members
        }
    };
    let sorted = |mut members: Vec<(UserId, bool)>| {
        members.sort();
        members
    };
    let everybody = sorted(vec![(a, false), (b, true), (m, false)]);
    assert_eq!(listed(&[], &[]).await, everybody);
    assert_eq!(listed(&[], MemberStatus::ALL).await, everybody);
    assert_eq!(listed(&[], &[MemberStatus::Active]).await, sorted(vec![(a, false), (m, false)]));
    assert_eq!(listed(&[], &[MemberStatus::Suspended]).await, [(b, true)]);
    assert!(listed(&[OrganizationRole::Guest], &[MemberStatus::Suspended]).await.is_empty());
}
