//! What each operation asks of a personal access token: what the use case behind it asks.

use tenon_application::audit::ListAuditEntries;
use tenon_application::notifications::{CountUnread, ListNotifications, MarkAllRead, MarkRead};
use tenon_application::tasks::{CreateTask, DeleteTask, EditTask, ListTasks, ReadTask, RestoreTask, TransitionTask};
use tenon_application::{Command, Query, TokenAccess, identity, organizations, projects};

/// The operations that need credentials, by their ids.
const ACCESS: &[(&str, TokenAccess)] = &[
    ("logout", identity::EndSession::ACCESS),
    ("logout_all", identity::EndAllSessions::ACCESS),
    // No use case is behind it: it is about the session alone.
    ("get_csrf_token", TokenAccess::Session),
    ("list_sessions", identity::ListSessions::ACCESS),
    ("end_session", identity::EndOwnSession::ACCESS),
    ("switch_organization", identity::SwitchOrganization::ACCESS),
    ("export_account", identity::ExportAccount::ACCESS),
    ("delete_account", identity::DeleteAccount::ACCESS),
    ("change_password", identity::ChangePassword::ACCESS),
    ("change_email", identity::RequestEmailChange::ACCESS),
    ("get_second_factors", identity::FindSecondFactors::ACCESS),
    ("begin_totp", identity::BeginTotp::ACCESS),
    ("confirm_totp", identity::ConfirmTotp::ACCESS),
    ("remove_totp", identity::RemoveTotp::ACCESS),
    ("replace_recovery_codes", identity::ReplaceRecoveryCodes::ACCESS),
    ("begin_step_up", identity::ProveSecondFactor::ACCESS),
    ("begin_passkey", identity::AddPasskey::ACCESS),
    ("create_passkey", identity::AddPasskey::ACCESS),
    ("list_passkeys", identity::ListPasskeys::ACCESS),
    ("get_passkey", identity::FindPasskey::ACCESS),
    ("update_passkey", identity::RenamePasskey::ACCESS),
    ("delete_passkey", identity::RemovePasskey::ACCESS),
    ("get_profile", identity::FindProfile::ACCESS),
    ("update_profile", identity::EditProfile::ACCESS),
    ("list_tokens", identity::ListTokens::ACCESS),
    ("create_token", identity::CreateToken::ACCESS),
    ("get_token", identity::FindToken::ACCESS),
    ("revoke_token", identity::RevokeToken::ACCESS),
    ("list_organization_tokens", identity::ListOrganizationTokens::ACCESS),
    ("get_organization_token", identity::FindOrganizationToken::ACCESS),
    ("revoke_organization_token", identity::RevokeOrganizationToken::ACCESS),
    ("create_service_account_token", identity::CreateServiceToken::ACCESS),
    ("list_service_account_tokens", identity::ListServiceTokens::ACCESS),
    ("list_service_accounts", organizations::ListServiceAccounts::ACCESS),
    ("create_service_account", organizations::CreateServiceAccount::ACCESS),
    ("get_service_account", organizations::FindServiceAccount::ACCESS),
    ("update_service_account", organizations::EditServiceAccount::ACCESS),
    ("delete_service_account", organizations::DeleteServiceAccount::ACCESS),
    ("list_identities", identity::ListOwnIdentities::ACCESS),
    ("remove_identity", identity::RemoveOwnIdentity::ACCESS),
    ("list_identity_providers", identity::ListIdentityProviders::ACCESS),
    ("create_identity_provider", identity::CreateIdentityProvider::ACCESS),
    ("get_identity_provider", identity::FindIdentityProvider::ACCESS),
    ("update_identity_provider", identity::EditIdentityProvider::ACCESS),
    ("delete_identity_provider", identity::RemoveIdentityProvider::ACCESS),
    ("list_organizations", organizations::ListOrganizations::ACCESS),
    ("create_organization", organizations::CreateOrganization::ACCESS),
    ("get_own_organization", organizations::FindOwnOrganization::ACCESS),
    ("get_organization", organizations::FindOrganization::ACCESS),
    ("update_organization", organizations::EditOrganization::ACCESS),
    ("list_permissions", organizations::ListPermissions::ACCESS),
    ("get_own_permissions", organizations::FindOwnPermissions::ACCESS),
    ("list_roles", organizations::ListRoles::ACCESS),
    ("create_role", organizations::CreateRole::ACCESS),
    ("get_role", organizations::FindRole::ACCESS),
    ("update_role", organizations::EditRole::ACCESS),
    ("delete_role", organizations::DeleteRole::ACCESS),
    ("list_members", organizations::ListMembers::ACCESS),
    ("get_member", organizations::FindMember::ACCESS),
    ("update_member", organizations::ChangeMemberRole::ACCESS),
    ("remove_member", organizations::RemoveMember::ACCESS),
    ("list_teams", organizations::ListTeams::ACCESS),
    ("create_team", organizations::CreateTeam::ACCESS),
    ("get_team", organizations::FindTeam::ACCESS),
    ("update_team", organizations::EditTeam::ACCESS),
    ("delete_team", organizations::DeleteTeam::ACCESS),
    ("list_team_members", organizations::ListTeamMembers::ACCESS),
    ("put_team_member", organizations::AddTeamMember::ACCESS),
    ("remove_team_member", organizations::RemoveTeamMember::ACCESS),
    ("suspend_member", organizations::SuspendMember::ACCESS),
    ("unsuspend_member", organizations::UnsuspendMember::ACCESS),
    ("transfer_organization", identity::TransferOwnership::ACCESS),
    ("list_domains", organizations::ListDomains::ACCESS),
    ("claim_domain", organizations::ClaimDomain::ACCESS),
    ("get_domain", organizations::FindDomain::ACCESS),
    ("update_domain", organizations::EditDomain::ACCESS),
    ("remove_domain", organizations::RemoveDomain::ACCESS),
    ("verify_domain", organizations::VerifyDomain::ACCESS),
    ("list_joinable_organizations", organizations::ListJoinable::ACCESS),
    ("join_organization", organizations::JoinOrganization::ACCESS),
    ("list_invitations", organizations::ListInvitations::ACCESS),
    ("create_invitation", organizations::CreateInvitation::ACCESS),
    ("get_invitation", organizations::FindInvitation::ACCESS),
    ("revoke_invitation", organizations::RevokeInvitation::ACCESS),
    ("list_projects", projects::ListProjects::ACCESS),
    ("create_project", projects::CreateProject::ACCESS),
    ("get_project", projects::FindProject::ACCESS),
    ("update_project", projects::EditProject::ACCESS),
    ("delete_project", projects::DeleteProject::ACCESS),
    ("archive_project", projects::ArchiveProject::ACCESS),
    ("unarchive_project", projects::UnarchiveProject::ACCESS),
    ("list_project_members", projects::ListProjectMembers::ACCESS),
    ("get_project_member", projects::FindProjectMember::ACCESS),
    ("put_project_member", projects::SetProjectMember::ACCESS),
    ("remove_project_member", projects::RemoveProjectMember::ACCESS),
    ("list_project_teams", projects::ListProjectTeams::ACCESS),
    ("put_project_team", projects::SetProjectTeam::ACCESS),
    ("remove_project_team", projects::RemoveProjectTeam::ACCESS),
    ("list_tasks", ListTasks::ACCESS),
    ("list_project_tasks", ListTasks::ACCESS),
    ("create_task", CreateTask::ACCESS),
    ("get_task", ReadTask::ACCESS),
    ("update_task", EditTask::ACCESS),
    ("delete_task", DeleteTask::ACCESS),
    ("transition_task", TransitionTask::ACCESS),
    ("restore_task", RestoreTask::ACCESS),
    ("list_notifications", ListNotifications::ACCESS),
    ("count_unread_notifications", CountUnread::ACCESS),
    ("read_notification", MarkRead::ACCESS),
    ("read_all_notifications", MarkAllRead::ACCESS),
    ("list_audit_logs", ListAuditEntries::ACCESS),
];

/// What an operation asks of a token; nothing is known of one that needs no credentials.
pub(super) fn of(operation_id: &str) -> Option<TokenAccess> {
    ACCESS.iter().find(|(known, _)| *known == operation_id).map(|(_, access)| *access)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::http::openapi_json;

    #[test]
    fn every_operation_that_needs_credentials_says_what_it_asks_of_a_token() {
        let document: Value = serde_json::from_str(&openapi_json()).unwrap();
        let mut secured = BTreeSet::new();
        for item in document["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                let alternatives = operation["security"].as_array().unwrap();
                if alternatives.iter().all(|it| it.as_object().is_some_and(|it| !it.is_empty())) {
                    let id = operation["operationId"].as_str().unwrap();
                    assert_ne!(of(id), None, "{id} is missing");
                    assert_ne!(of(id), Some(TokenAccess::Internal), "{id} is for anybody");
                    secured.insert(id.to_owned());
                }
            }
        }
        let known: BTreeSet<_> = ACCESS.iter().map(|(id, _)| (*id).to_owned()).collect();
        assert_eq!(known, secured);
        assert_eq!(ACCESS.len(), known.len(), "none is listed twice");
    }
}
