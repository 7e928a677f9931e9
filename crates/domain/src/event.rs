//! Domain events: what happened, immutable, recorded by the entity whose method made it happen.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::identity::IdentityFact;
use crate::organizations::{OrganizationFact, TeamFact};
use crate::projects::ProjectFact;
use crate::tasks::TaskFact;
use crate::text::named_enum;
use crate::{ProjectId, Timestamp};

named_enum! {
    /// The kinds of things that events and audit entries speak of.
    ResourceKind {
        User => "user",
        Session => "session",
        Token => "token",
        Passkey => "passkey",
        Organization => "organization",
        Member => "member",
        Invitation => "invitation",
        Role => "role",
        Team => "team",
        Project => "project",
        Task => "task",
        Operation => "operation",
        Domain => "domain",
        IdentityProvider => "identity_provider",
    }
}

/// What an event is about. `name` is what a person would call it (`ENG-12 Fix the door`), as of the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    pub kind: ResourceKind,
    pub id: Uuid,
    pub name: String,
}

/// Something that happened. Who did it, when and from where is added by the unit of work that stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainEvent {
    pub subject: Subject,
    pub project: Option<ProjectId>,
    pub fact: Fact,
    pub changes: Vec<FieldChange>,
}

impl DomainEvent {
    /// The stable name of the event (`task.created`).
    pub fn name(&self) -> &'static str {
        match &self.fact {
            Fact::Identity(fact) => fact.name(),
            Fact::Organization(fact) => fact.name(),
            Fact::Team(fact) => fact.name(),
            Fact::Project(fact) => fact.name(),
            Fact::Task(fact) => fact.name(),
            Fact::PermissionDenied { .. } => "permission.denied",
        }
    }
}

/// The part of an event that belongs to its context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    Identity(IdentityFact),
    Organization(OrganizationFact),
    Team(TeamFact),
    Project(ProjectFact),
    Task(TaskFact),
    /// Somebody tried what they may not do.
    PermissionDenied {
        permission: String,
    },
}

/// A field that changed, for the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    pub field: &'static str,
    pub from: FieldValue,
    pub to: FieldValue,
}

impl FieldChange {
    /// The change of a field, or `None` when it stayed as it was.
    pub fn of(field: &'static str, from: impl Into<FieldValue>, to: impl Into<FieldValue>) -> Option<Self> {
        let (from, to) = (from.into(), to.into());
        (from != to).then_some(Self { field, from, to })
    }
}

/// A value as the audit trail shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue {
    Nothing,
    Text(String),
    Number(i64),
    Flag(bool),
    Date(NaiveDate),
    Moment(Timestamp),
    List(Vec<String>),
}

impl From<&str> for FieldValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for FieldValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for FieldValue {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for FieldValue {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<NaiveDate> for FieldValue {
    fn from(date: NaiveDate) -> Self {
        Self::Date(date)
    }
}

impl From<Timestamp> for FieldValue {
    fn from(moment: Timestamp) -> Self {
        Self::Moment(moment)
    }
}

impl From<Vec<String>> for FieldValue {
    fn from(list: Vec<String>) -> Self {
        Self::List(list)
    }
}

impl<T: Into<FieldValue>> From<Option<T>> for FieldValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}
