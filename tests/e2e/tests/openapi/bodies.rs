//! What operations are sent.

use serde_json::{Value, json};
use tenon_e2e_tests::openapi_document::{Ids, Operation, unreachable_provider};
use tenon_e2e_tests::{PASSWORD, unique_domain, unique_email};

/// A body that an operation would take, so that nothing but the missing right refuses it.
pub(crate) fn body_of(operation: &Operation, ids: &Ids) -> Option<Value> {
    Some(match operation.name().split('{').next().unwrap_or_default() {
        "PATCH /users/me" => json!({"display_name": "Somebody"}),
        "DELETE /users/me" => json!({"password": "not the password"}),
        "POST /users/me/password" => {
            json!({"current_password": PASSWORD, "new_password": "a quieter place for staples"})
        }
        "POST /users/me/email" => json!({"current_password": PASSWORD, "new_email": unique_email("X")}),
        "POST /users/me/mfa/totp" => json!({"password": PASSWORD}),
        "POST /users/me/mfa/totp/confirm" | "DELETE /users/me/mfa/totp" | "POST /users/me/mfa/recovery-codes" => {
            json!({"code": "123456"})
        }
        "POST /users/me/passkeys/options" | "DELETE /users/me/passkeys/" => json!({"password": "not the password"}),
        "POST /users/me/passkeys" => json!({"ceremony": "a.b", "name": "Phone", "credential": {}}),
        "PATCH /users/me/passkeys/" => json!({"name": "Phone"}),
        "POST /auth/switch-organization" => json!({"organization_id": ids.project}),
        "POST /users/me/tokens" | "POST /service-accounts/" => json!({"name": "Robot", "scopes": ["tasks:read"]}),
        "PATCH /service-accounts/" => json!({"name": "Changed"}),
        "POST /service-accounts" => json!({"name": "Importer", "role": "member"}),
        "POST /identity-providers" => unreachable_provider("Staff"),
        "PATCH /identity-providers/" => json!({"name": "Changed"}),
        "POST /organizations" | "PATCH /organizations/current" => json!({"name": "Name"}),
        "POST /organizations/current/transfer" => json!({"user_id": ids.member, "password": PASSWORD}),
        "POST /domains" => json!({"domain": unique_domain()}),
        "PATCH /domains/" => json!({"auto_join_role": "member"}),
        "PATCH /members/" => json!({"role": "guest"}),
        "POST /roles" => json!({"level": "project", "name": "Tester", "permissions": ["task.create"]}),
        "PATCH /roles/" => json!({"name": "Inspector"}),
        "POST /teams" => json!({"name": unique_email("Team")}),
        "PATCH /teams/" => json!({"name": "Changed"}),
        "POST /invitations" => json!({"email": unique_email("X"), "role": "guest"}),
        "POST /projects" => json!({"key": "NEW", "name": "New", "visibility": "private"}),
        "PATCH /projects/" => json!({"name": "Changed"}),
        "PUT /projects/" => json!({"role": "viewer"}),
        "POST /tasks" => json!({"project_id": ids.project, "title": "New"}),
        "PATCH /tasks/" => json!({"title": "Changed"}),
        "POST /tasks/" if operation.path.ends_with("/transition") => json!({"status": "todo"}),
        _ => return None,
    })
}
