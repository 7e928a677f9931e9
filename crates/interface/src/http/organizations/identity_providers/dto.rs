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
use tenon_domain::organizations::{DomainName, RoleChoice};
use tenon_domain::{IdentityProviderId, Version};
use utoipa::ToSchema;
use uuid::Uuid;
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
    group_roles: [GroupRoleBody] => roles_of;
}

fn secret(text: &str) -> Result<(), IdentityError> {
    let fits = (1..=IdentityProvider::MAX_SECRET_CHARS).contains(&text.chars().count());
    if fits { Ok(()) } else { Err(IdentityError::ProviderSecret) }
}

fn domains_of(names: &[String]) -> Result<ProviderDomains, IdentityError> {
    let parsed: Result<Vec<_>, _> = names.iter().map(|name| DomainName::parse(name)).collect();
    ProviderDomains::parse(parsed.map_err(|_| IdentityError::ProviderDomains)?)
}

fn roles_of(pairs: &[GroupRoleBody]) -> Result<GroupRoles, IdentityError> {
    let pairs = pairs.iter().map(|pair| Ok((pair.group.clone(), pair.role()?)));
    GroupRoles::parse(pairs.collect::<Result<Vec<_>, IdentityError>>()?)
}

/// A group of the provider's, and the role that its members have here.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "group": "engineering", "role": "member" }))]
pub(crate) struct GroupRoleBody {
    /// As the provider names it.
    #[schema(min_length = 1, max_length = 255)]
    group: String,
    /// Not `owner`. Needed unless there is a `custom_role_id`. Of several groups the role counts that permits most.
    role: Option<OrganizationRoleName>,
    /// A custom role of the organization for its members, instead of a system role.
    custom_role_id: Option<Uuid>,
}

impl GroupRoleBody {
    fn role(&self) -> Result<RoleChoice, IdentityError> {
        match (&self.role, self.custom_role_id) {
            (Some(role), None) => Ok(RoleChoice::System(role.0)),
            (None, Some(id)) => Ok(RoleChoice::Custom(id.into())),
            _ => Err(IdentityError::GroupRoleChoice),
        }
    }
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
    /// What pages show: one line.
    #[validate(custom(function = "check::name"))]
    #[schema(min_length = 1, max_length = 100, pattern = "line")]
    name: String,
    /// As the provider writes it in its tokens: https, and found by OpenID Connect Discovery.
    #[validate(custom(function = "check::issuer"))]
    #[schema(min_length = 1, max_length = 255)]
    issuer: String,
    /// What the provider knows Tenon as.
    #[validate(custom(function = "check::client_id"))]
    #[schema(min_length = 1, max_length = 255, pattern = "line")]
    client_id: String,
    /// Absent or `null` for a public client. It is encrypted, and never answered.
    #[validate(custom(function = "check::client_secret"))]
    #[schema(min_length = 1, max_length = 1000)]
    client_secret: Option<String>,
    /// What to ask for besides `openid`; `email` and `profile` if it is absent or `null`.
    #[validate(custom(function = "check::scopes"))]
    #[schema(max_items = 20)]
    scopes: Option<Vec<String>>,
    /// Whose addresses it may vouch for, as far as the organization has verified the domains. None if it is absent or
    /// `null`.
    #[validate(custom(function = "check::domains"))]
    #[schema(max_items = 50)]
    domains: Option<Vec<String>>,
    /// The claim with the names of groups. Needed for `group_roles`.
    #[validate(custom(function = "check::groups_claim"))]
    #[schema(min_length = 1, max_length = 100, pattern = "line")]
    groups_claim: Option<String>,
    /// The roles of groups; none if it is absent or `null`. With any, the role of a member is that of their groups again
    /// each time they come.
    #[validate(custom(function = "check::group_roles"))]
    #[schema(max_items = 200)]
    group_roles: Option<Vec<GroupRoleBody>>,
    /// Of who is in none of the groups; `null` does not let them in. If it is absent, they are not let in where there are
    /// `group_roles`, and are a `member` where there are none.
    #[serde(default)]
    #[schema(value_type = Option<OrganizationRoleName>)]
    default_role: Patch<OrganizationRoleName>,
    /// Whether people get accounts, and become members, when they first come. `false` if it is absent.
    #[serde(default)]
    provisioning: bool,
    /// Whether people can sign in by it. `true` if it is absent.
    #[serde(default = "yes")]
    enabled: bool,
}

impl CreateIdentityProviderBody {
    pub(super) fn into_input(self) -> Result<IdentityProviderInput, AppError> {
        let group_roles = self.group_roles.unwrap_or_default();
        let default_role = match self.default_role {
            Patch::Value(name) => Some(name.0),
            Patch::Null => None,
            // Who says what groups are for means nobody else.
            Patch::Absent => group_roles.is_empty().then_some(OrganizationRole::Member),
        };
        let settings = ProviderSettings {
            name: ProviderName::parse(&self.name)?,
            issuer: Issuer::parse(&self.issuer)?,
            client_id: ProviderClientId::parse(&self.client_id)?,
            scopes: self.scopes.map(|names| ProviderScopes::parse(&names)).transpose()?.unwrap_or_default(),
            domains: domains_of(&self.domains.unwrap_or_default())?,
            groups_claim: self.groups_claim.as_deref().map(GroupsClaim::parse).transpose()?,
            group_roles: roles_of(&group_roles)?,
            default_role,
            provisioning: self.provisioning,
            enabled: self.enabled,
        };
        Ok(IdentityProviderInput { settings, client_secret: self.client_secret.map(OidcClientSecret::new) })
    }
}

/// What is to change in an identity provider.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(example = json!({
    "name": "Everybody", "groups_claim": "groups", "group_roles": [{ "group": "engineering", "role": "member" }],
    "default_role": null, "enabled": false,
}))]
pub(crate) struct UpdateIdentityProviderBody {
    /// What pages show: one line.
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::name"))]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 100, pattern = "line")]
    name: Option<String>,
    /// As the provider writes it in its tokens: https, and found by OpenID Connect Discovery. Another one needs a
    /// `client_secret` of its own, or `null`.
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::issuer"))]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 255)]
    issuer: Option<String>,
    /// What the provider knows Tenon as.
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::client_id"))]
    #[schema(value_type = String, required = false, min_length = 1, max_length = 255, pattern = "line")]
    client_id: Option<String>,
    /// Takes the place of the one before. `null` makes Tenon a public client there, which has none; if it is absent, the
    /// secret stays. It is encrypted, and never answered.
    #[validate(custom(function = "check::client_secret"))]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1000)]
    client_secret: Patch<String>,
    /// What to ask for besides `openid`.
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::scopes"))]
    #[schema(value_type = Vec<String>, required = false, max_items = 20)]
    scopes: Option<Vec<String>>,
    /// Whose addresses it may vouch for, as far as the organization has verified the domains.
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::domains"))]
    #[schema(value_type = Vec<String>, required = false, max_items = 50)]
    domains: Option<Vec<String>>,
    /// The claim with the names of groups. Needed for `group_roles`.
    #[validate(custom(function = "check::groups_claim"))]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, pattern = "line")]
    groups_claim: Patch<String>,
    /// The roles of groups: all that there are to be. With any, the role of a member is that of their groups again each
    /// time they come.
    #[serde(deserialize_with = "not_null")]
    #[validate(custom(function = "check::group_roles"))]
    #[schema(value_type = Vec<GroupRoleBody>, required = false, max_items = 200)]
    group_roles: Option<Vec<GroupRoleBody>>,
    /// Of who is in none of the groups; `null` does not let them in.
    #[schema(value_type = Option<OrganizationRoleName>)]
    default_role: Patch<OrganizationRoleName>,
    /// Whether people get accounts, and become members, when they first come.
    #[serde(deserialize_with = "not_null")]
    #[schema(value_type = bool, required = false)]
    provisioning: Option<bool>,
    /// Whether people can sign in by it.
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
