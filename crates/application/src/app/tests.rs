//! What the pipeline does for every command, whatever the command is.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use tenon_domain::Fact;
use tenon_domain::access::{OrganizationRole, Scope};
use tenon_domain::organizations::OrganizationName;

use super::*;
use crate::actor::Origin;
use crate::in_memory::{Person, Scene};
use crate::organizations::EditOrganization;
use crate::token_access::TokenAccess;
use crate::unit_of_work::StoreError;

/// Notes a receipt (a change), tells an event if asked to, asks for an effect, and then ends as it is told.
#[derive(Default)]
struct Probe {
    tells: bool,
    ends_in: Option<AppError>,
    runs: AtomicU32,
}

#[async_trait]
impl Command for Probe {
    type Output = u32;
    const NAME: &'static str = "test.probe";
    const ACCESS: TokenAccess = TokenAccess::Scope(Scope::TasksWrite);

    async fn handle(&self, work: &mut Work<'_>) -> Result<u32, AppError> {
        let run = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
        let id = work.next_id();
        work.unit().receipts().note(id, "probe").await?;
        if self.tells {
            let event = permission_denied(Scene::ACME, "probe", Permission::EditTask);
            work.unit().events().record(vec![event]).await?;
        }
        let role = Some(OrganizationRole::Guest.into());
        let user = Person::Member.id();
        work.after_commit(Effect::RoleChanged { organization: Scene::ACME, user, role });
        self.ends_in.clone().map_or(Ok(run), Err)
    }
}

/// Like a probe that others are always faster than, but must not be run twice.
struct Once;

#[async_trait]
impl Command for Once {
    type Output = ();
    const NAME: &'static str = "test.once";
    const ACCESS: TokenAccess = TokenAccess::Internal;
    const RETRY_WHEN_STALE: bool = false;

    async fn handle(&self, _: &mut Work<'_>) -> Result<(), AppError> {
        Err(AppError::Stale)
    }
}

#[tokio::test]
async fn success_is_committed_and_followed_by_its_effects() {
    let scene = Scene::new();
    assert_eq!(scene.run(Person::Owner, Probe::default()).await, Ok(1));
    assert_eq!(scene.store.data().receipts.len(), 1);
    assert_eq!(scene.store.committed(), 1);
    let role = scene.app.sessions.role(Scene::ACME, Person::Member.id()).await;
    assert_eq!(role, Ok(Some(OrganizationRole::Guest.into())), "the cache heard of the effect");
}

#[tokio::test]
async fn an_error_rolls_everything_back() {
    let scene = Scene::new();
    let before = scene.store.data().clone();
    for error in [AppError::NotFound("task"), AppError::PreconditionFailed, AppError::Internal("defect".to_owned())] {
        let probe = Probe { tells: true, ends_in: Some(error.clone()), ..Probe::default() };
        assert_eq!(scene.run(Person::Owner, probe).await, Err(error));
    }
    assert_eq!(*scene.store.data(), before);
    assert_eq!(scene.store.committed(), 0);
    assert_eq!(scene.bell.rings(), 0);
    assert!(scene.cache.is_untold(), "no effect without a commit");
}

#[tokio::test]
async fn a_failed_commit_has_no_effects_either() {
    let scene = Scene::new();
    scene.store.fail_commits(vec![StoreError::Unavailable("gone".to_owned())]);
    scene.app.sessions.role(Scene::ACME, Person::Member.id()).await.unwrap();
    assert!(scene.cache.knows("role:"));
    let outcome = scene.run(Person::Owner, Probe { tells: true, ..Probe::default() }).await;
    assert_eq!(outcome, Err(AppError::Unavailable("gone".to_owned())));
    assert!(scene.cache.is_untold());
    assert!(!scene.cache.knows("role:"), "it may have been done nevertheless, so the next to ask looks");
    assert_eq!(scene.bell.rings(), 0);
    assert_eq!(scene.told(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_is_late_is_heard_of_after_all() {
    let scene = Scene::new();
    let permits = scene.store.hold_commits();
    let outcome = scene.run(Person::Owner, Probe { tells: true, ..Probe::default() }).await;
    assert!(matches!(outcome, Err(AppError::Unavailable(_))), "{outcome:?}");
    let before = scene.app.sessions.role(Scene::ACME, Person::Member.id()).await;
    assert_ne!(before, Ok(Some(OrganizationRole::Guest.into())));
    permits.add_permits(1);
    while scene.bell.rings() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    let after = scene.app.sessions.role(Scene::ACME, Person::Member.id()).await;
    assert_eq!(after, Ok(Some(OrganizationRole::Guest.into())), "what was read in between does not stay");
}

#[tokio::test]
async fn the_relay_is_woken_only_when_there_is_something_to_relay() {
    let scene = Scene::new();
    scene.run(Person::Owner, Probe::default()).await.unwrap();
    assert_eq!(scene.bell.rings(), 0);
    scene.run(Person::Owner, Probe { tells: true, ..Probe::default() }).await.unwrap();
    assert_eq!(scene.bell.rings(), 1);
}

#[tokio::test]
async fn a_lost_race_is_run_again_in_a_new_transaction() {
    let scene = Scene::new();
    scene.store.fail_commits(vec![StoreError::Stale; 4]);
    assert_eq!(scene.run(Person::Owner, Probe { tells: true, ..Probe::default() }).await, Ok(5));
    assert_eq!(scene.store.begun(), 5);
    assert_eq!(scene.store.data().receipts.len(), 1, "lost attempts left nothing behind");
    assert_eq!((scene.told().len(), scene.bell.rings()), (1, 1));
}

#[tokio::test]
async fn after_five_lost_races_the_caller_is_told() {
    let scene = Scene::new();
    let probe = Probe { ends_in: Some(AppError::Stale), ..Probe::default() };
    assert_eq!(scene.run(Person::Owner, probe).await, Err(AppError::Stale));
    assert_eq!((scene.store.begun(), scene.store.committed()), (5, 0));
}

#[tokio::test]
async fn a_command_that_must_not_be_repeated_is_not() {
    let scene = Scene::new();
    assert_eq!(scene.run(Person::Owner, Once).await, Err(AppError::Stale));
    assert_eq!(scene.store.begun(), 1);
}

#[tokio::test]
async fn a_denied_permission_is_put_on_the_audit_trail_and_nothing_else_is_kept() {
    let scene = Scene::new();
    let denied = AppError::Forbidden(Permission::EditTask);
    let probe = Probe { ends_in: Some(denied.clone()), ..Probe::default() };
    assert_eq!(scene.run(Person::Guest, probe).await, Err(denied));

    let data = scene.store.data();
    assert_eq!(data.receipts, []);
    let [event] = &data.events[..] else { panic!("{:?}", data.events) };
    assert_eq!(event.name, "permission.denied");
    assert_eq!(event.fact(), Some(Fact::PermissionDenied { permission: "task.edit".to_owned() }));
    assert_eq!((event.actor_user(), event.organization()), (Some(Person::Guest.id()), Some(Scene::ACME)));
    assert_eq!((event.subject.kind.as_str(), event.subject.name.as_str()), ("operation", "test.probe"));
    assert_eq!(scene.bell.rings(), 1);
}

#[tokio::test]
async fn a_refusal_stands_even_when_it_cannot_be_audited() {
    let scene = Scene::new();
    scene.store.fail_commits(vec![StoreError::Broken("full".to_owned())]);
    let rename =
        EditOrganization { name: OrganizationName::parse("Mine").ok(), require_mfa: None, expected_version: None };
    let outcome = scene.run(Person::Member, rename).await;
    assert_eq!(outcome, Err(AppError::Forbidden(Permission::EditOrganization)));
    assert_eq!(scene.bell.rings(), 0);
}

#[tokio::test]
async fn an_idempotency_key_is_marked_in_the_transaction_it_stands_for() {
    let scene = Scene::new();
    let origin = Origin { idempotency_key: Some("key-1".to_owned()), ..Origin::default() };
    let actor = Actor::user(Person::Owner.viewer(), Person::Owner.session(), origin);

    let failing = Probe { ends_in: Some(AppError::NotFound("task")), ..Probe::default() };
    assert!(scene.app.execute(&actor, failing).await.is_err());
    assert_eq!(scene.store.data().committed_keys, []);

    assert!(scene.app.execute(&actor, Probe::default()).await.is_ok());
    assert_eq!(scene.store.data().committed_keys, [(Person::Owner.id(), "key-1".to_owned())]);
}

#[tokio::test]
async fn where_a_request_came_from_is_stamped_on_its_events() {
    let scene = Scene::new();
    let origin = Origin {
        request_id: Some("req-1".to_owned()),
        ip: Some("192.0.2.1".to_owned()),
        user_agent: Some("curl".to_owned()),
        traceparent: Some("00-abc-def-01".to_owned()),
        idempotency_key: None,
    };
    let actor = Actor::user(Person::Owner.viewer(), Person::Owner.session(), origin.clone());
    scene.app.execute(&actor, Probe { tells: true, ..Probe::default() }).await.unwrap();
    let event = scene.store.data().events[0].clone();
    assert_eq!(event.origin(), origin);
    assert_eq!(event.occurred_at, scene.app.clock.now());
}
