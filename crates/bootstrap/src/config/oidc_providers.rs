use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;
use tenon_application::identity::{DeploymentProvider, OidcClientSecret};
use tenon_domain::access::OrganizationRole;
use tenon_domain::identity::{
    GroupRoles, GroupsClaim, Issuer, ProviderClientId, ProviderDomains, ProviderKey, ProviderName, ProviderScopes,
    ProviderSettings,
};
use tenon_domain::organizations::DomainName;
use tenon_infrastructure::outbound::OutboundPolicy;
use uuid::Uuid;

const REMEDY: &str = "write a JSON array of providers, or the path of a file with one";

/// A provider as it is written down.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    key: String,
    name: String,
    issuer: String,
    client_id: String,
    client_secret: Option<String>,
    scopes: Option<Vec<String>>,
    #[serde(default)]
    domains: Vec<String>,
    groups_claim: Option<String>,
    #[serde(default)]
    group_roles: BTreeMap<String, String>,
    default_role: Option<String>,
    #[serde(default)]
    provisioning: bool,
    organization: Option<Uuid>,
}

/// The identity providers of the deployment: as they are, or in a file. Where Tenon may call any server, they may do
/// without https.
pub(super) fn oidc_providers(text: &str, outbound: OutboundPolicy) -> Result<Vec<DeploymentProvider>, String> {
    let text = text.trim();
    let json = if text.starts_with('[') {
        text.to_owned()
    } else {
        fs::read_to_string(text).map_err(|error| format!("{REMEDY} ({error})"))?
    };
    // Not the error itself, which shows values: among them are secrets.
    let written: Vec<Written> = serde_json::from_str(&json).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("{REMEDY}: what is in line {line}, column {column} does not fit, or a field is missing before")
    })?;
    let mut providers: Vec<DeploymentProvider> = Vec::new();
    for provider in written {
        let key = provider.key.clone();
        let provider = provider.into_provider(outbound).map_err(|fault| format!("provider {key:?}: {fault}"))?;
        if providers.iter().any(|known| known.key == provider.key) {
            return Err(format!("give each provider a key of its own: two are called {key:?}"));
        }
        providers.push(provider);
    }
    Ok(providers)
}

impl Written {
    fn into_provider(self, outbound: OutboundPolicy) -> Result<DeploymentProvider, String> {
        let Some(ProviderKey::Deployment(key)) = ProviderKey::parse(&self.key) else {
            return Err("a key is a word of up to 40 small letters, digits and hyphens".to_owned());
        };
        if self.provisioning && self.organization.is_none() {
            return Err("with provisioning, name the organization that people become members of".to_owned());
        }
        let default_role = match &self.default_role {
            Some(text) => Some(role(text)?),
            // Who says what groups are for means nobody else.
            None => self.group_roles.is_empty().then_some(OrganizationRole::Member),
        };
        let roles: Result<Vec<_>, String> =
            self.group_roles.into_iter().map(|(group, text)| Ok((group, role(&text)?))).collect();
        let domains: Result<Vec<_>, _> = self.domains.iter().map(|name| DomainName::parse(name)).collect();
        let settings = ProviderSettings {
            name: ProviderName::parse(&self.name).map_err(said)?,
            issuer: issuer(&self.issuer, outbound)?,
            client_id: ProviderClientId::parse(&self.client_id).map_err(said)?,
            scopes: match &self.scopes {
                Some(names) => ProviderScopes::parse(names).map_err(said)?,
                None => ProviderScopes::default(),
            },
            domains: ProviderDomains::parse(domains.map_err(said)?).map_err(said)?,
            groups_claim: self.groups_claim.as_deref().map(GroupsClaim::parse).transpose().map_err(said)?,
            group_roles: GroupRoles::parse(roles?).map_err(said)?,
            default_role,
            provisioning: self.provisioning,
            enabled: true,
        };
        settings.check().map_err(said)?;
        Ok(DeploymentProvider {
            key,
            settings,
            client_secret: self.client_secret.filter(|secret| !secret.is_empty()).map(OidcClientSecret::new),
            organization: self.organization.map(Into::into),
        })
    }
}

fn issuer(text: &str, outbound: OutboundPolicy) -> Result<Issuer, String> {
    let read = match outbound {
        OutboundPolicy::PublicOnly => Issuer::parse,
        OutboundPolicy::Anywhere => Issuer::parse_of_own_network,
    };
    read(text).map_err(said)
}

fn role(text: &str) -> Result<OrganizationRole, String> {
    OrganizationRole::parse(text).ok_or_else(|| format!("there is no role {text:?}: write admin, member or guest"))
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &str) -> Result<DeploymentProvider, String> {
        let json = format!(
            r#"[{{"key": "corp", "name": "Corp", "issuer": "https://idp.example.com", "client_id": "tenon"{fields}}}]"#
        );
        oidc_providers(&json, OutboundPolicy::PublicOnly).map(|mut providers| providers.remove(0))
    }

    #[test]
    fn a_provider_needs_little() {
        let provider = read("").unwrap();
        assert_eq!(
            (provider.key.as_str(), provider.settings.scopes.asked().as_str()),
            ("corp", "openid email profile")
        );
        assert_eq!(provider.settings.default_role, Some(OrganizationRole::Member));
        assert!(provider.settings.enabled && !provider.settings.provisioning);
        assert_eq!((provider.client_secret, provider.organization), (None, None));
        assert_eq!(oidc_providers("[]", OutboundPolicy::PublicOnly), Ok(Vec::new()));
    }

    #[test]
    fn a_provider_may_say_more() {
        let provider = read(
            r#", "client_secret": "hunter2", "scopes": ["groups"], "domains": ["example.com"], "groups_claim": "groups",
            "group_roles": {"staff": "guest"}, "provisioning": true,
            "organization": "0199f8a2-5b0d-7c29-8a43-1e9b7d0c6955""#,
        )
        .unwrap();
        assert_eq!(provider.settings.default_role, None, "who is in none of the groups is not meant");
        assert_eq!(provider.settings.roles_for(&["staff".to_owned()]), [OrganizationRole::Guest.into()]);
        assert!(provider.organization.is_some() && provider.client_secret.is_some());
        assert!(!format!("{provider:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secrets() {
        for (fields, words) in [
            (r#", "client_secret": ["hunter2"]"#, "line 1"),
            (r#", "client_secrte": "hunter2""#, "line 1"),
            (r#", "provisioning": true"#, "name the organization"),
            (r#", "group_roles": {"staff": "emperor"}"#, "no role \"emperor\""),
            (r#", "group_roles": {"staff": "guest"}"#, "need the name of the claim"),
            (r#", "default_role": "owner""#, "owners are appointed here"),
            (r#", "domains": ["localhost"]"#, "provider \"corp\": "),
        ] {
            let fault = read(fields).unwrap_err();
            assert!(fault.contains(words) && !fault.contains("hunter2"), "{fields}: {fault}");
        }
        let fault = |text: &str| oidc_providers(text, OutboundPolicy::PublicOnly).unwrap_err();
        assert!(fault("/nonexistent/providers.json").contains(REMEDY));
        let twice = r#"{"key": "corp", "name": "Corp", "issuer": "https://idp.example.com", "client_id": "tenon"}"#;
        assert!(fault(&format!("[{twice}, {twice}]")).contains("two are called \"corp\""));
        let named_like_an_id = twice.replace("corp", "0199f8a2-5b0d-7c29-8a43-1e9b7d0c6955");
        assert!(fault(&format!("[{named_like_an_id}]")).contains("a key is a word"));
    }

    #[test]
    fn in_a_network_of_ones_own_a_provider_may_do_without_https() {
        let json = r#"[{"key": "corp", "name": "Corp", "issuer": "http://idp.internal:8080", "client_id": "tenon"}]"#;
        assert!(oidc_providers(json, OutboundPolicy::PublicOnly).unwrap_err().contains("https"));
        let providers = oidc_providers(json, OutboundPolicy::Anywhere).unwrap();
        assert_eq!(providers[0].settings.issuer.as_str(), "http://idp.internal:8080");
    }
}
