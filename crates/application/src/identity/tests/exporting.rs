use std::sync::Arc;

use tenon_domain::identity::{ExternalIdentityState, ExternalSubject, Issuer, ProviderKey};
use tenon_domain::{ExternalIdentityId, OrganizationId, TeamId};
use uuid::Uuid;

use super::*;
use crate::in_memory::at;
use crate::notifications::MockNotificationQueries;
use crate::organizations::{MockOrganizationQueries, MockTeamQueries, OrganizationView, TeamView};
use crate::page::{Page, Position};
use crate::tasks::{MockTaskQueries, TaskView};

fn page<T>(items: Vec<T>) -> Page<T> {
    Page { items, next: None, total: None }
}

/// A scene whose peer belongs to these organizations, which may require a second factor.
fn scene(organizations: Vec<(OrganizationId, bool)>) -> Scene {
    let mut scene = Scene::new();
    let view = |(id, require_mfa)| OrganizationView {
        id,
        name: "Acme".to_owned(),
        role: tenon_domain::access::OrganizationRole::Member,
        custom_role: None,
        require_mfa,
        version: 1,
        created_at: at(0),
        updated_at: at(0),
    };
    let views: Vec<_> = organizations.into_iter().map(view).collect();
    let mut queries = MockOrganizationQueries::new();
    queries.expect_list().returning(move |_, _| Ok(page(views.clone())));
    scene.app.queries.organizations = Arc::new(queries);
    scene
}

#[tokio::test]
async fn an_export_holds_so_many_of_each_kind_and_tells_where_there_are_more() {
    let elsewhere = OrganizationId::new(Uuid::from_u128(0xB0));
    let mut scene = scene(vec![(Scene::ACME, false), (elsewhere, false)]);
    scene.add_task(1, scene.open_project(1, "ENG"), &[Person::Peer]);
    let task = TaskView::from(scene.store.data().tasks[0].1.clone());
    let mut notifications = MockNotificationQueries::new();
    notifications.expect_list().returning(|_, _, _| Ok(page(Vec::new())));
    let mut tasks = MockTaskQueries::new();
    tasks.expect_list().returning(move |_, filter, request| {
        assert!(filter.reporters == [Person::Peer.id()] || filter.assignees == [Person::Peer.id()]);
        if !filter.assignees.is_empty() {
            return Ok(page(vec![task.clone()]));
        }
        // There is no end to what the peer reported.
        let items = (0..request.limit).map(|_| task.clone()).collect();
        Ok(Page { items, next: Some(Position { values: Vec::new(), id: task.id.uuid() }), total: None })
    });
    let mut teams = MockTeamQueries::new();
    teams.expect_list().returning(|_, member, _| {
        assert_eq!(member, Some(Person::Peer.id()));
        let team = TeamView {
            id: TeamId::new(Uuid::from_u128(7)),
            name: "Platform".to_owned(),
            description: None,
            member_count: 1,
            version: 1,
            created_at: at(0),
            updated_at: at(0),
        };
        Ok(page(vec![team]))
    });
    scene.app.queries.teams = Arc::new(teams);
    scene.app.queries.notifications = Arc::new(notifications);
    scene.app.queries.tasks = Arc::new(tasks);

    let export = scene.app.ask(&Person::Peer.actor(), ExportAccount).await.unwrap();
    assert_eq!(export.profile.email, "peer@example.com");
    let [acme, other] = export.memberships.items.as_slice() else { panic!("two organizations") };
    assert_eq!((acme.reported_tasks.items.len() as u64, acme.reported_tasks.truncated), (ExportAccount::MOST, true));
    assert_eq!((other.reported_tasks.items.len(), other.reported_tasks.truncated), (0, true), "no room is left");
    for membership in [acme, other] {
        assert_eq!((membership.assigned_tasks.items.len(), membership.assigned_tasks.truncated), (1, false));
        assert_eq!((membership.teams.items[0].name.as_str(), membership.teams.truncated), ("Platform", false));
        assert_eq!((membership.notifications.truncated, membership.withheld), (false, false));
    }
    assert_eq!(acme.assigned_tasks.items[0].key, "ENG-1");
}

#[tokio::test]
async fn what_takes_a_second_factor_is_withheld_from_who_has_none() {
    // Teams, notifications and tasks are not even asked for.
    let scene = scene(vec![(Scene::ACME, true)]);
    let export = scene.app.ask(&Person::Peer.actor(), ExportAccount).await.unwrap();
    let [acme] = export.memberships.items.as_slice() else { panic!("one organization") };
    assert!(
        acme.withheld
            && acme.teams.items.is_empty()
            && acme.notifications.items.is_empty()
            && acme.reported_tasks.items.is_empty()
    );
}

#[tokio::test]
async fn who_one_is_to_identity_providers_is_exported() {
    let scene = scene(Vec::new());
    let identity = |of: Person| ExternalIdentityState {
        id: ExternalIdentityId::new(Uuid::from_u128(0x1D00 + of as u128)),
        user_id: of.id(),
        provider: ProviderKey::Deployment("company".to_owned()),
        issuer: Issuer::parse("https://login.example.com").unwrap(),
        subject: ExternalSubject::parse(&of.name()).unwrap(),
        created_at: at(0),
        last_used_at: at(1),
    };
    scene.store.data().external_identities.extend([Person::Peer, Person::Member].map(identity));
    let export = scene.app.ask(&Person::Peer.actor(), ExportAccount).await.unwrap();
    let [own] = export.identities.items.as_slice() else { panic!("one's own alone") };
    assert_eq!((own.provider.as_str(), own.subject.as_str()), ("company", "Peer"));
    assert!(!export.identities.truncated);
}
