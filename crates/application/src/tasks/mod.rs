//! Use cases on tasks.

mod create_task;
mod delete_task;
mod edit_task;
mod list_tasks;
mod placement;
mod ports;
mod read_task;
mod restore_task;
mod transition_task;
mod views;

pub use create_task::CreateTask;
pub use delete_task::DeleteTask;
pub use edit_task::{EditTask, TaskFields};
pub use list_tasks::ListTasks;
#[cfg(test)]
pub(crate) use ports::MockTaskQueries;
pub use ports::{TaskFilter, TaskQueries, TaskRef, TaskRepository, TaskSort};
pub use read_task::ReadTask;
pub use restore_task::RestoreTask;
pub use transition_task::TransitionTask;
pub use views::TaskView;

#[cfg(test)]
mod tests;
