use super::{DisplayName, Email, IdentityFact, PasswordHash};
use crate::text::named_enum;
use crate::{DomainEvent, Fact, FieldChange, ResourceKind, Subject, Timestamp, UserId, Version};

named_enum! {
    /// What acts under an account.
    UserKind {
        Person => "person",
        /// A program, in one organization.
        Service => "service",
    }
}

/// The plain data of a user: the one mapping surface for stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserState {
    pub id: UserId,
    pub kind: UserKind,
    pub email: Email,
    pub display_name: DisplayName,
    pub password_hash: PasswordHash,
    /// Since when it is known that the user reads the address.
    pub email_verified_at: Option<Timestamp>,
    /// Since when nothing is known of the user any more but that they were there.
    pub deleted_at: Option<Timestamp>,
    /// Since when the operator keeps the user out, of everything.
    pub deactivated_at: Option<Timestamp>,
    pub version: Version,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl UserState {
    pub fn is_deactivated(&self) -> bool {
        self.deactivated_at.is_some()
    }
}

/// A user and the events their methods recorded.
#[derive(Clone, Debug)]
pub struct User {
    state: UserState,
    events: Vec<DomainEvent>,
}

impl User {
    /// What somebody is called whose account was deleted.
    pub const DELETED_NAME: &'static str = "Deleted user";

    pub fn register(
        id: UserId,
        email: Email,
        display_name: DisplayName,
        password_hash: PasswordHash,
        now: Timestamp,
    ) -> Self {
        let state = UserState {
            id,
            kind: UserKind::Person,
            email,
            display_name,
            password_hash,
            email_verified_at: None,
            deleted_at: None,
            deactivated_at: None,
            version: 0,
            created_at: now,
            updated_at: now,
        };
        let mut user = Self { state, events: Vec::new() };
        user.record(IdentityFact::Registered, Vec::new());
        user
    }

    /// Makes a service account. It has an address because every user has one, but no mail goes there, and no password.
    pub fn service(id: UserId, display_name: DisplayName, now: Timestamp) -> Self {
        let mut user = Self::register(id, Email::of_service(id), display_name, PasswordHash::unusable(), now);
        user.state.kind = UserKind::Service;
        user.events.clear();
        user.record(IdentityFact::ServiceAccountCreated, Vec::new());
        user
    }

    pub fn restore(state: UserState) -> Self {
        Self { state, events: Vec::new() }
    }

    pub fn state(&self) -> &UserState {
        &self.state
    }

    /// The state and the events, for the store that writes both.
    pub fn into_parts(self) -> (UserState, Vec<DomainEvent>) {
        (self.state, self.events)
    }

    /// Changes the display name. Nothing is recorded when nothing changes.
    pub fn rename(&mut self, display_name: DisplayName, now: Timestamp) {
        let change = FieldChange::of("display_name", self.state.display_name.as_str(), display_name.as_str());
        if let Some(change) = change {
            self.state.display_name = display_name;
            self.state.updated_at = now;
            self.record(IdentityFact::ProfileUpdated, vec![change]);
        }
    }

    /// Notes that the user reads their address. Nothing is recorded when that was known.
    pub fn verify_email(&mut self, now: Timestamp) {
        if self.state.email_verified_at.is_none() {
            self.state.email_verified_at = Some(now);
            self.state.updated_at = now;
            self.record(IdentityFact::EmailVerified, Vec::new());
        }
    }

    /// Replaces the address by one that the user reads.
    pub fn change_email(&mut self, email: Email, now: Timestamp) {
        if let Some(change) = FieldChange::of("email", self.state.email.as_str(), email.as_str()) {
            self.state.email = email;
            self.state.email_verified_at = Some(now);
            self.state.updated_at = now;
            self.record(IdentityFact::EmailChanged, vec![change]);
        } else {
            self.verify_email(now);
        }
    }

    /// Replaces the password, which the user knew.
    pub fn change_password(&mut self, password_hash: PasswordHash, now: Timestamp) {
        self.state.password_hash = password_hash;
        self.state.updated_at = now;
        self.record(IdentityFact::PasswordChanged, Vec::new());
    }

    /// Replaces the password of who reads the address.
    pub fn reset_password(&mut self, password_hash: PasswordHash, now: Timestamp) {
        self.state.password_hash = password_hash;
        self.state.updated_at = now;
        self.record(IdentityFact::PasswordReset, Vec::new());
        self.verify_email(now);
    }

    /// Keeps the user out of everything, and touches nothing that they have. Answers whether they were let in before.
    pub fn deactivate(&mut self, now: Timestamp) -> bool {
        let is_news = !self.state.is_deactivated();
        if is_news {
            self.set_deactivated(Some(now), IdentityFact::Deactivated, now);
        }
        is_news
    }

    /// Lets the user in again, wherever they were. Answers whether they were kept out before.
    pub fn reactivate(&mut self, now: Timestamp) -> bool {
        let is_news = self.state.is_deactivated();
        if is_news {
            self.set_deactivated(None, IdentityFact::Reactivated, now);
        }
        is_news
    }

    fn set_deactivated(&mut self, since: Option<Timestamp>, fact: IdentityFact, now: Timestamp) {
        let change = FieldChange::of("deactivated_at", self.state.deactivated_at, since);
        self.state.deactivated_at = since;
        self.state.updated_at = now;
        self.record(fact, change.into_iter().collect());
    }

    /// Leaves a placeholder, to whom their work still belongs. Who they were is in no field, and not in the event.
    /// `address` is one that [`Email::of_deleted`] makes.
    pub fn erase(&mut self, address: Email, now: Timestamp) {
        self.state.email = address;
        self.state.display_name = DisplayName::restore(Self::DELETED_NAME.to_owned());
        self.state.password_hash = PasswordHash::unusable();
        self.state.email_verified_at = None;
        self.state.deleted_at = Some(now);
        self.state.updated_at = now;
        self.record(IdentityFact::Deleted, Vec::new());
    }

    fn record(&mut self, fact: IdentityFact, changes: Vec<FieldChange>) {
        self.events.push(DomainEvent {
            subject: Subject {
                kind: ResourceKind::User,
                id: self.state.id.uuid(),
                name: self.state.display_name.to_string(),
            },
            project: None,
            fact: Fact::Identity(fact),
            changes,
        });
    }
}
