//! An application whose stores are in memory, for the tests of the use cases: real commands in a real pipeline, with
//! a clock that stands and ids that are counted.
//!
//! The stores do what the ports promise (tenancy, versions, unique keys, rollback) in the plainest way. That the real
//! ones do so too is for the contract tests to show.

mod account_requests;
mod accounts;
mod cast;
mod codes;
mod data;
mod doubles;
mod people;
mod projects;
mod queries;
mod scene;
mod second_factors;
mod sessions;
mod tasks;
mod tokens;
mod unit;

pub(crate) use account_requests::PlainAccountTokens;
pub(crate) use accounts::{PlainInvitations, authenticator, sign_in_service};
pub(crate) use cast::Person;
pub(crate) use codes::code_at;
pub(crate) use data::MemoryStore;
pub(crate) use doubles::MemoryCache;
pub(crate) use scene::{Scene, at, create_task, project_id, task_id};
pub(crate) use sessions::ScriptedThrottle;
