use std::sync::Arc;

use tenon_domain::CustomRoleId;
use tenon_domain::access::{OrganizationAccess, OrganizationRole, Permission, Permissions};
use tenon_domain::identity::UserKind;
use uuid::Uuid;

use super::*;
use crate::command::Effect;
use crate::error::AppError;
use crate::in_memory::{MemoryCache, Person, Scene, at};
use crate::unit_of_work::StoreError;

fn directory(queries: MockIdentityQueries) -> SessionDirectory {
    SessionDirectory::new(Arc::new(MemoryCache::default()), Arc::new(queries))
}

fn access(role: OrganizationRole) -> OrganizationAccess {
    role.into()
}

fn live() -> CachedSession {
    CachedSession::Live { user: Person::Peer.id(), expires_at: at(100) }
}

#[tokio::test]
async fn a_session_is_looked_up_once() {
    let mut queries = MockIdentityQueries::new();
    let facts = SessionFacts { user_id: Person::Peer.id(), expires_at: at(100), revoked: false };
    queries.expect_session().times(1).returning(move |_| Ok(Some(facts)));
    let directory = directory(queries);
    for _ in 0..3 {
        assert_eq!(directory.session(Person::Peer.session()).await, Ok(live()));
    }
}

#[tokio::test]
async fn revoked_and_unknown_sessions_have_ended_and_are_not_asked_for_again() {
    for found in [None, Some(SessionFacts { user_id: Person::Peer.id(), expires_at: at(100), revoked: true })] {
        let mut queries = MockIdentityQueries::new();
        queries.expect_session().times(1).returning(move |_| Ok(found));
        let directory = directory(queries);
        assert_eq!(directory.session(Person::Peer.session()).await, Ok(CachedSession::Ended));
        assert_eq!(directory.session(Person::Peer.session()).await, Ok(CachedSession::Ended));
    }
}

#[tokio::test]
async fn a_role_and_its_absence_are_looked_up_once() {
    for role in [Some(access(OrganizationRole::Admin)), None] {
        let mut queries = MockIdentityQueries::new();
        queries.expect_role().times(1).returning(move |_, _| Ok(role));
        let directory = directory(queries);
        assert_eq!(directory.role(Scene::ACME, Person::Peer.id()).await, Ok(role));
        assert_eq!(directory.role(Scene::ACME, Person::Peer.id()).await, Ok(role));
    }
}

#[tokio::test]
async fn what_a_commit_announced_overrules_what_was_known() {
    let mut queries = MockIdentityQueries::new();
    queries.expect_role().returning(|_, _| Ok(Some(access(OrganizationRole::Admin))));
    let facts = SessionFacts { user_id: Person::Peer.id(), expires_at: at(100), revoked: false };
    queries.expect_session().times(1).returning(move |_| Ok(Some(facts)));
    let directory = directory(queries);
    let (user, session) = (Person::Peer.id(), Person::Peer.session());
    assert_eq!(directory.role(Scene::ACME, user).await, Ok(Some(access(OrganizationRole::Admin))));
    directory.role_changed(Scene::ACME, user, Some(access(OrganizationRole::Guest))).await;
    assert_eq!(directory.role(Scene::ACME, user).await, Ok(Some(access(OrganizationRole::Guest))));
    directory.role_changed(Scene::ACME, user, None).await;
    assert_eq!(directory.role(Scene::ACME, user).await, Ok(None));

    assert_eq!(directory.session(session).await, Ok(live()));
    directory.session_ended(session).await;
    assert_eq!(directory.session(session).await, Ok(CachedSession::Ended));
}

#[tokio::test]
async fn roles_of_other_people_and_other_organizations_are_kept_apart() {
    let mut queries = MockIdentityQueries::new();
    queries.expect_role().returning(|_, _| Ok(None));
    let directory = directory(queries);
    directory.role_changed(Scene::ACME, Person::Peer.id(), Some(access(OrganizationRole::Owner))).await;
    assert_eq!(directory.role(Scene::ACME, Person::Member.id()).await, Ok(None));
    assert_eq!(directory.role(Person::Stranger.organization(), Person::Peer.id()).await, Ok(None));
}

fn custom_role() -> CustomRoleId {
    CustomRoleId::new(Uuid::from_u128(7))
}

fn may(permission: Permission) -> Permissions {
    Permissions::default().with(permission)
}

#[tokio::test]
async fn a_custom_role_is_looked_up_once_for_everybody_who_has_it_and_again_when_it_changes() {
    let with = |permission| OrganizationAccess {
        role: OrganizationRole::Member,
        custom_role: Some(custom_role()),
        permissions: may(permission),
    };
    let mut queries = MockIdentityQueries::new();
    queries.expect_role().times(2).returning(move |_, _| Ok(Some(with(Permission::ViewMembers))));
    let mut answers = vec![Permission::ViewAuditLog, Permission::ViewMembers];
    queries.expect_custom_role().times(2).returning(move |_, _| Ok(answers.pop().map(may)));
    let directory = directory(queries);
    for who in [Person::Peer, Person::Member] {
        for _ in 0..3 {
            assert_eq!(directory.role(Scene::ACME, who.id()).await, Ok(Some(with(Permission::ViewMembers))));
        }
    }
    directory.forget(&[Effect::CustomRoleChanged { organization: Scene::ACME, role: custom_role() }]).await;
    for who in [Person::Peer, Person::Member] {
        assert_eq!(directory.role(Scene::ACME, who.id()).await, Ok(Some(with(Permission::ViewAuditLog))));
    }
}

#[tokio::test]
async fn who_has_a_system_role_costs_no_second_lookup_and_who_had_one_that_is_gone_is_found_anew() {
    let mut queries = MockIdentityQueries::new();
    queries.expect_custom_role().times(1).returning(|_, _| Ok(None));
    queries.expect_role().returning(|_, _| Ok(Some(access(OrganizationRole::Guest))));
    let directory = directory(queries);
    directory.role_changed(Scene::ACME, Person::Peer.id(), Some(access(OrganizationRole::Member))).await;
    assert_eq!(directory.role(Scene::ACME, Person::Peer.id()).await, Ok(Some(access(OrganizationRole::Member))));
    let gone = OrganizationAccess { custom_role: Some(custom_role()), ..access(OrganizationRole::Member) };
    directory.role_changed(Scene::ACME, Person::Peer.id(), Some(gone)).await;
    for _ in 0..2 {
        assert_eq!(directory.role(Scene::ACME, Person::Peer.id()).await, Ok(Some(access(OrganizationRole::Guest))));
    }
}

#[tokio::test]
async fn who_lacks_a_second_factor_is_looked_up_once_and_only_where_one_is_required() {
    let mut queries = MockIdentityQueries::new();
    queries.expect_requires_mfa().times(1).returning(|_| Ok(false));
    let lenient = directory(queries);
    for _ in 0..3 {
        assert_eq!(lenient.check_mfa(Person::Peer.viewer()).await, Ok(()));
    }
    for (kind, verdict) in [(UserKind::Person, Err(AppError::MfaEnrollmentRequired)), (UserKind::Service, Ok(()))] {
        let mut queries = MockIdentityQueries::new();
        queries.expect_requires_mfa().times(1).returning(|_| Ok(true));
        queries.expect_second_factors().times(1).returning(|_| Ok(SecondFactorsView::default()));
        queries.expect_kind().times(1).returning(move |_| Ok(Some(kind)));
        let strict = directory(queries);
        for _ in 0..3 {
            assert_eq!(strict.check_mfa(Person::Peer.viewer()).await, verdict);
        }
    }
}

#[tokio::test]
async fn what_changed_about_second_factors_is_looked_up_again() {
    let mut queries = MockIdentityQueries::new();
    queries.expect_requires_mfa().times(2).returning(|_| Ok(true));
    let enabled = SecondFactorsView { confirmed_at: Some(at(1)), recovery_codes_left: 10, passkeys: 0 };
    let mut answers = vec![SecondFactorsView::default(), enabled];
    queries.expect_second_factors().times(2).returning(move |_| Ok(answers.pop().unwrap()));
    queries.expect_kind().returning(|_| Ok(Some(UserKind::Person)));
    let directory = directory(queries);
    let check = async || directory.check_mfa(Person::Peer.viewer()).await;
    assert_eq!(check().await, Ok(()));
    directory.forget(&[Effect::MfaRequirementChanged { organization: Scene::ACME }]).await;
    assert_eq!(check().await, Ok(()));
    directory.forget(&[Effect::MfaChanged { user: Person::Peer.id() }]).await;
    assert_eq!(check().await, Err(AppError::MfaEnrollmentRequired));
}

#[tokio::test]
async fn a_failed_look_up_is_not_remembered() {
    let mut queries = MockIdentityQueries::new();
    let mut answers = vec![Ok(Some(access(OrganizationRole::Member))), Err(StoreError::Unavailable("away".to_owned()))];
    queries.expect_role().times(2).returning(move |_, _| answers.pop().unwrap());
    let directory = directory(queries);
    let away = directory.role(Scene::ACME, Person::Peer.id()).await;
    assert_eq!(away, Err(AppError::Unavailable("away".to_owned())));
    assert_eq!(directory.role(Scene::ACME, Person::Peer.id()).await, Ok(Some(access(OrganizationRole::Member))));
}
