use std::time::Duration;

use chrono::DateTime;
use sea_orm::{ConnectionTrait, DbBackend};
use tenon_application::audit::{AuditEntryView, AuditFilter};
use tenon_application::events::{ActorRecord, ChangeRecord, SubjectRecord};
use tenon_application::{Scope, StoreError};

use super::fixture::{Fixture, Person};
use super::lists::{request, walk};
use super::on_every_database;

on_every_database! {
    an_entry_comes_back_as_appended,
    entries_are_filtered_and_listed_newest_first,
    the_database_refuses_to_change_or_delete_an_entry,
}

pub(super) fn entry(fixture: &Fixture, actor: &Person, action: &str) -> AuditEntryView {
    let change = r#"{"field": "title", "from": null, "to": ["a", 1, "ü"]}"#;
    let change: ChangeRecord = serde_json::from_str(change).unwrap();
    AuditEntryView {
        id: fixture.id(),
        action: action.into(),
        actor: ActorRecord { kind: "user".into(), id: Some(actor.viewer.user.uuid()), token: Some(fixture.id()) },
        actor_name: Some("Ada".into()),
        resource: SubjectRecord { kind: "task".into(), id: fixture.id(), name: "ENG-1 🚪".into() },
        changes: vec![change],
        ip: Some("203.0.113.9".into()),
        user_agent: Some("curl/8".into()),
        request_id: Some("r-1".into()),
        occurred_at: fixture.now(),
    }
}

async fn append(fixture: &Fixture, person: &Person, entry: &AuditEntryView) {
    let mut unit = fixture.unit(person).await;
    unit.audit().append(vec![entry.clone()]).await.unwrap();
    unit.commit().await.unwrap();
}

async fn an_entry_comes_back_as_appended(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let appended = entry(fixture, &ada, "task.created");
    append(fixture, &ada, &appended).await;
    let page = fixture.queries.audit.list(ada.viewer, &AuditFilter::default(), &request(10, vec![])).await.unwrap();
    assert_eq!(page.items, std::slice::from_ref(&appended));
    let mut unit = fixture.unit(&ada).await;
    assert!(matches!(unit.audit().append(vec![appended]).await, Err(StoreError::Duplicate(_))));
    drop(unit);

    // An attempt on an unknown account belongs to no organization.
    let mut unit = fixture.transactions.begin(Scope::Deployment, &ada.actor, fixture.now()).await.unwrap();
    unit.audit().append(vec![entry(fixture, &ada, "auth.sign_in_failed")]).await.unwrap();
    unit.commit().await.unwrap();
    let page = fixture.queries.audit.list(ada.viewer, &AuditFilter::default(), &request(10, vec![])).await.unwrap();
    assert_eq!(page.items.len(), 1);
}

async fn entries_are_filtered_and_listed_newest_first(fixture: &Fixture) {
    let (ada, eve) = (fixture.found("ada").await, fixture.found("eve").await);
    let mut expected = Vec::new();
    for number in 0..8 {
        fixture.clock.advance(Duration::from_secs(1));
        let actor = if number % 2 == 0 { &ada } else { &eve };
        let mut entry = entry(fixture, actor, if number < 4 { "task.created" } else { "task.updated" });
        if number == 7 {
            entry.resource.kind = "project".into();
        }
        append(fixture, &ada, &entry).await;
        expected.insert(0, entry);
    }
    let queries = &fixture.queries.audit;
    let matching = async |filter: AuditFilter| {
        let filter = &filter;
        let mut counted = request(3, vec![]);
        counted.include_total = true;
        let total = queries.list(ada.viewer, filter, &counted).await.unwrap().total.unwrap();
        let entries =
            walk(request(3, vec![]), |request| async move { queries.list(ada.viewer, filter, &request).await }).await;
        assert_eq!(total, entries.len() as u64);
        entries
    };
    let all = AuditFilter::default();
    assert_eq!(matching(all.clone()).await, expected);
    let of_eve = matching(AuditFilter { actors: vec![eve.viewer.user], ..all.clone() }).await;
    assert_eq!(of_eve.len(), 4);
    let actions = vec!["task.created".into(), "task.nothing".into()];
    assert_eq!(matching(AuditFilter { actions, ..all.clone() }).await, expected[4..]);
    let resource_types = vec!["project".into()];
    assert_eq!(matching(AuditFilter { resource_types, ..all.clone() }).await, expected[..1]);
    let resource_ids = vec![expected[2].resource.id, expected[5].resource.id];
    let by_resource = matching(AuditFilter { resource_ids, ..all.clone() }).await;
    assert_eq!(by_resource, [expected[2].clone(), expected[5].clone()]);
    let (from, to) = (Some(expected[5].occurred_at), Some(expected[2].occurred_at));
    let between = AuditFilter { from, to, ..all.clone() };
    assert_eq!(matching(between).await, expected[3..=5], "from is included, to is not");
    let far = DateTime::from_timestamp_secs(4_102_444_800);
    assert_eq!(matching(AuditFilter { to: far, ..all.clone() }).await, expected, "before 2100");
    assert!(matching(AuditFilter { from: far, ..all }).await.is_empty(), "after 2100");
}

async fn the_database_refuses_to_change_or_delete_an_entry(fixture: &Fixture) {
    let ada = fixture.found("ada").await;
    let appended = entry(fixture, &ada, "task.created");
    append(fixture, &ada, &appended).await;
    let mut attempts = vec!["UPDATE audit_entries SET action = 'forged'", "DELETE FROM audit_entries"];
    if fixture.database.backend() == DbBackend::Postgres {
        attempts.push("TRUNCATE audit_entries");
    }
    for attempt in attempts {
        let outcome = fixture.operator.execute_unprepared(attempt).await;
        let refusal = outcome.expect_err(attempt).to_string();
        assert!(refusal.contains("append-only"), "{refusal}");
    }
    let page = fixture.queries.audit.list(ada.viewer, &AuditFilter::default(), &request(10, vec![])).await.unwrap();
    assert_eq!(page.items, [appended]);
}
