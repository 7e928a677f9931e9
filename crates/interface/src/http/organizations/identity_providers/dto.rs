use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tenon_application::AppError;
use tenon_application::identity::{EditIdentityProvider, IdentityProviderInput, OidcClientSecret};
use tenon_application::secrets::SecretCipher;
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{
    GroupRoles, GroupsClaim, IdentityError, IdentityProvider, Issuer, ProviderClientId, ProviderDomains, ProviderName,
    ProviderScopes, ProviderSettings,
};
use tenon_domain::organizations::DomainName;
use tenon_domain::{IdentityProviderId, Version};
use utoipa::ToSchema;
use validator::Validate;

use crate::http::merge_patch::{Patch, not_null};
use crate::http::organizations::OrganizationRoleName;
use crate::http::validation::checks;

checks! {
    name: str => ProviderName::parse;
    issuer: str => Issuer::parse;
    client_id: str => ProviderClientId::parse;
    client_secret: str => secret;
    groups_claim: str => GroupsClaim::parse;
    scopes: [String] => |names: &[String]| ProviderScopes::parse(names);
    domains: [String] => domains_of;
    group_roles: [GroupRole] => roles_of;
}

fn secret(text: &str) -> Result<(), IdentityError> {
    let fits = (1..=IdentityProvider::MAX_SECRET_CHARS).contains(&text.chars().count());
    if fits { Ok(()) } else { Err(IdentityError::ProviderSecret) }
}

fn domains_of(names: &[String]) -> Result<ProviderDomains, IdentityError> {
    let parsed: Result<Vec<_>, _> = names.iter().map(|name| DomainName::parse(name)).collect();
    ProviderDomains::parse(parsed.map_err(|_| IdentityError::ProviderDomains)?)
}

fn roles_of(pairs: &[GroupRole]) -> Result<GroupRoles, IdentityError> {
    GroupRoles::parse(pairs.iter().map(|pair| (pair.group.clone(), pair.role.0)))
}

/// A group of the provider's, and the role that its members have here.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "group": "engineering", "role": "member" }))]
pub(crate) struct GroupRole {
    #[schema(min_length = 1, max_length = 255)]
    pub(super) group: String,
    /// Not `owner`. Of several groups the highest role counts.
    pub(super) role: OrganizationRoleName,
}

fn member() -> Option<OrganizationRoleName> {
    Some(OrganizationRoleName(OrganizationRole::Member))
}

const fn yes() -> bool {
    true
}

/// What a new identity provider is made of.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Staff", "issuer": "https://login.example.com", "client_id": "tenon", "client_secret": "a long secret",
    "domains": ["example.com"], "groups_claim": "groups",
    "group_roles": [{ "group": "engineering", "role": "member" }], "default_role": "guest", "provisioning": true,
}))]
pub(crate) struct CreateIdentityProviderBody {
    #[validate(custom(function = "check::name"))]
    #[schema(min_length = 1, max_length = 100, pattern = "line")]
    name: String,
    /// As the provider writes it in its tokens: https, and found by OpenID Connect Discovery.
    #[validate(custom(function = "check::issuer"))]
    #[schema(min_length = 1, max_length = 255)]
    issuer: String,
    #[validate(custom(function = "check::client_id"))]
    #[schema(min_length = 1, max_length = 255, pattern = "line")]
    client_id: String,
    /// Absent for a public client. It is encrypted, and never answered.
    #[validate(custom(function = "check::client_secret"))]
    #[schema(min_length = 1, max_length = 1000)]
    client_secret: Option<String>,
    /// What to ask for besides `openid`; `email` and `profile` if it is absent.
    #[validate(custom(function = "check::scopes"))]
    #[schema(max_items = 20)]
    scopes: Option<Vec<String>>,
    /// Whose addresses it may vouch for, as far as the organization has verified the domains.
    #[serde(default)]
    #[validate(custom(function = "check::domains"))]
    #[schema(max_items = 50)]
    domains: Vec<String>,
    /// The claim with the names of groups.
    #[validate(custom(function = "check::groups_claim"))]
    #[schema(min_length = 1, max_length = 100, pattern = "line")]
    groups_claim: Option<String>,
    #[serde(default)]
    #[validate(custom(function = "check::group_roles"))]
    #[schema(max_items = 200)]
    group_roles: Vec<GroupRole>,
    /// Of who is in none of the groups; `null` lets them not in. `member` if it is absent.
    #[serde(default = "member")]
    default_role: Option<OrganizationRoleName>,
    /// Whether people get accounts, and become members, when they first come.
    #[serde(default)]
    provisioning: bool,
    #[serde(default = "yes")]
    enabled: bool,
}

impl CreateIdentityProviderBody {
    pub(super) fn into_input(self) -> Result<IdentityProviderInput, AppError> {
        let settings = ProviderSettings {
            name: ProviderName::parse(&self.name)?,
            issuer: Issuer::parse(&self.issuer)?,
            client_id: ProviderClientId::parse(&self.client_id)?,
            scopes: self.scopes.map(|names| ProviderScopes::parse(&names)).transpose()?.unwrap_or_default(),
            domains: domains_of(&self.domains)?,
            groups_claim: self.groups_claim.as_deref().map(GroupsClaim::parse).transpose()?,
            group_roles: roles_of(&self.group_roles)?,
            default_role: self.default_role.map(|name| name.0),
            provisioning: self.provisioning,
            enabled: self.enabled,
        };
        Ok(IdentityProviderInput { settings, client_secret: self.client_secret.map(OidcClientSecret::new) })
    }
}

/// What is to change in an identity provider.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({ "name": "Everybody", "default_role": null, "enabled": false }))]
pub(crate) struct UpdateIdentityProviderBody {
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::name"))]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 100, pattern = "line")]
    name: Option<String>,
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::issuer"))]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 255)]
    issuer: Option<String>,
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::client_id"))]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 255, pattern = "line")]
    client_id: Option<String>,
    #[validate(custom(function = "check::client_secret"))]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000)]
    client_secret: Patch<String>,
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::scopes"))]
    #[schema(value_type = Vec<String>, required = false, max_items = 20)]
    scopes: Option<Vec<String>>,
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::domains"))]
    #[schema(value_type = Vec<String>, required = false, max_items = 50)]
    domains: Option<Vec<String>>,
    #[validate(custom(function = "check::groups_claim"))]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, pattern = "line")]
    groups_claim: Patch<String>,
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::group_roles"))]
    #[schema(value_type = Vec<GroupRole>, required = false, max_items = 200)]
    group_roles: Option<Vec<GroupRole>>,
    #[schema(value_type = Option<OrganizationRoleName>)]
    default_role: Patch<OrganizationRoleName>,
    #[serde(deserialize_with = "not_null")]
    #[schema(value_type = bool, required = false)]
    provisioning: Option<bool>,
    #[serde(deserialize_with = "not_null")]
    #[schema(value_type = bool, required = false)]
    enabled: Option<bool>,
}

impl UpdateIdentityProviderBody {
    pub(super) fn into_command(
        self,
        provider: IdentityProviderId,
        expected_version: Option<Version>,
        cipher: Arc<dyn SecretCipher>,
    ) -> Result<EditIdentityProvider, AppError> {
        Ok(EditIdentityProvider {
            provider,
            name: self.name.as_deref().map(ProviderName::parse).transpose()?,
            issuer: self.issuer.as_deref().map(Issuer::parse).transpose()?,
            client_id: self.client_id.as_deref().map(ProviderClientId::parse).transpose()?,
            client_secret: self.client_secret.into_change().map(|secret| secret.map(OidcClientSecret::new)),
            scopes: self.scopes.map(|names| ProviderScopes::parse(&names)).transpose()?,
            domains: self.domains.as_deref().map(domains_of).transpose()?,
            groups_claim: self.groups_claim.parse(|text| GroupsClaim::parse(&text))?,
            group_roles: self.group_roles.as_deref().map(roles_of).transpose()?,
            default_role: self.default_role.into_change().map(|role| role.map(|name| name.0)),
            provisioning: self.provisioning,
            enabled: self.enabled,
            expected_version,
            cipher,
        })
    }
}
