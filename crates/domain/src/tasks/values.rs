use std::fmt;

use super::TaskError;
use crate::UserId;
use crate::projects::ProjectKey;
use crate::text::{self, TextFault, line_value, named_enum};

line_value! {
    /// What is to be done, in one line.
    TaskTitle, 1..=200, TaskError, TaskError::TitleLength, TaskError::TitleCharacters
}

line_value! {
    /// A free tag on a task.
    Label, 1..=50, TaskError, TaskError::LabelLength, TaskError::LabelCharacters
}

named_enum! {
    TaskType {
        Task => "task",
        Bug => "bug",
        Story => "story",
        Epic => "epic",
        Subtask => "subtask",
    }
}

named_enum! {
    /// In rising order of urgency.
    TaskPriority {
        None => "none",
        Low => "low",
        Medium => "medium",
        High => "high",
        Urgent => "urgent",
    }
}

/// The long text of a task. An empty one is no description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskDescription(String);

impl TaskDescription {
    pub const MAX_CHARS: usize = 50_000;

    pub fn parse(raw: &str) -> Result<Option<Self>, TaskError> {
        match text::multiline(raw, Self::MAX_CHARS) {
            Ok(text) if text.is_empty() => Ok(None),
            Ok(text) => Ok(Some(Self(text))),
            Err(TextFault::Length) => Err(TaskError::DescriptionLength),
            Err(TextFault::ControlCharacter) => Err(TaskError::DescriptionCharacters),
        }
    }

    pub fn restore(stored: String) -> Self {
        Self(stored)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The effort of a task in points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Estimate(i32);

impl Estimate {
    pub const MAX: i32 = 10_000;

    pub fn parse(points: i64) -> Result<Self, TaskError> {
        i32::try_from(points)
            .ok()
            .filter(|points| (0..=Self::MAX).contains(points))
            .map(Self)
            .ok_or(TaskError::EstimateRange)
    }

    pub const fn restore(stored: i32) -> Self {
        Self(stored)
    }

    pub const fn points(self) -> i32 {
        self.0
    }
}

/// The labels of a task: distinct, in the order they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(Vec<Label>);

impl Labels {
    pub const MAX: usize = 50;

    pub fn parse<S: AsRef<str>>(raw: impl IntoIterator<Item = S>) -> Result<Self, TaskError> {
        let mut labels: Vec<Label> = Vec::new();
        for text in raw {
            let label = Label::parse(text.as_ref())?;
            if !labels.contains(&label) {
                labels.push(label);
            }
            if labels.len() > Self::MAX {
                return Err(TaskError::TooManyLabels);
            }
        }
        Ok(Self(labels))
    }

    pub fn restore(stored: Vec<String>) -> Self {
        Self(stored.into_iter().map(Label::restore).collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Label::as_str)
    }

    pub fn to_strings(&self) -> Vec<String> {
        self.iter().map(str::to_owned).collect()
    }
}

/// The assignees of a task: distinct, in the order they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignees(Vec<UserId>);

impl Assignees {
    pub const MAX: usize = 50;

    pub fn parse(raw: impl IntoIterator<Item = UserId>) -> Result<Self, TaskError> {
        let mut users: Vec<UserId> = Vec::new();
        for user in raw {
            if !users.contains(&user) {
                users.push(user);
            }
            if users.len() > Self::MAX {
                return Err(TaskError::TooManyAssignees);
            }
        }
        Ok(Self(users))
    }

    pub fn restore(stored: Vec<UserId>) -> Self {
        Self(stored)
    }

    pub fn as_slice(&self) -> &[UserId] {
        &self.0
    }

    pub fn contains(&self, user: UserId) -> bool {
        self.0.contains(&user)
    }

    /// Those in `self` that are not in `other`.
    pub fn without(&self, other: &Self) -> Vec<UserId> {
        self.0.iter().copied().filter(|user| !other.contains(*user)).collect()
    }

    pub fn to_strings(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

/// What people call a task: the key of its project and its number there (`ENG-12`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TaskKey {
    project: ProjectKey,
    number: i64,
}

impl TaskKey {
    pub fn new(project: ProjectKey, number: i64) -> Self {
        Self { project, number }
    }

    pub fn project(&self) -> &ProjectKey {
        &self.project
    }

    pub fn number(&self) -> i64 {
        self.number
    }

    pub fn parse(raw: &str) -> Option<Self> {
        let (project, number) = raw.rsplit_once('-')?;
        let number = number.parse().ok().filter(|number| *number > 0)?;
        Some(Self { project: ProjectKey::parse(project).ok()?, number })
    }
}

impl fmt::Display for TaskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.project, self.number)
    }
}
