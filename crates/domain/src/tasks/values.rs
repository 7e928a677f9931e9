use std::fmt;

use super::TaskError;
use crate::UserId;
use crate::projects::ProjectKey;
use crate::text::{line_value, named_enum, text_value};

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

impl TaskPriority {
    /// Its place in the rising order of urgency. Stores keep it to sort by, so a rank is for life.
    pub fn rank(self) -> i16 {
        match self {
            Self::None => 0,
            Self::Low => 1,
            Self::Medium => 2,
            Self::High => 3,
            Self::Urgent => 4,
        }
    }

    pub fn from_rank(rank: i16) -> Option<Self> {
        Self::ALL.iter().copied().find(|priority| priority.rank() == rank)
    }
}

text_value! {
    /// The long text of a task. An empty one is no description.
    TaskDescription, 50_000, TaskError, TaskError::DescriptionLength, TaskError::DescriptionCharacters
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
        let (project, digits) = raw.rsplit_once('-')?;
        // One spelling a task: neither `ENG-+5` nor `ENG-05` is `ENG-5`.
        let number = digits.parse().ok().filter(|number: &i64| *number > 0 && number.to_string() == digits)?;
        Some(Self { project: ProjectKey::parse(project).ok()?, number })
    }
}

impl fmt::Display for TaskKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.project, self.number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_title_is_one_trimmed_line_of_1_to_200_characters() {
        assert_eq!(TaskTitle::parse("  Fix \u{e9}t\u{e9} ").unwrap().as_str(), "Fix \u{e9}t\u{e9}");
        assert_eq!(TaskTitle::parse("   "), Err(TaskError::TitleLength));
        assert!(TaskTitle::parse(&"\u{e9}".repeat(200)).is_ok(), "characters are counted, not bytes");
        assert_eq!(TaskTitle::parse(&"e".repeat(201)), Err(TaskError::TitleLength));
        for text in
            ["two\nlines", "a\ttab", "nul\0", "escape\u{1b}[31m", "c1\u{85}here", "at the end\n", "\tat the start"]
        {
            assert_eq!(TaskTitle::parse(text), Err(TaskError::TitleCharacters), "{text:?}");
        }
    }

    #[test]
    fn a_description_keeps_its_lines_and_an_empty_one_is_none() {
        assert_eq!(TaskDescription::parse("  a\r\n\tb\n\n").unwrap().unwrap().as_str(), "  a\r\n\tb");
        assert_eq!(TaskDescription::parse(" \n "), Ok(None));
        assert!(TaskDescription::parse(&"x".repeat(50_000)).is_ok());
        assert_eq!(TaskDescription::parse(&"x".repeat(50_001)), Err(TaskError::DescriptionLength));
        assert_eq!(TaskDescription::parse("nul\0"), Err(TaskError::DescriptionCharacters));
    }

    #[test]
    fn labels_are_distinct_and_keep_their_order() {
        assert_eq!(Labels::parse(["b", " a ", "b", "B"]).unwrap().to_strings(), ["b", "a", "B"]);
        assert_eq!(Labels::parse([""]), Err(TaskError::LabelLength));
        assert_eq!(Labels::parse(["x".repeat(51)]), Err(TaskError::LabelLength));
        assert_eq!(Labels::parse(["a\nb"]), Err(TaskError::LabelCharacters));
    }

    #[test]
    fn there_are_at_most_50_labels_and_50_assignees_not_counting_repetitions() {
        let labels = |n: usize| (0..n).map(|i| format!("l{i}"));
        assert!(Labels::parse(labels(50).chain(labels(50))).is_ok());
        assert_eq!(Labels::parse(labels(51)), Err(TaskError::TooManyLabels));
        let users = |n: u128| (0..n).map(|i| UserId::new(uuid::Uuid::from_u128(i)));
        assert_eq!(Assignees::parse(users(50).chain(users(50))).unwrap().as_slice().len(), 50);
        assert_eq!(Assignees::parse(users(51)), Err(TaskError::TooManyAssignees));
    }

    #[test]
    fn an_estimate_is_0_to_10000_points() {
        assert_eq!(Estimate::parse(0).map(Estimate::points), Ok(0));
        assert_eq!(Estimate::parse(10_000).map(Estimate::points), Ok(10_000));
        for points in [-1, 10_001, i64::MIN, i64::MAX, i64::from(u32::MAX) + 1] {
            assert_eq!(Estimate::parse(points), Err(TaskError::EstimateRange), "{points}");
        }
    }

    #[test]
    fn a_task_key_has_one_spelling() {
        let key = TaskKey::parse("ENG-12").unwrap();
        assert_eq!((key.project().as_str(), key.number()), ("ENG", 12));
        for text in [
            "",
            "ENG",
            "ENG-",
            "-12",
            "ENG-0",
            "ENG--1",
            "ENG-+1",
            "ENG-01",
            "eng-1",
            "ENG-1 ",
            " ENG-1",
            "E-1",
            "ENG_1",
            "ENG-9223372036854775808",
        ] {
            assert_eq!(TaskKey::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn priorities_rise_in_urgency() {
        assert!(TaskPriority::ALL.is_sorted());
        assert!(TaskPriority::None < TaskPriority::Urgent);
    }

    #[test]
    fn ranks_are_for_life_and_read_back() {
        assert_eq!(TaskPriority::ALL.iter().map(|it| it.rank()).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        for rank in -1..=5 {
            assert_eq!(TaskPriority::from_rank(rank).map(TaskPriority::rank), (0..=4).contains(&rank).then_some(rank));
        }
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_is_kept_as_it_was_parsed(raw in "\\PC{0,210}|.{0,60}") {
            if let Ok(title) = TaskTitle::parse(&raw) {
                prop_assert_eq!(title.as_str(), raw.trim());
                prop_assert_eq!(TaskTitle::parse(title.as_str()), Ok(title.clone()));
                prop_assert_eq!(TaskTitle::restore(title.clone().into_string()), title);
            }
            if let Ok(label) = Label::parse(&raw) {
                prop_assert_eq!(Label::restore(label.as_str().to_owned()), label);
            }
            if let Ok(Some(description)) = TaskDescription::parse(&raw) {
                prop_assert_eq!(TaskDescription::parse(description.as_str()), Ok(Some(description.clone())));
                prop_assert_eq!(TaskDescription::restore(description.as_str().to_owned()), description);
            }
        }

        #[test]
        fn labels_survive_their_store(raw in proptest::collection::vec(".{0,12}", 0..60)) {
            if let Ok(labels) = Labels::parse(&raw) {
                prop_assert_eq!(Labels::restore(labels.to_strings()), labels.clone());
                prop_assert_eq!(Labels::parse(labels.iter()), Ok(labels));
            }
        }

        #[test]
        fn a_key_reads_as_it_is_written(project in "[A-Z][A-Z0-9]{1,9}", number in 1..=i64::MAX) {
            let key = TaskKey::new(ProjectKey::parse(&project).unwrap(), number);
            prop_assert_eq!(TaskKey::parse(&key.to_string()), Some(key));
        }

        #[test]
        fn a_key_that_is_read_is_written_the_same(raw in "[A-Z]{1,4}-[-+]?[0-9]{0,4}|.*") {
            if let Some(key) = TaskKey::parse(&raw) {
                prop_assert_eq!(key.to_string(), raw);
            }
        }

        #[test]
        fn names_of_types_and_priorities_are_read_back(raw in ".*") {
            prop_assert!(TaskType::parse(&raw).is_none_or(|it| it.as_str() == raw));
            prop_assert!(TaskPriority::parse(&raw).is_none_or(|it| it.as_str() == raw));
        }
    }
}
