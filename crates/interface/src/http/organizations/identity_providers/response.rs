use serde::Serialize;
use tenon_application::identity::{IdentityProviderView, SingleSignOn};
use tenon_domain::identity::{GroupsClaim, ProviderKey};
use tenon_domain::organizations::RoleChoice;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::conditional::versioned;
use crate::http::organizations::OrganizationRoleName;
use crate::http::wire::Moment;

/// A group of the provider's, and the role that its members have here: a system role or a custom one.
#[derive(Serialize, ToSchema)]
#[schema(as = GroupRole, example = json!({ "group": "engineering", "role": "member", "custom_role_id": null }))]
pub(crate) struct GroupRoleResponse {
    group: String,
    #[schema(required = true)]
    role: Option<OrganizationRoleName>,
    /// If there is no such role any more, the group gives none.
    #[schema(required = true)]
    custom_role_id: Option<Uuid>,
}

impl From<(&str, RoleChoice)> for GroupRoleResponse {
    fn from((group, role): (&str, RoleChoice)) -> Self {
        let custom_role_id = role.custom().map(Into::into);
        Self { group: group.to_owned(), role: role.system().map(Into::into), custom_role_id }
    }
}

/// A server of the organization's that vouches for people.
#[derive(Serialize, ToSchema)]
#[schema(as = IdentityProvider, example = json!({
    "id": "0199f8a5-91a3-7c40-a1f1-6d3c1b0e5a27", "name": "Staff", "issuer": "https://login.example.com",
    "client_id": "tenon",
    "redirect_uri": "https://tenon.example.com/api/v1/auth/oidc/0199f8a5-91a3-7c40-a1f1-6d3c1b0e5a27/callback",
    "has_client_secret": true, "scopes": ["email", "profile"], "domains": ["example.com"],
    "groups_claim": "groups", "group_roles": [{ "group": "engineering", "role": "member", "custom_role_id": null }],
    "default_role": "guest",
    "provisioning": true, "enabled": true, "version": 1,
    "created_at": "2026-11-21T09:30:00.123Z", "updated_at": "2026-11-21T09:30:00.123Z",
}))]
pub(crate) struct IdentityProviderResponse {
    /// Also the `{provider}` of `GET /auth/oidc/{provider}/start`.
    id: Uuid,
    name: String,
    issuer: String,
    client_id: String,
    /// What to register at the provider. It is this provider's alone.
    redirect_uri: String,
    has_client_secret: bool,
    scopes: Vec<String>,
    domains: Vec<String>,
    #[schema(required = true)]
    groups_claim: Option<String>,
    group_roles: Vec<GroupRoleResponse>,
    #[schema(required = true)]
    default_role: Option<OrganizationRoleName>,
    provisioning: bool,
    enabled: bool,
    version: i64,
    created_at: Moment,
    updated_at: Moment,
}

impl IdentityProviderResponse {
    pub(super) fn new(provider: IdentityProviderView, service: &SingleSignOn) -> Self {
        let settings = provider.settings;
        Self {
            redirect_uri: service.redirect_uri(&ProviderKey::Organization(provider.id)),
            id: provider.id.into(),
            group_roles: settings.group_roles.iter().map(GroupRoleResponse::from).collect(),
            scopes: settings.scopes.as_slice().to_vec(),
            domains: settings.domains.to_strings(),
            name: settings.name.into_string(),
            issuer: settings.issuer.to_string(),
            client_id: settings.client_id.into_string(),
            has_client_secret: provider.has_client_secret,
            groups_claim: settings.groups_claim.map(GroupsClaim::into_string),
            default_role: settings.default_role.map(Into::into),
            provisioning: settings.provisioning,
            enabled: settings.enabled,
            version: provider.version,
            created_at: provider.created_at.into(),
            updated_at: provider.updated_at.into(),
        }
    }
}

versioned!(IdentityProviderResponse);
