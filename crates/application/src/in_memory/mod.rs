//! An application whose stores are in memory, for the tests of the use cases: real commands in a real pipeline, with
//! a clock that stands and ids that are counted.
//!
//! The stores do what the ports promise (tenancy, versions, unique keys, rollback) in the plainest way. That the real
//! ones do so too is for the contract tests to show.

mod account_requests;
mod accounts;
mod cast;
mod codes;
mod custom_roles;
mod data;
mod domains;
mod doubles;
mod excluded_addresses;
mod members;
mod passkeys;
mod people;
mod projects;
mod queries;
mod receipts;
mod scene;
mod scripted_provider;
mod second_factors;
mod sessions;
mod single_sign_on;
mod tasks;
mod teams;
mod tokens;
mod unit;

pub(crate) use account_requests::PlainAccountTokens;
pub(crate) use accounts::{PlainInvitations, authenticator, sign_in_service};
pub(crate) use cast::Person;
pub(crate) use codes::{code_at, plain_cipher, typed};
pub(crate) use data::MemoryStore;
pub(crate) use domains::domain_service;
pub(crate) use doubles::MemoryCache;
pub(crate) use passkeys::signed;
pub(crate) use scene::{Scene, at, create_task, project_id, task_id, team_id};
pub(crate) use scripted_provider::{ScriptedProvider, single_sign_on};
pub(crate) use sessions::ScriptedThrottle;
