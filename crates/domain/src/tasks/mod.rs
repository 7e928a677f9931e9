//! Tasks: the unit of work.
//!
//! A **task** lives in a project and is known by its **key** (`ENG-12`). Its **status** is one of the project's
//! workflow; rules reason on the status's **category** only. **Assignees** are the people who do it, the **reporter**
//! is who asked for it. A task may be part of another one (its **parent**). Deleting moves it to the **trash**, from
//! where it can be restored.

mod error;
mod event;
mod task;
mod values;

pub use error::TaskError;
pub use event::TaskFact;
pub use task::{Edit, NewTask, Parent, Task, TaskState};
pub use values::{Assignees, Estimate, Label, Labels, TaskDescription, TaskKey, TaskPriority, TaskTitle, TaskType};

#[cfg(test)]
mod tests;
