//! One organization's unit of work and queries find nothing of another's, whatever ids they are given.

use tenon_application::audit::AuditFilter;
use tenon_application::organizations::{MemberFilter, OrganizationView};
use tenon_application::projects::{ProjectFilter, ProjectRef};
use tenon_application::tasks::{TaskFilter, TaskRef};
use tenon_application::{Scope, StoreError, Viewer};
use tenon_domain::access::{OrganizationRole, ProjectRole, Visibility};
use tenon_domain::organizations::{Invitation, OrganizationName};
use tenon_domain::projects::ProjectKey;
use tenon_domain::tasks::TaskKey;

use super::fixture::{Fixture, email};
use super::lists::request;
use super::{audit, notifications, on_every_database};

on_every_database! {
    people_of_another_organization_cannot_be_reached,
    work_of_another_organization_cannot_be_reached,
    queries_stay_in_the_viewers_organization,
    tenant_repositories_refuse_outside_any_organization,
}

async fn people_of_another_organization_cannot_be_reached(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    let bob = fixture.join(&ada, "bob", OrganizationRole::Owner).await;
    let invitation = fixture.id();
    let mut unit = fixture.unit(&ada).await;
    let new = Invitation::create(invitation, email("max"), OrganizationRole::Guest, ada.viewer.user, fixture.now());
    unit.invitations().save(new).await.unwrap();
    let mut organization = unit.organizations().current().await.unwrap().unwrap();
    let mut member = unit.members().find(bob.viewer.user).await.unwrap().unwrap();
    let mut revoked = unit.invitations().find(invitation).await.unwrap().unwrap();
    let view = notifications::notification(fixture, &ada);
    unit.notifications().insert(vec![(ada.viewer.user, view.clone(), fixture.id())]).await.unwrap();
    unit.commit().await.unwrap();

    organization.rename(OrganizationName::parse("Taken over").unwrap(), fixture.now());
    member.change_role(OrganizationRole::Guest, 2, fixture.now()).unwrap();
    revoked.revoke(fixture.now()).unwrap();
    let mut unit = fixture.unit(&eve).await;
    assert_eq!(unit.organizations().save(organization).await, Err(StoreError::Stale));
    assert!(unit.members().find(bob.viewer.user).await.unwrap().is_none());
    assert!(!unit.members().has_address(&email("bob")).await.unwrap());
    assert_eq!(unit.members().save(member.clone()).await, Err(StoreError::Stale));
    assert_eq!(unit.members().remove(member).await, Err(StoreError::Stale));
    assert_eq!(unit.members().count_owners().await.unwrap(), 1);
    assert_eq!(unit.members().other_owner(eve.viewer.user).await.unwrap(), None);
    assert!(unit.invitations().find(invitation).await.unwrap().is_none());
    assert!(!unit.invitations().pending_for(&email("max"), fixture.now()).await.unwrap());
    assert_eq!(unit.invitations().save(revoked).await, Err(StoreError::Stale));
    assert!(!unit.notifications().mark_read(ada.viewer.user, view.id, fixture.now()).await.unwrap());
    assert_eq!(unit.notifications().mark_all_read(ada.viewer.user, fixture.now()).await.unwrap(), 0);
    unit.commit().await.unwrap();

    assert_eq!(fixture.queries.notifications.count_unread(ada.viewer).await.unwrap(), 1);
    let role = fixture.queries.identity.role(ada.viewer.organization, bob.viewer.user).await.unwrap();
    assert_eq!(role, Some(OrganizationRole::Owner.into()));
    let mut unit = fixture.unit(&ada).await;
    assert!(unit.invitations().pending_for(&email("max"), fixture.now()).await.unwrap());
}

async fn work_of_another_organization_cannot_be_reached(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    let project = fixture.project(&ada, "ENG", Visibility::Organization).await.id;
    let task = fixture.task(&ada, project, "Fix the door").await;
    let (a, e, now) = (ada.viewer.user, eve.viewer.user, fixture.now());
    let mut unit = fixture.unit(&ada).await;
    let (mut taken, _) = unit.projects().find_for(project, a).await.unwrap().unwrap();
    let mut stolen = unit.tasks().find(&TaskRef::Id(task.id)).await.unwrap().unwrap();
    drop(unit);
    taken.archive(now).unwrap();
    stolen.delete(now);

    let key = ProjectKey::parse("ENG").unwrap();
    let mut unit = fixture.unit(&eve).await;
    assert_eq!(unit.projects().resolve(&ProjectRef::Key(key)).await.unwrap(), None);
    assert!(unit.projects().find_for(project, a).await.unwrap().is_none());
    assert_eq!(unit.projects().save(taken.clone()).await, Err(StoreError::Stale));
    assert_eq!(unit.projects().delete(taken).await, Err(StoreError::Stale));
    assert!(unit.projects().workflow(project).await.unwrap().statuses().is_empty());
    assert_eq!(unit.projects().role(project, a).await.unwrap(), None);
    assert_eq!(unit.projects().count_managers(project, None).await.unwrap(), 0);
    assert!(unit.projects().insiders(project, &[a, e]).await.unwrap().is_empty());
    assert_eq!(unit.members().among(&[a, e]).await.unwrap(), [e]);
    unit.projects().unassign_outsiders(project, now).await.unwrap();
    unit.projects().set_role(project, a, None, now).await.unwrap();
    unit.projects().release_outsiders(&[project], &[a, e], now).await.unwrap();
    unit.projects().release_user(a, e, now).await.unwrap();
    assert!(unit.tasks().find(&TaskRef::Id(task.id)).await.unwrap().is_none());
    assert!(unit.tasks().find(&TaskRef::Key(TaskKey::parse("ENG-1").unwrap())).await.unwrap().is_none());
    assert_eq!(unit.tasks().save(stolen).await, Err(StoreError::Stale));
    assert_eq!(unit.tasks().lineage(task.id).await.unwrap(), None);
    assert!(unit.tasks().next_number(project).await.is_err());
    unit.commit().await.unwrap();
    for (user, role) in [(a, ProjectRole::Viewer), (e, ProjectRole::Manager)] {
        let mut unit = fixture.unit(&eve).await;
        // Whether it is refused or comes to nothing: it must not grant or change a role over there.
        if unit.projects().set_role(project, user, Some(role.into()), now).await.is_ok() {
            unit.commit().await.unwrap();
        }
    }

    let mut unit = fixture.unit(&ada).await;
    let (found, role) = unit.projects().find_for(project, a).await.unwrap().unwrap();
    assert_eq!((found.state().archived_at, role), (None, Some(ProjectRole::Manager.permissions())));
    let (_, role) = unit.projects().find_for(project, e).await.unwrap().unwrap();
    assert_eq!(role, None);
    assert_eq!(unit.tasks().next_number(project).await.unwrap(), 2);
    drop(unit);
    assert_eq!(fixture.queries.tasks.find(ada.viewer, &TaskRef::Id(task.id)).await.unwrap(), Some(task));
}

async fn queries_stay_in_the_viewers_organization(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    let project = fixture.project(&ada, "ENG", Visibility::Organization).await;
    let task = fixture.task(&ada, project.id, "Fix the door").await;
    let view = notifications::notification(fixture, &ada);
    let mut unit = fixture.unit(&ada).await;
    unit.notifications().insert(vec![(ada.viewer.user, view.clone(), fixture.id())]).await.unwrap();
    unit.audit().append(vec![audit::entry(fixture, &ada, "task.created")]).await.unwrap();
    let invitation =
        Invitation::create(fixture.id(), email("max"), OrganizationRole::Guest, ada.viewer.user, fixture.now());
    unit.invitations().save(invitation).await.unwrap();
    unit.commit().await.unwrap();

    let queries = &fixture.queries;
    let total = |viewer: Viewer| async move {
        let counted = || tenon_application::PageRequest { include_total: true, ..request(10, vec![]) };
        let sorted = tenon_application::PageRequest { include_total: true, ..request(10, vec![]) };
        let tasks = tenon_application::PageRequest { include_total: true, ..request(10, vec![]) };
        let projects = queries.projects.list(viewer, &ProjectFilter::default(), &sorted).await.unwrap();
        let members = queries.projects.members(viewer, project.id, &counted()).await.unwrap();
        let tasks = queries.tasks.list(viewer, &TaskFilter::default(), &tasks).await.unwrap();
        let audit = queries.audit.list(viewer, &AuditFilter::default(), &counted()).await.unwrap();
        let inbox = queries.notifications.list(viewer, None, &counted()).await.unwrap();
        let invitations = queries.organizations.invitations(viewer, &[], fixture.now(), &counted()).await.unwrap();
        let counts = [projects.total, members.total, tasks.total, audit.total, inbox.total, invitations.total]
            .map(Option::unwrap);
        let lengths = [
            projects.items.len(),
            members.items.len(),
            tasks.items.len(),
            audit.items.len(),
            inbox.items.len(),
            invitations.items.len(),
        ];
        assert_eq!(counts.map(|count| usize::try_from(count).unwrap()), lengths);
        lengths
    };
    assert_eq!(total(ada.viewer).await, [1; 6]);
    // Eve in her own organization, and ada as she would be in eve's.
    for viewer in [eve.viewer, ada.intruding(&eve)] {
        assert_eq!(total(viewer).await, [0; 6]);
        let key = ProjectRef::Key(ProjectKey::parse("ENG").unwrap());
        assert_eq!(queries.projects.find(viewer, &ProjectRef::Id(project.id)).await.unwrap(), None);
        assert_eq!(queries.projects.find_id(viewer, &ProjectRef::Id(project.id)).await.unwrap(), None);
        assert_eq!(queries.projects.find_id(viewer, &key).await.unwrap(), None);
        assert_eq!(queries.projects.member(viewer, project.id, ada.viewer.user).await.unwrap(), None);
        assert_eq!(queries.tasks.find(viewer, &TaskRef::Id(task.id)).await.unwrap(), None);
        let key = TaskRef::Key(TaskKey::parse("ENG-1").unwrap());
        assert_eq!(queries.tasks.find(viewer, &key).await.unwrap(), None);
        assert_eq!(queries.notifications.find(viewer, view.id).await.unwrap(), None);
        assert_eq!(queries.notifications.count_unread(viewer).await.unwrap(), 0);
        let members =
            queries.organizations.members(viewer, &MemberFilter::default(), &request(10, vec![])).await.unwrap();
        assert_eq!(members.items.iter().map(|member| member.user_id).collect::<Vec<_>>(), [eve.viewer.user]);
    }
    assert_eq!(queries.organizations.find(ada.intruding(&eve)).await.unwrap(), None, "ada is no member there");
    let listed: Vec<OrganizationView> =
        queries.organizations.list(ada.viewer.user, &request(10, vec![])).await.unwrap().items;
    assert_eq!(listed.iter().map(|organization| organization.id).collect::<Vec<_>>(), [ada.viewer.organization]);
}

async fn tenant_repositories_refuse_outside_any_organization(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let user = ada.viewer.user;
    let broken = |outcome: Option<StoreError>| assert!(matches!(outcome, Some(StoreError::Broken(_))), "{outcome:?}");
    let mut unit = fixture.transactions.begin(Scope::Deployment, &ada.actor, fixture.now()).await.unwrap();
    broken(unit.organizations().current().await.err());
    broken(unit.members().find(user).await.err());
    broken(unit.members().count_owners().await.err());
    broken(unit.members().has_address(&email("ada")).await.err());
    broken(unit.invitations().find(fixture.id()).await.err());
    broken(unit.custom_roles().find(fixture.id()).await.err());
    broken(unit.projects().find_for(fixture.id(), user).await.err());
    broken(unit.projects().workflow(fixture.id()).await.err());
    broken(unit.tasks().find(&TaskRef::Id(fixture.id())).await.err());
    broken(unit.tasks().next_number(fixture.id()).await.err());
    broken(unit.notifications().mark_all_read(user, fixture.now()).await.err());
    unit.enter(ada.viewer.organization).await.unwrap();
    assert!(unit.members().find(user).await.unwrap().is_some());
}
