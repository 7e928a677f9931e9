//! Identity providers, whom they vouch for, and the codes that sign-ins by them end with.

mod identities;
mod queries;
mod repository;
mod sign_in_codes;

use std::collections::BTreeMap;

use tenon_application::StoreError;
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{
    GroupRoles, GroupsClaim, IdentityProviderState, Issuer, ProviderClientId, ProviderDomains, ProviderKey,
    ProviderName, ProviderScopes, ProviderSettings, SealedSecret, VouchedSignIn,
};
use tenon_domain::organizations::{DomainName, RoleChoice};
use uuid::Uuid;

use super::entities::identity_provider::Model;
use super::rows::{from_json, named, to_json};

pub use sign_in_codes::SqlSignInCodeArchive;

fn provider_state(row: Model) -> Result<IdentityProviderState, StoreError> {
    let settings = ProviderSettings {
        name: ProviderName::restore(row.name),
        issuer: Issuer::restore(row.issuer),
        client_id: ProviderClientId::restore(row.client_id),
        scopes: ProviderScopes::parse(from_json::<Vec<String>>(&row.scopes)?).map_err(broken)?,
        domains: domains(&row.domains)?,
        groups_claim: row.groups_claim.map(GroupsClaim::restore),
        group_roles: group_roles(&row.group_roles)?,
        default_role: row.default_role.map(|text| role(&text)).transpose()?,
        provisioning: row.provisioning,
        enabled: row.enabled,
    };
    let sealed = row.key_id.zip(row.secret);
    Ok(IdentityProviderState {
        id: row.id.into(),
        settings,
        client_secret: sealed.map(|(key_id, ciphertext)| SealedSecret { key_id, ciphertext }),
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

fn provider_row(organization: Uuid, state: &IdentityProviderState) -> Result<Model, StoreError> {
    let IdentityProviderState { settings, client_secret, .. } = state;
    let roles = settings.group_roles.iter().map(|(group, role)| (group, role.to_string()));
    let roles: BTreeMap<&str, String> = roles.collect();
    Ok(Model {
        id: state.id.uuid(),
        org_id: organization,
        name: settings.name.to_string(),
        issuer: settings.issuer.to_string(),
        client_id: settings.client_id.to_string(),
        key_id: client_secret.as_ref().map(|sealed| sealed.key_id.clone()),
        secret: client_secret.as_ref().map(|sealed| sealed.ciphertext.clone()),
        scopes: to_json(&settings.scopes.as_slice())?,
        domains: to_json(&settings.domains.to_strings())?,
        groups_claim: settings.groups_claim.as_ref().map(|claim| claim.as_str().to_owned()),
        group_roles: to_json(&roles)?,
        default_role: settings.default_role.map(|role| role.as_str().to_owned()),
        provisioning: settings.provisioning,
        enabled: settings.enabled,
        version: state.version,
        created_at: state.created_at,
        updated_at: state.updated_at,
    })
}

fn domains(json: &str) -> Result<ProviderDomains, StoreError> {
    let names: Vec<String> = from_json(json)?;
    ProviderDomains::parse(names.into_iter().map(DomainName::restore)).map_err(broken)
}

fn group_roles(json: &str) -> Result<GroupRoles, StoreError> {
    let roles: BTreeMap<String, String> = from_json(json)?;
    let roles: Result<Vec<_>, StoreError> =
        roles.into_iter().map(|(group, text)| Ok((group, role_choice(&text)?))).collect();
    GroupRoles::parse(roles?).map_err(broken)
}

/// The id of a custom role, which is no name of another one, or a system role.
fn role_choice(text: &str) -> Result<RoleChoice, StoreError> {
    match Uuid::try_parse(text) {
        Ok(id) => Ok(RoleChoice::Custom(id.into())),
        Err(_) => role(text).map(RoleChoice::System),
    }
}

fn role(text: &str) -> Result<OrganizationRole, StoreError> {
    named("role", text, OrganizationRole::parse)
}

fn broken(error: impl std::fmt::Display) -> StoreError {
    StoreError::Broken(format!("an identity provider in a row: {error}"))
}

/// Which provider a row speaks of.
pub(super) fn provider_key(text: &str) -> Result<ProviderKey, StoreError> {
    named("provider", text, ProviderKey::parse)
}

/// Who has vouched for a sign-in, from the columns of its row.
pub(super) fn vouched(provider: &str, organization: Option<Uuid>) -> Result<VouchedSignIn, StoreError> {
    Ok(VouchedSignIn { provider: provider_key(provider)?, organization: organization.map(Into::into) })
}
