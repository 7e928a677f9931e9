use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tenon_domain::access::{OrganizationAccess, Permissions};
use tenon_domain::identity::{AccountRequest, AccountRequestKind, Email, UserKind};
use tenon_domain::{
    AccountRequestId, CustomRoleId, EventId, InvitationId, OrganizationId, SessionId, Timestamp, TokenId, UserId,
};

use super::*;
use crate::events::{Backlog, ClaimedEvent, FailedJob, Outbox};
use crate::identity::{
    AccountTokens, Credentials, IdentityQueries, SecondFactorsView, SessionFacts, SessionView, SubjectFacts,
    TokenFacts, TokenSubject, UserContact, UserView,
};
use crate::organizations::InvitationTokens;
use crate::page::{Page, PageRequest, Unsorted};
use crate::ports::{Availability, MailError, Mailer, Message, PushMessage, PushSender};
use crate::unit_of_work::StoreError;

/// Stores and services that never answer, but for whether an event was handled, when they are told to.
struct Silence {
    knows_what_was_handled: bool,
}

#[async_trait]
impl Outbox for Silence {
    async fn claim(&self, _: Timestamp, _: Timestamp, _: u64) -> Result<Vec<ClaimedEvent>, StoreError> {
        pending().await
    }

    async fn postpone(&self, _: &[EventId], _: Timestamp) -> Result<(), StoreError> {
        pending().await
    }

    async fn unhandled(&self, events: &[EventId], _: &str) -> Result<Vec<EventId>, StoreError> {
        if self.knows_what_was_handled { Ok(events.to_vec()) } else { pending().await }
    }

    async fn backlog(&self, _: Timestamp) -> Result<Backlog, StoreError> {
        pending().await
    }

    async fn purge(&self, _: Timestamp) -> Result<u64, StoreError> {
        pending().await
    }

    async fn failed_jobs(&self, _: u64) -> Result<Vec<FailedJob>, StoreError> {
        pending().await
    }

    async fn retry_failed_jobs(&self, _: Timestamp) -> Result<u64, StoreError> {
        pending().await
    }
}

#[async_trait]
impl IdentityQueries for Silence {
    async fn credentials(&self, _: &Email) -> Result<Option<Credentials>, StoreError> {
        pending().await
    }

    async fn session(&self, _: SessionId) -> Result<Option<SessionFacts>, StoreError> {
        pending().await
    }

    async fn sessions(
        &self,
        _: UserId,
        _: Option<SessionId>,
        _: Timestamp,
        _: &PageRequest<Unsorted>,
    ) -> Result<Page<SessionView>, StoreError> {
        pending().await
    }

    async fn role(&self, _: OrganizationId, _: UserId) -> Result<Option<OrganizationAccess>, StoreError> {
        pending().await
    }

    async fn custom_role(&self, _: OrganizationId, _: CustomRoleId) -> Result<Option<Permissions>, StoreError> {
        pending().await
    }

    async fn account_request(&self, _: AccountRequestId) -> Result<Option<AccountRequest>, StoreError> {
        pending().await
    }

    async fn user(&self, _: UserId) -> Result<Option<UserView>, StoreError> {
        pending().await
    }

    async fn contacts(&self, _: &[UserId]) -> Result<Vec<UserContact>, StoreError> {
        pending().await
    }

    async fn token(&self, _: TokenId) -> Result<Option<TokenFacts>, StoreError> {
        pending().await
    }

    async fn subject(&self, _: &TokenSubject) -> Result<Option<SubjectFacts>, StoreError> {
        pending().await
    }

    async fn kind(&self, _: UserId) -> Result<Option<UserKind>, StoreError> {
        pending().await
    }

    async fn second_factors(&self, _: UserId) -> Result<SecondFactorsView, StoreError> {
        pending().await
    }

    async fn requires_mfa(&self, _: OrganizationId) -> Result<bool, StoreError> {
        pending().await
    }
}

#[async_trait]
impl Mailer for Silence {
    async fn send(&self, _: &Message) -> Result<(), MailError> {
        pending().await
    }
}

#[async_trait]
impl PushSender for Silence {
    async fn send(&self, _: &PushMessage) -> Result<(), MailError> {
        pending().await
    }
}

impl MessageRenderer for Silence {
    fn render(&self, _: &Delivery, _: &str, _: &str, _: Option<&str>, _: &str) -> Result<Message, String> {
        Err("nothing to say".to_owned())
    }
}

impl InvitationTokens for Silence {
    fn issue(&self, _: InvitationId) -> String {
        String::new()
    }

    fn issue_for_mail(&self, _: InvitationId) -> String {
        String::new()
    }

    fn read(&self, _: &str) -> Option<InvitationId> {
        None
    }

    fn came_by_mail(&self, _: &str) -> bool {
        false
    }

    fn accept_url(&self, _: &str) -> String {
        String::new()
    }
}

impl AccountTokens for Silence {
    fn issue(&self, _: AccountRequestKind, _: AccountRequestId) -> String {
        String::new()
    }

    fn read(&self, _: AccountRequestKind, _: &str) -> Option<AccountRequestId> {
        None
    }

    fn url(&self, _: AccountRequestKind, _: &str) -> String {
        String::new()
    }
}

#[tokio::test]
async fn a_delivery_does_not_wait_for_a_database_that_is_away() {
    let mut scene = Scene::new();
    notify(&scene, &event(created(&[Person::Peer]), Person::Member)).await;
    let email = scene.store.data().events[0].clone();
    let (told, availability) = Availability::watched();
    told.send_replace(false);
    for knows_what_was_handled in [false, true] {
        let silence = Arc::new(Silence { knows_what_was_handled });
        scene.app.availability = availability.clone();
        scene.app.queries.identity = silence.clone();
        let deliveries = Deliveries {
            app: scene.app.clone(),
            outbox: silence.clone(),
            mailer: silence.clone(),
            push: silence.clone(),
            renderer: silence.clone(),
            invitation_tokens: silence.clone(),
            account_tokens: silence,
            public_url: String::new(),
        };
        let sent = tokio::time::timeout(Duration::from_secs(10), deliveries.send_emails(std::slice::from_ref(&email)))
            .await
            .unwrap();
        assert!(matches!(sent, Err(DeliveryError::App(AppError::Unavailable(_)))), "{sent:?}");
    }
}
