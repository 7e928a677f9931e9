use chrono::TimeDelta;
use serde_json::{Map, Value};
use tenon_application::identity::{ExternalClaims, TokenSubject};
use tenon_application::{AppError, Denial};
use tenon_domain::access::{Scope, Scopes};
use tenon_domain::identity::Email;
use tenon_domain::{OrganizationId, Timestamp};
use uuid::Uuid;

use super::settings::{ClaimName, IssuerSettings, SubjectRule};

/// How far the issuer's clock may be from Tenon's.
const SKEW: TimeDelta = TimeDelta::seconds(60);

/// Names a key that the sender has to show (RFC 7800), which nobody asks for here.
const CONFIRMATION: &str = "cnf";

/// What an authentic token says, whether it is good now or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verified {
    pub(super) claims: ExternalClaims,
    /// `jti`, for the log.
    pub(super) id: Option<String>,
    /// It is not good before it was issued, nor before it says.
    begins_at: Option<Timestamp>,
    expires_at: Timestamp,
}

impl Verified {
    /// `None` for what does not say what is needed, or says it in a way that is not understood.
    pub(super) fn read(claims: Map<String, Value>, settings: &IssuerSettings) -> Option<Self> {
        if claims.contains_key(CONFIRMATION) {
            return None;
        }
        let expires_at = moment(claims.get("exp")?)?;
        let begins = ["nbf", "iat"].into_iter().filter_map(|name| claims.get(name));
        let begins_at = begins.map(moment).collect::<Option<Vec<_>>>()?.into_iter().max();
        let id = claims.get("jti").and_then(Value::as_str).map(str::to_owned);
        let claims = Value::Object(claims);
        let subject = match &settings.subject {
            SubjectRule::Email { address, verified } => {
                let is_verified = verified.of(&claims).and_then(Value::as_bool) == Some(true);
                let address = address.of(&claims).and_then(Value::as_str).filter(|_| is_verified)?;
                TokenSubject::Email(Email::read(address).ok()?)
            }
            SubjectRule::UserId => {
                let id = claims.get("sub").and_then(Value::as_str)?;
                TokenSubject::User(Uuid::try_parse(id).ok()?.into())
            }
        };
        let named = settings.organization.as_ref().and_then(|name| name.of(&claims));
        let organization = match named {
            Some(id) => Some(OrganizationId::new(Uuid::try_parse(id.as_str()?).ok()?)),
            None => None,
        };
        let scopes = settings.scopes.iter().find_map(|name| name.of(&claims)).map(scopes).unwrap_or_default();
        let scopes =
            if scopes.is_empty() && settings.full_access { Scope::ALL.iter().copied().collect() } else { scopes };
        Some(Self { claims: ExternalClaims { subject, organization, scopes }, id, begins_at, expires_at })
    }

    /// The claims, if the token is good at this moment.
    pub(super) fn at(&self, now: Timestamp) -> Result<ExternalClaims, AppError> {
        if self.expires_at <= now - SKEW {
            return Err(AppError::Unauthenticated(Denial::ExpiredToken));
        }
        if self.begins_at.is_some_and(|begin| now + SKEW < begin) {
            return Err(AppError::Unauthenticated(Denial::InvalidToken));
        }
        Ok(self.claims.clone())
    }
}

impl ClaimName {
    fn of<'a>(&self, claims: &'a Value) -> Option<&'a Value> {
        let found = if self.0.starts_with('/') { claims.pointer(&self.0) } else { claims.get(&self.0) };
        found.filter(|value| !value.is_null())
    }
}

/// Seconds since 1970, with or without a fraction.
fn moment(value: &Value) -> Option<Timestamp> {
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))?;
    Timestamp::from_timestamp(seconds, 0)
}

/// A text with spaces in between, as in RFC 6749, or a list. What Tenon has no name for is for others.
fn scopes(value: &Value) -> Scopes {
    match value {
        Value::String(text) => Scopes::restore(text),
        Value::Array(items) => items.iter().filter_map(Value::as_str).filter_map(Scope::parse).collect(),
        _ => Scopes::default(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;

    use super::*;

    fn settings(extra: Value) -> IssuerSettings {
        let mut issuer = json!({"issuer": "https://auth.example.com", "audience": "tenon", "subject": "email"});
        if let (Some(into), Value::Object(extra)) = (issuer.as_object_mut(), extra) {
            into.extend(extra);
        }
        IssuerSettings::parse_all(&json!([issuer]).to_string()).unwrap().remove(0)
    }

    fn now() -> Timestamp {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn token(extra: Value) -> Map<String, Value> {
        let claims = json!({
            "sub": "auth0|1", "exp": 1_800_000_900, "email": "Ada@Example.com", "email_verified": true,
            "scope": "openid tasks:read",
        });
        let (Value::Object(mut claims), Value::Object(extra)) = (claims, extra) else { panic!("objects") };
        claims.extend(extra);
        claims
    }

    fn read(claims: Value, rules: Value) -> Option<ExternalClaims> {
        Verified::read(token(claims), &settings(rules)).and_then(|verified| verified.at(now()).ok())
    }

    #[test]
    fn a_verified_address_says_who_it_is() {
        let claims = read(json!({}), json!({})).unwrap();
        assert_eq!(claims.subject, TokenSubject::Email(Email::parse("ada@example.com").unwrap()));
        assert_eq!((claims.organization, claims.scopes.to_string().as_str()), (None, "tasks:read"));
        for unverified in [json!(false), json!("true"), json!(1), json!(null)] {
            assert_eq!(read(json!({"email_verified": unverified}), json!({})), None);
        }
        assert_eq!(read(json!({"email": "ada"}), json!({})), None);
        let nested = json!({"email_claim": "/ext/mail", "email_verified_claim": "/ext/ok"});
        assert_eq!(read(json!({}), nested.clone()), None);
        let claims = read(json!({"ext": {"mail": "grace@example.com", "ok": true}}), nested).unwrap();
        assert_eq!(claims.subject, TokenSubject::Email(Email::parse("grace@example.com").unwrap()));
        let claims = read(json!({"email": "ada@corp.invalid"}), json!({})).unwrap();
        assert_eq!(claims.subject, TokenSubject::Email(Email::restore("ada@corp.invalid".to_owned())));
    }

    #[test]
    fn or_the_subject_is_a_users_id() {
        let by_id = || json!({"subject": "user_id"});
        let id = Uuid::from_u128(7);
        let claims = read(json!({"sub": id.to_string(), "email_verified": false}), by_id()).unwrap();
        assert_eq!(claims.subject, TokenSubject::User(id.into()));
        assert_eq!(read(json!({}), by_id()), None);
    }

    #[test]
    fn the_organization_is_an_id_where_a_token_names_one() {
        let named = || json!({"organization_claim": "org"});
        let id = Uuid::from_u128(9);
        assert_eq!(read(json!({"org": id.to_string()}), named()).unwrap().organization, Some(id.into()));
        assert_eq!(read(json!({}), named()).unwrap().organization, None);
        assert_eq!(read(json!({"org": "acme"}), named()), None, "never another one than it names");
        assert_eq!(read(json!({"org": 9}), named()), None);
    }

    #[test]
    fn scopes_are_those_that_tenon_knows() {
        let of = |claims: Value, rules: Value| read(claims, rules).unwrap().scopes.to_string();
        assert_eq!(of(json!({"scope": ["projects:write", "email"]}), json!({})), "projects:write");
        assert_eq!(of(json!({"scope": null, "scp": ["tasks:write"]}), json!({})), "tasks:write");
        assert_eq!(of(json!({"scp": "tasks:write"}), json!({"scope_claim": "scp"})), "tasks:write");
        assert_eq!(of(json!({"scope": "openid"}), json!({})), "");
        assert_eq!(of(json!({"scope": "tasks:read"}), json!({"full_access": true})), "tasks:read");
        let all: Scopes = Scope::ALL.iter().copied().collect();
        assert_eq!(of(json!({"scope": "openid"}), json!({"full_access": true})), all.to_string());
    }

    #[test]
    fn clocks_may_differ_by_a_minute() {
        let at = |claims: Value| Verified::read(token(claims), &settings(json!({}))).unwrap().at(now()).map(|_| ());
        let expired = Err(AppError::Unauthenticated(Denial::ExpiredToken));
        let early = Err(AppError::Unauthenticated(Denial::InvalidToken));
        assert_eq!(at(json!({"exp": 1_800_000_000 - 59})), Ok(()));
        assert_eq!(at(json!({"exp": 1_800_000_000 - 60})), expired);
        for name in ["nbf", "iat"] {
            let soon = |seconds: i64| token_with(name, 1_800_000_000 + seconds);
            assert_eq!(at(soon(60)), Ok(()), "{name}");
            assert_eq!(at(soon(61)), early, "{name}");
        }
        assert_eq!(at(json!({"exp": 1_800_000_000.5})), Ok(()));
    }

    fn token_with(name: &str, seconds: i64) -> Value {
        Value::Object([(name.to_owned(), json!(seconds))].into_iter().collect())
    }

    #[test]
    fn what_cannot_be_understood_is_nothing() {
        for claims in [
            json!({"exp": "soon"}),
            json!({"exp": i64::MAX}),
            json!({"exp": 1e300}),
            json!({"nbf": "now"}),
            json!({"cnf": {"jkt": "thumbprint"}}),
        ] {
            assert_eq!(read(claims.clone(), json!({})), None, "{claims}");
        }
    }
}
