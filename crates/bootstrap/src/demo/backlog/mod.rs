//! What is to be done at the demo's organization: epics with their tasks, and bugs, by project.

mod arm;
mod fleet;
mod fund;
mod web;

/// An epic and the tasks in it. A task with steps has them as sub-tasks.
pub(in crate::demo) struct Epic {
    pub(in crate::demo) title: &'static str,
    pub(in crate::demo) label: &'static str,
    pub(in crate::demo) tasks: &'static [&'static str],
    /// The sub-tasks of the first task.
    pub(in crate::demo) steps: &'static [&'static str],
}

/// All work of a project, in the order of `PROJECTS`.
pub(in crate::demo) struct Backlog {
    pub(in crate::demo) epics: &'static [Epic],
    pub(in crate::demo) bugs: &'static [&'static str],
    /// What comes back every week.
    pub(in crate::demo) routines: &'static [&'static str],
}

pub(in crate::demo) const BACKLOGS: [Backlog; 4] = [
    Backlog {
        epics: arm::EPICS,
        bugs: arm::BUGS,
        routines: &["Endurance test report", "Check the spare parts", "Clean and recalibrate the test bench"],
    },
    Backlog {
        epics: fleet::EPICS,
        bugs: fleet::BUGS,
        routines: &["On-call handover", "Cost review", "Apply security updates"],
    },
    Backlog {
        epics: web::EPICS,
        bugs: web::BUGS,
        routines: &["Notes of the customer interviews", "Triage of the feedback inbox"],
    },
    Backlog { epics: fund::EPICS, bugs: &[], routines: &["Update for the lead investors"] },
];
