use std::str::FromStr;

use http::Uri;
use jsonwebtoken::Algorithm;
use serde::Deserialize;

use crate::security::SecurityError;

/// Signatures that others can verify, and only those: a shared secret would be no proof of who signed.
const ALGORITHMS: &[&str] = &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];
const MAX_CLAIM_CHARS: usize = 200;

/// An issuer whose access tokens are taken, and how they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerSettings {
    pub(super) issuer: String,
    pub(super) audience: String,
    /// Where its keys are; found by discovery when it is not set.
    pub(super) key_set: Option<Uri>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) subject: SubjectRule,
    pub(super) organization: Option<ClaimName>,
    /// The first of these that a token has says what it is good for.
    pub(super) scopes: Vec<ClaimName>,
    /// Whether a token without any scope of Tenon's is good for all that scopes can be for.
    pub(super) full_access: bool,
}

/// Which claim says whom a token is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SubjectRule {
    /// An address, if the other claim says that it is verified.
    Email { address: ClaimName, verified: ClaimName },
    /// `sub` is the id of a user of Tenon.
    UserId,
}

/// The name of a claim, or a JSON pointer (RFC 6901) to one inside of another: `/ext/email`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClaimName(pub(super) String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    issuer: String,
    audience: String,
    jwks_uri: Option<String>,
    algorithms: Option<Vec<String>>,
    subject: WrittenSubject,
    email_claim: Option<String>,
    email_verified_claim: Option<String>,
    organization_claim: Option<String>,
    scope_claim: Option<String>,
    #[serde(default)]
    full_access: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WrittenSubject {
    Email,
    UserId,
}

impl IssuerSettings {
    /// Reads a list of issuers in JSON.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, SecurityError> {
        let written: Vec<Written> = serde_json::from_str(text).map_err(|error| refused(error.to_string()))?;
        let issuers = written.into_iter().map(Self::new).collect::<Result<Vec<_>, _>>()?;
        let is_twice = |(place, it): (usize, &Self)| issuers[..place].iter().any(|other| other.issuer == it.issuer);
        if issuers.iter().enumerate().any(is_twice) {
            return Err(refused("name each issuer once"));
        }
        Ok(issuers)
    }

    /// As its tokens name it.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    fn new(written: Written) -> Result<Self, SecurityError> {
        let Written { issuer, audience, jwks_uri, algorithms, .. } = &written;
        // It is compared with what tokens say letter by letter, so it is kept as it is.
        if !is_url(issuer) || issuer.contains(['?', '#']) {
            return Err(refused(format!("the issuer {issuer:?} is no URL such as https://auth.example.com")));
        }
        if audience.trim().is_empty() {
            return Err(refused(format!("give the issuer {issuer} an audience: what tokens for Tenon say in aud")));
        }
        let key_set = match jwks_uri {
            Some(uri) if is_url(uri) => uri.parse().ok(),
            Some(uri) => return Err(refused(format!("the jwks_uri {uri:?} is no URL"))),
            None => None,
        };
        let algorithms = match algorithms {
            Some(names) => names.iter().map(|name| algorithm(name)).collect::<Result<Vec<_>, _>>()?,
            None => vec![Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA],
        };
        if algorithms.is_empty() {
            return Err(refused(format!("the issuer {issuer} has no algorithms")));
        }
        let subject = match written.subject {
            WrittenSubject::Email => SubjectRule::Email {
                address: ClaimName::new(written.email_claim.as_deref().unwrap_or("email"))?,
                verified: ClaimName::new(written.email_verified_claim.as_deref().unwrap_or("email_verified"))?,
            },
            WrittenSubject::UserId if written.email_claim.is_some() || written.email_verified_claim.is_some() => {
                return Err(refused("claims of an address go with the subject email"));
            }
            WrittenSubject::UserId => SubjectRule::UserId,
        };
        let scopes = match &written.scope_claim {
            Some(name) => vec![ClaimName::new(name)?],
            // The standard's (RFC 8693), and what others call it.
            None => vec![ClaimName::new("scope")?, ClaimName::new("scp")?],
        };
        Ok(Self {
            key_set,
            algorithms,
            subject,
            organization: written.organization_claim.as_deref().map(ClaimName::new).transpose()?,
            scopes,
            full_access: written.full_access,
            issuer: written.issuer,
            audience: written.audience,
        })
    }
}

impl ClaimName {
    fn new(text: &str) -> Result<Self, SecurityError> {
        if (1..=MAX_CLAIM_CHARS).contains(&text.chars().count()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(refused(format!("{text:?} is no name of a claim")))
        }
    }
}

fn algorithm(name: &str) -> Result<Algorithm, SecurityError> {
    let known = ALGORITHMS.contains(&name).then(|| Algorithm::from_str(name).ok()).flatten();
    known.ok_or_else(|| refused(format!("{name:?} is none of the algorithms {}", ALGORITHMS.join(", "))))
}

fn is_url(text: &str) -> bool {
    let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.is_some() && text.parse::<Uri>().is_ok()
}

fn refused(why: impl Into<String>) -> SecurityError {
    SecurityError::TokenIssuers(why.into())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn least() -> Value {
        json!({"issuer": "https://auth.example.com/", "audience": "tenon", "subject": "email"})
    }

    fn with(name: &str, value: Value) -> Value {
        let mut issuer = least();
        issuer[name] = value;
        issuer
    }

    fn parse(issuers: &[Value]) -> Result<Vec<IssuerSettings>, String> {
        IssuerSettings::parse_all(&json!(issuers).to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn little_needs_to_be_said() {
        let issuer = &parse(&[least()]).unwrap()[0];
        assert_eq!(issuer.issuer(), "https://auth.example.com/");
        assert_eq!(issuer.algorithms, [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA]);
        assert_eq!(issuer.scopes, [ClaimName("scope".to_owned()), ClaimName("scp".to_owned())]);
        assert_eq!((&issuer.key_set, &issuer.organization, issuer.full_access), (&None, &None, false));
        let (address, verified) = (ClaimName("email".to_owned()), ClaimName("email_verified".to_owned()));
        assert_eq!(issuer.subject, SubjectRule::Email { address, verified });
        assert_eq!(parse(&[]).unwrap(), []);
    }

    #[test]
    fn everything_can_be_said() {
        let issuer = json!({
            "issuer": "http://localhost:4444", "audience": "tenon", "subject": "email",
            "jwks_uri": "http://localhost:4444/.well-known/jwks.json", "algorithms": ["PS256", "ES384"],
            "email_claim": "/ext/email", "email_verified_claim": "/ext/verified",
            "organization_claim": "https://tenon.example/organization", "scope_claim": "scp", "full_access": true,
        });
        let issuer = &parse(&[issuer]).unwrap()[0];
        assert_eq!(issuer.key_set.as_ref().unwrap().path(), "/.well-known/jwks.json");
        assert_eq!(issuer.algorithms, [Algorithm::PS256, Algorithm::ES384]);
        assert_eq!(issuer.organization, Some(ClaimName("https://tenon.example/organization".to_owned())));
        assert_eq!(issuer.scopes, [ClaimName("scp".to_owned())]);
        assert!(issuer.full_access);
        let by_id = &parse(&[with("subject", json!("user_id"))]).unwrap()[0];
        assert_eq!(by_id.subject, SubjectRule::UserId);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (issuer, why) in [
            (json!("https://auth.example.com"), "invalid type"),
            (json!({"issuer": "https://auth.example.com", "audience": "tenon"}), "missing field `subject`"),
            (with("subject", json!("sub")), "unknown variant"),
            (with("issuer", json!("tenon")), "is no URL"),
            (with("issuer", json!("https://auth.example.com?x")), "is no URL"),
            (with("audience", json!(" ")), "an audience"),
            (with("jwks_uri", json!("file:///etc/passwd")), "is no URL"),
            (with("algorithms", json!(["HS256"])), "none of the algorithms"),
            (with("algorithms", json!(["none"])), "none of the algorithms"),
            (with("algorithms", json!([])), "has no algorithms"),
            (with("scope_claim", json!("")), "no name of a claim"),
            (with("scopes", json!("tasks:read")), "unknown field"),
        ] {
            let message = parse(std::slice::from_ref(&issuer)).unwrap_err();
            assert!(message.contains(why), "{issuer}: {message}");
        }
        assert!(parse(&[least(), least()]).unwrap_err().contains("once"));
        let mut by_id = with("subject", json!("user_id"));
        by_id["email_claim"] = json!("mail");
        assert!(parse(&[by_id]).unwrap_err().contains("go with the subject email"));
    }
}
