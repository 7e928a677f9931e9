//! What is stored about a user: taking it along, and having it erased.

use actix_web::web::Data;
use actix_web::{delete, get};
use serde::Serialize;
use tenon_application::identity::{
    AccountExport, Accounts, ExportAccount, ExportedTask, ExportedTeam, MembershipExport,
};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::browsers::signed_out;
use super::dto::UserResponse;
use super::identities::IdentityResponse;
use super::mfa::SecondFactorsResponse;
use super::passkeys::PasskeyResponse;
use super::proof::ReauthenticationBody;
use super::sessions::SessionResponse;
use super::tokens::TokenResponse;
use crate::http::answer::{Answer, ok};
use crate::http::body::Body;
use crate::http::caller::Caller;
use crate::http::notifications::NotificationResponse;
use crate::http::organizations::OrganizationResponse;
use crate::http::wire::Moment;

pub(super) fn configure(cfg: &mut ServiceConfig<'_>) {
    cfg.service(export_account).service(delete_account);
}

/// All that is stored about you.
#[derive(Serialize, ToSchema)]
#[schema(as = AccountExport)]
pub(crate) struct AccountExportResponse {
    profile: UserResponse,
    second_factors: SecondFactorsResponse,
    passkeys: Vec<PasskeyResponse>,
    /// Who you are to identity providers.
    identities: Vec<IdentityResponse>,
    sessions: Vec<SessionResponse>,
    organizations: Vec<OrganizationExportResponse>,
    /// Whether there are more identities, sessions or organizations than these.
    #[schema(example = false)]
    truncated: bool,
}

impl From<AccountExport> for AccountExportResponse {
    fn from(export: AccountExport) -> Self {
        let AccountExport { profile, second_factors, passkeys, identities, sessions, memberships } = export;
        Self {
            profile: profile.into(),
            second_factors: second_factors.into(),
            passkeys: passkeys.into_iter().map(Into::into).collect(),
            truncated: identities.truncated || sessions.truncated || memberships.truncated,
            identities: identities.items.into_iter().map(Into::into).collect(),
            sessions: sessions.items.into_iter().map(Into::into).collect(),
            organizations: memberships.items.into_iter().map(Into::into).collect(),
        }
    }
}

/// What is stored about you in an organization.
#[derive(Serialize, ToSchema)]
#[schema(as = OrganizationExport)]
pub(crate) struct OrganizationExportResponse {
    organization: OrganizationResponse,
    /// Those that are not revoked, without the tokens themselves.
    tokens: Vec<TokenResponse>,
    /// Those you are in.
    teams: Vec<ExportedTeamResponse>,
    notifications: Vec<NotificationResponse>,
    /// Those you can see.
    reported_tasks: Vec<ExportedTaskResponse>,
    /// Those you can see.
    assigned_tasks: Vec<ExportedTaskResponse>,
    /// Whether there are more tokens, teams, notifications or tasks than these.
    #[schema(example = false)]
    truncated: bool,
    /// Whether teams, notifications and tasks are missing because the organization requires a second factor, and you have
    /// none.
    #[schema(example = false)]
    withheld: bool,
}

impl From<MembershipExport> for OrganizationExportResponse {
    fn from(export: MembershipExport) -> Self {
        let MembershipExport { organization, withheld, tokens, teams, notifications, reported_tasks, assigned_tasks } =
            export;
        let cut = [
            tokens.truncated,
            teams.truncated,
            notifications.truncated,
            reported_tasks.truncated,
            assigned_tasks.truncated,
        ];
        Self {
            organization: organization.into(),
            tokens: tokens.items.into_iter().map(Into::into).collect(),
            teams: teams.items.into_iter().map(Into::into).collect(),
            notifications: notifications.items.into_iter().map(Into::into).collect(),
            reported_tasks: reported_tasks.items.into_iter().map(Into::into).collect(),
            assigned_tasks: assigned_tasks.items.into_iter().map(Into::into).collect(),
            truncated: cut.contains(&true),
            withheld,
        }
    }
}

/// A team that you are in.
#[derive(Serialize, ToSchema)]
#[schema(as = ExportedTeam, example = json!({ "id": "0199f8a4-9c1f-7b3e-8a2d-5e6f70819a2b", "name": "Platform" }))]
pub(crate) struct ExportedTeamResponse {
    id: Uuid,
    name: String,
}

impl From<ExportedTeam> for ExportedTeamResponse {
    fn from(team: ExportedTeam) -> Self {
        Self { id: team.id.into(), name: team.name }
    }
}

/// A task that you reported or are assigned to.
#[derive(Serialize, ToSchema)]
#[schema(as = ExportedTask, example = json!({
    "id": "0199f8a2-7d2f-7e4b-8c65-3a1d9f2e8b77", "key": "ENG-12", "project_id": "0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66",
    "title": "Fix the door", "status": "in_progress", "created_at": "2026-11-21T09:30:00.123Z",
    "updated_at": "2026-11-21T11:15:00.456Z", "completed_at": null,
}))]
pub(crate) struct ExportedTaskResponse {
    id: Uuid,
    key: String,
    project_id: Uuid,
    title: String,
    /// The key of a status of the project's workflow.
    status: String,
    created_at: Moment,
    updated_at: Moment,
    #[schema(required = true)]
    completed_at: Option<Moment>,
}

impl From<ExportedTask> for ExportedTaskResponse {
    fn from(task: ExportedTask) -> Self {
        Self {
            id: task.id.into(),
            key: task.key,
            project_id: task.project_id.into(),
            title: task.title,
            status: task.status,
            created_at: task.created_at.into(),
            updated_at: task.updated_at.into(),
            completed_at: task.completed_at.map(Into::into),
        }
    }
}

/// Export your data
///
/// From all your organizations: your profile, passkeys, identities, sessions, tokens, teams, notifications, and the tasks
/// that you reported or are assigned to. Of each kind it holds the first 10,000; `truncated` tells where there are more, which the lists of the
/// API have.
#[utoipa::path(tag = "users", operation_id = "export_account",
    responses((status = 200, body = AccountExportResponse, description = "Your data")))]
#[get("/users/me/export")]
pub(crate) async fn export_account(caller: Caller) -> Answer {
    ok(&AccountExportResponse::from(caller.ask(ExportAccount).await?))
}

/// Delete your account
///
/// For good, with your password, and if you have a second factor, a code or a passkey (422 `identity.code_needed`). What
/// tells who you are is erased, you leave all organizations, and your sessions and tokens end at once. Your work stays,
/// under the name "Deleted user". Where you are the only owner of an organization, make somebody else one first (409
/// `identity.last_owner`).
#[utoipa::path(tag = "users", operation_id = "delete_account", request_body = ReauthenticationBody,
    responses((status = 204, description = "The account is deleted")))]
#[delete("/users/me")]
pub(crate) async fn delete_account(
    caller: Caller,
    accounts: Data<Accounts>,
    body: Body<ReauthenticationBody>,
) -> Answer {
    let (password, answer) = body.into_inner().into_parts()?;
    accounts.delete_account(caller.actor(), password, answer).await?;
    signed_out(&caller)
}
