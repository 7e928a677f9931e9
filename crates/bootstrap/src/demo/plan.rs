//! The plan of the demo: which task is made when, by whom, and how it moves. The same plan every time, ending today.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc, Weekday};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tenon_domain::Timestamp;
use tenon_domain::tasks::{TaskPriority, TaskType};

use super::backlog::{BACKLOGS, Backlog, Epic};
use super::people::PROJECTS;
use super::wording;

/// How far back the history goes.
pub(super) const WEEKS: i64 = 8;
const SEED: u64 = 0x7e_0411;

/// A task of the demo. People and projects are positions in their tables, parents in the plan.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PlannedTask {
    pub(super) project: usize,
    pub(super) parent: Option<usize>,
    pub(super) task_type: TaskType,
    pub(super) title: String,
    pub(super) description: Option<&'static str>,
    pub(super) priority: TaskPriority,
    pub(super) labels: Vec<&'static str>,
    pub(super) reporter: usize,
    pub(super) assignees: Vec<usize>,
    pub(super) estimate: Option<i64>,
    pub(super) start_date: Option<NaiveDate>,
    pub(super) due_date: Option<NaiveDate>,
    pub(super) created_at: Timestamp,
    pub(super) moves: Vec<(Timestamp, &'static str)>,
}

/// The whole plan; parents come before their children.
pub(super) fn plan(now: Timestamp) -> Vec<PlannedTask> {
    let mut planner = Planner { rng: StdRng::seed_from_u64(SEED), now, tasks: Vec::new() };
    for (project, backlog) in BACKLOGS.iter().enumerate() {
        planner.add_project(project, backlog);
    }
    planner.tasks
}

struct Planner {
    rng: StdRng,
    now: Timestamp,
    tasks: Vec<PlannedTask>,
}

impl Planner {
    fn add_project(&mut self, project: usize, backlog: &Backlog) {
        for (position, epic) in backlog.epics.iter().enumerate() {
            self.add_epic(project, position, epic);
        }
        for title in backlog.bugs {
            let day = self.rng.random_range(7..WEEKS * 7);
            let description = wording::BUGS.choose(&mut self.rng).copied();
            let task = self.task(project, None, TaskType::Bug, title, description, day);
            self.tasks.push(task);
        }
        for week in 0..WEEKS {
            for title in backlog.routines {
                let day = week * 7 + 1;
                let calendar_week = self.at(day).iso_week().week();
                let title = format!("{title}, week {calendar_week}");
                let mut task = self.task(project, None, TaskType::Task, &title, None, day);
                task.labels = vec!["routine"];
                task.priority = TaskPriority::Low;
                task.due_date = Some((task.created_at + TimeDelta::days(4)).date_naive());
                self.tasks.push(task);
            }
        }
    }

    fn add_epic(&mut self, project: usize, position: usize, epic: &Epic) {
        let epic_day = 1 + i64::try_from(position).unwrap_or(0);
        let mut head = self.task(project, None, TaskType::Epic, epic.title, Some(wording::EPIC), epic_day);
        head.labels = vec![epic.label];
        head.estimate = None;
        head.moves.truncate(2);
        let parent = self.tasks.len();
        self.tasks.push(head);
        for (index, title) in epic.tasks.iter().enumerate() {
            let kind = if self.rng.random_bool(0.4) { TaskType::Story } else { TaskType::Task };
            let description = wording::STORIES.choose(&mut self.rng).copied().filter(|_| index % 3 != 2);
            let day = epic_day + self.rng.random_range(1..WEEKS * 6);
            let mut task = self.task(project, Some(parent), kind, title, description, day);
            task.labels.insert(0, epic.label);
            let with_steps = self.tasks.len();
            self.tasks.push(task);
            for step in epic.steps.iter().filter(|_| index == 0) {
                let mut step = self.task(project, Some(with_steps), TaskType::Subtask, step, None, day + 1);
                step.labels = vec![epic.label];
                self.tasks.push(step);
            }
        }
    }

    fn task(
        &mut self,
        project: usize,
        parent: Option<usize>,
        task_type: TaskType,
        title: &str,
        description: Option<&'static str>,
        day: i64,
    ) -> PlannedTask {
        let team = PROJECTS[project].team;
        let lead = PROJECTS[project].lead;
        let created_at = self.at(day);
        let reporter = if self.rng.random_bool(0.5) { lead } else { self.pick(team).unwrap_or(lead) };
        let mut assignees: Vec<usize> = self.pick(team).into_iter().filter(|_| day % 9 != 0).collect();
        if self.rng.random_bool(0.12) {
            assignees.extend(self.pick(team).filter(|second| !assignees.contains(second)));
        }
        let extra = wording::EXTRA_LABELS.choose(&mut self.rng).copied().filter(|_| day % 4 == 0);
        let start_date = self.rng.random_bool(0.35).then(|| (created_at + TimeDelta::days(2)).date_naive());
        let due_in = TimeDelta::days(self.rng.random_range(5..30));
        let due_date = self.rng.random_bool(0.6).then(|| (created_at + due_in).date_naive());
        PlannedTask {
            project,
            parent,
            task_type,
            title: title.to_owned(),
            description,
            priority: self.priority(),
            labels: extra.into_iter().collect(),
            reporter,
            moves: self.moves(created_at, task_type),
            assignees,
            estimate: [1, 2, 3, 5, 8, 13].choose(&mut self.rng).copied().filter(|_| day % 5 != 0),
            start_date,
            due_date,
            created_at,
        }
    }

    fn pick(&mut self, team: &[usize]) -> Option<usize> {
        team.choose(&mut self.rng).copied()
    }

    fn priority(&mut self) -> TaskPriority {
        match self.rng.random_range(0..100) {
            0..15 => TaskPriority::None,
            15..40 => TaskPriority::Low,
            40..75 => TaskPriority::Medium,
            75..95 => TaskPriority::High,
            _ => TaskPriority::Urgent,
        }
    }

    /// The way through the workflow, as far as it gets until now.
    fn moves(&mut self, created_at: Timestamp, task_type: TaskType) -> Vec<(Timestamp, &'static str)> {
        let way: &[&str] = match self.rng.random_range(0..100) {
            0..18 => &[],
            18..34 => &["todo"],
            34..50 => &["todo", "in_progress"],
            50..58 => &["todo", "in_progress", "in_review"],
            58..62 => &["canceled"],
            _ if task_type == TaskType::Bug => &["in_progress", "done"],
            62..80 => &["todo", "in_progress", "in_review", "done"],
            _ => &["todo", "in_progress", "done"],
        };
        let mut at = created_at;
        let mut moves = Vec::new();
        for status in way {
            at = workday(at + TimeDelta::minutes(self.rng.random_range(90..5 * 24 * 60)));
            if at >= self.now {
                break;
            }
            moves.push((at, *status));
        }
        moves
    }

    /// A moment in office hours, that many days into the history and never in the future.
    fn at(&mut self, day: i64) -> Timestamp {
        let begin = self.now - TimeDelta::weeks(WEEKS);
        let time = workday(begin + TimeDelta::days(day) + TimeDelta::minutes(self.rng.random_range(0..480)));
        time.min(self.now - TimeDelta::minutes(self.rng.random_range(5..600)))
    }
}

/// The same time on the next Monday when it falls on a weekend.
fn workday(time: DateTime<Utc>) -> DateTime<Utc> {
    match time.weekday() {
        Weekday::Sat => time + TimeDelta::days(2),
        Weekday::Sun => time + TimeDelta::days(1),
        _ => time,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use tenon_domain::tasks::{Labels, TaskTitle};

    use super::*;

    fn now() -> Timestamp {
        Utc.with_ymd_and_hms(2026, 3, 18, 15, 0, 0).unwrap()
    }

    #[test]
    fn the_plan_is_the_same_every_time_and_of_a_believable_size() {
        let tasks = plan(now());
        assert_eq!(tasks, plan(now()));
        assert!((280..340).contains(&tasks.len()), "{}", tasks.len());
        let moves: usize = tasks.iter().map(|task| task.moves.len()).sum();
        assert!((300..700).contains(&moves), "{moves}");
        assert!(tasks.iter().any(|task| task.assignees.len() == 2));
        assert!(tasks.iter().any(|task| task.assignees.is_empty()));
    }

    #[test]
    fn every_planned_task_can_be_made() {
        let tasks = plan(now());
        for (index, task) in tasks.iter().enumerate() {
            TaskTitle::parse(&task.title).unwrap();
            Labels::parse(&task.labels).unwrap();
            if let Some(parent) = task.parent {
                assert!(parent < index && tasks[parent].project == task.project, "{}", task.title);
            }
            if let (Some(start), Some(due)) = (task.start_date, task.due_date) {
                assert!(start <= due, "{}", task.title);
            }
            let mut at = task.created_at;
            for (moved_at, status) in &task.moves {
                assert!(at < *moved_at && *moved_at < now(), "{} {status}", task.title);
                at = *moved_at;
            }
            assert_eq!(
                task.task_type == TaskType::Subtask,
                task.parent.is_some_and(|parent| tasks[parent].parent.is_some())
            );
        }
    }
}
