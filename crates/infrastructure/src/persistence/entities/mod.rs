//! The rows of the tables.

pub(super) mod account_request;
pub(super) mod audit_entry;
pub(super) mod event_receipt;
pub(super) mod failed_job;
pub(super) mod idempotency_key;
pub(super) mod invitation;
pub(super) mod member;
pub(super) mod notification;
pub(super) mod organization;
pub(super) mod outbox;
pub(super) mod personal_access_token;
pub(super) mod project;
pub(super) mod project_counter;
pub(super) mod project_member;
pub(super) mod second_factor;
pub(super) mod session;
pub(super) mod sign_in_challenge;
pub(super) mod task;
pub(super) mod task_assignee;
pub(super) mod task_label;
pub(super) mod user;
pub(super) mod workflow_status;
