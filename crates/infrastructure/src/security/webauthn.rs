use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tenon_application::AppError;
use tenon_application::identity::{Assertion, AssertionClaim, CeremonyStart, NewCredential, PasskeyVerifier, UserView};
use tenon_domain::UserId;
use url::{Host, Url};
use uuid::Uuid;
use webauthn_rs::prelude::{
    CredentialID, DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Webauthn, WebauthnBuilder, WebauthnError,
};

use super::SecurityError;

/// What people see when their device asks them.
const NAME: &str = "Tenon";
/// The longest id that a credential may have (WebAuthn Level 3, 5.8.3).
const MAX_CREDENTIAL_ID: usize = 1023;

/// Where passkeys belong to, as far as the operator says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebauthnSettings {
    /// The domain; that of the public address when there is none.
    pub rp_id: Option<String>,
    /// The origins of the pages that may ask for passkeys; that of the public address when there are none.
    pub origins: Vec<Url>,
}

/// Registers and verifies passkeys with webauthn-rs, without asking who made the authenticator. All it knows of a ceremony
/// is in the state that it hands out.
#[derive(Clone, Debug)]
pub struct WebauthnPasskeys {
    webauthn: Option<Webauthn>,
}

impl WebauthnPasskeys {
    /// Without a domain there are no passkeys: an address like `http://127.0.0.1:8080` has none.
    pub fn new(settings: &WebauthnSettings, public_url: &Url) -> Result<Self, SecurityError> {
        let domain = match public_url.host() {
            Some(Host::Domain(domain)) => Some(domain.to_owned()),
            _ => None,
        };
        let Some(rp_id) = settings.rp_id.clone().or(domain) else { return Ok(Self { webauthn: None }) };
        let origins = match settings.origins.as_slice() {
            [] => vec![public_url.clone()],
            origins => origins.to_vec(),
        };
        let refused = || SecurityError::PasskeyDomain {
            rp_id: rp_id.clone(),
            origins: origins.iter().map(|url| url.origin().ascii_serialization()).collect::<Vec<_>>().join(", "),
        };
        // The builder looks at the first of them only.
        if let Some(other) = origins.iter().find(|url| !belongs_to(url, &rp_id)) {
            tracing::debug!(%other, %rp_id, "not a page of the domain");
            return Err(refused());
        }
        let first = origins.first().ok_or_else(refused)?;
        let mut builder = WebauthnBuilder::new(&rp_id, first).map_err(|_| refused())?.rp_name(NAME);
        for origin in &origins[1..] {
            builder = builder.append_allowed_origin(origin);
        }
        Ok(Self { webauthn: Some(builder.build().map_err(|_| refused())?) })
    }

    fn webauthn(&self) -> Result<&Webauthn, AppError> {
        self.webauthn.as_ref().ok_or(AppError::PasskeysUnavailable)
    }
}

/// Whether an origin is one of the domain or below it.
fn belongs_to(origin: &Url, rp_id: &str) -> bool {
    origin.domain().is_some_and(|domain| domain == rp_id || domain.ends_with(&format!(".{rp_id}")))
}

impl PasskeyVerifier for WebauthnPasskeys {
    fn is_available(&self) -> bool {
        self.webauthn.is_some()
    }

    fn begin_registration(&self, user: &UserView, present: &[String]) -> Result<CeremonyStart, AppError> {
        let excluded = credential_ids(present)?;
        let started = self.webauthn()?.start_passkey_registration(
            user.id.uuid(),
            &user.email,
            &user.display_name,
            Some(excluded),
        );
        let (options, state) = started.map_err(broken)?;
        let mut options = public_key(&options)?;
        // The library leaves it to the device whether it will know its user by itself. Else nobody could sign in without
        // having said first who they are.
        options["authenticatorSelection"]["residentKey"] = "required".into();
        options["authenticatorSelection"]["requireResidentKey"] = true.into();
        Ok(CeremonyStart { options, state: encode(&state)? })
    }

    fn register(&self, state: &str, response: &Value) -> Option<NewCredential> {
        let state: PasskeyRegistration = serde_json::from_str(state).ok()?;
        let response: RegisterPublicKeyCredential = decode(response)?;
        let verified = self.webauthn.as_ref()?.finish_passkey_registration(&response, &state);
        let passkey = verified.inspect_err(|error| tracing::debug!(%error, "a passkey was not registered")).ok()?;
        let id = passkey.cred_id();
        if id.is_empty() || id.len() > MAX_CREDENTIAL_ID || id.as_slice() != response.raw_id.as_slice() {
            return None;
        }
        let id = text_of(id)?;
        Some(NewCredential { id, credential: encode(&passkey).ok()?, synced: is_synced(&passkey)? })
    }

    fn begin_assertion(&self, allowed: &[String]) -> Result<CeremonyStart, AppError> {
        let (options, state) = self.webauthn()?.start_discoverable_authentication().map_err(broken)?;
        let mut options = public_key(&options)?;
        let allowed = credential_ids(allowed)?;
        let descriptor = |id: &CredentialID| Some(serde_json::json!({"type": "public-key", "id": text_of(id)?}));
        options["allowCredentials"] = allowed.iter().filter_map(descriptor).collect();
        Ok(CeremonyStart { options, state: encode(&state)? })
    }

    fn identify(&self, response: &Value) -> Option<AssertionClaim> {
        let response: PublicKeyCredential = decode(response)?;
        let user = match response.get_user_unique_id() {
            // Some authenticators write nothing where others leave it out.
            None | Some([]) => None,
            Some(handle) => Some(UserId::new(Uuid::from_slice(handle).ok()?)),
        };
        let id = response.raw_id.as_slice();
        let credential_id = text_of(id).filter(|_| id.len() <= MAX_CREDENTIAL_ID)?;
        Some(AssertionClaim { credential_id, user })
    }

    fn verify(&self, state: &str, response: &Value, credential: &str) -> Assertion {
        match self.verified(state, response, credential) {
            Ok(Some((credential, synced))) => Assertion::Genuine { credential, synced },
            Ok(None) => Assertion::Refused,
            Err(WebauthnError::CredentialPossibleCompromise) => Assertion::CounterReused,
            Err(error) => {
                tracing::debug!(%error, "a passkey was refused");
                Assertion::Refused
            }
        }
    }
}

impl WebauthnPasskeys {
    /// What is known of the credential after it has signed this. `None` for what cannot be read.
    fn verified(
        &self,
        state: &str,
        response: &Value,
        credential: &str,
    ) -> Result<Option<(String, bool)>, WebauthnError> {
        let state = serde_json::from_str::<DiscoverableAuthentication>(state).ok();
        let passkey = serde_json::from_str::<Passkey>(credential).ok();
        let (Some(webauthn), Some(state), Some(mut passkey), Some(response)) =
            (self.webauthn.as_ref(), state, passkey, decode::<PublicKeyCredential>(response))
        else {
            return Ok(None);
        };
        let signed = webauthn.finish_discoverable_authentication_v2(&response, state, &passkey)?;
        if !signed.user_verified() {
            return Err(WebauthnError::UserNotVerified);
        }
        passkey.update_credential(&signed);
        Ok(encode(&passkey).ok().zip(is_synced(&passkey)))
    }
}

/// What browsers take is what the library puts below `publicKey`.
fn public_key(options: &impl Serialize) -> Result<Value, AppError> {
    let mut options = serde_json::to_value(options).map_err(unwritable)?;
    Ok(options["publicKey"].take())
}

fn credential_ids(credentials: &[String]) -> Result<Vec<CredentialID>, AppError> {
    let read = |credential: &String| serde_json::from_str::<Passkey>(credential).map(|it| it.cred_id().clone());
    credentials
        .iter()
        .map(read)
        .collect::<Result<_, _>>()
        .map_err(|error| AppError::Internal(format!("a stored passkey cannot be read: {error}")))
}

/// Whether whoever made the authenticator has a copy.
fn is_synced(passkey: &Passkey) -> Option<bool> {
    serde_json::to_value(passkey).ok()?.pointer("/cred/backup_state")?.as_bool()
}

fn text_of(id: &[u8]) -> Option<String> {
    (!id.is_empty()).then(|| URL_SAFE_NO_PAD.encode(id))
}

fn decode<T: DeserializeOwned>(response: &Value) -> Option<T> {
    T::deserialize(response).ok()
}

fn encode(value: &impl Serialize) -> Result<String, AppError> {
    serde_json::to_string(value).map_err(unwritable)
}

fn unwritable(error: serde_json::Error) -> AppError {
    AppError::Internal(format!("a passkey could not be written: {error}"))
}

fn broken(error: WebauthnError) -> AppError {
    AppError::Internal(format!("a ceremony could not begin: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn made(rp_id: Option<&str>, origins: &[&str], public_url: &str) -> Result<WebauthnPasskeys, SecurityError> {
        let settings = WebauthnSettings {
            rp_id: rp_id.map(str::to_owned),
            origins: origins.iter().map(|origin| url(origin)).collect(),
        };
        WebauthnPasskeys::new(&settings, &url(public_url))
    }

    #[test]
    fn they_belong_to_the_domain_of_the_public_address() {
        let passkeys = made(None, &[], "https://tenon.example.com/app").unwrap();
        let options = passkeys.begin_assertion(&[]).unwrap().options;
        assert_eq!((&options["rpId"], &options["userVerification"]), (&"tenon.example.com".into(), &"required".into()));
        assert_eq!(options["allowCredentials"], Value::Array(Vec::new()));
    }

    #[test]
    fn an_address_without_a_domain_has_none() {
        for address in ["http://127.0.0.1:8080", "http://[::1]:8080"] {
            let passkeys = made(None, &[], address).unwrap();
            assert!(!passkeys.is_available(), "{address}");
            assert_eq!(passkeys.begin_assertion(&[]), Err(AppError::PasskeysUnavailable));
        }
        assert!(made(None, &[], "http://localhost:8080").unwrap().is_available());
        let elsewhere = made(Some("example.com"), &["https://tenon.example.com"], "http://127.0.0.1:8080");
        assert!(elsewhere.unwrap().is_available());
    }

    #[test]
    fn pages_of_other_domains_are_refused() {
        assert!(made(Some("example.com"), &["https://a.example.com", "https://example.com"], "http://x").is_ok());
        for (rp_id, origins, public_url) in [
            ("example.com", &["https://example.com", "https://example.org"][..], "https://example.com"),
            ("example.com", &["https://badexample.com"][..], "https://example.com"),
            ("example.com", &[][..], "https://example.org"),
            ("example.com", &[][..], "http://127.0.0.1"),
        ] {
            let refused = made(Some(rp_id), origins, public_url);
            assert!(matches!(refused, Err(SecurityError::PasskeyDomain { .. })), "{rp_id} {origins:?} {public_url}");
        }
    }

    #[test]
    fn a_new_passkey_has_to_know_its_user() {
        let passkeys = made(None, &[], "https://tenon.example.com").unwrap();
        let ada = UserId::new(Uuid::from_u128(7));
        let user = tenon_domain::identity::User::register(
            ada,
            tenon_domain::identity::Email::parse("ada@example.com").unwrap(),
            tenon_domain::identity::DisplayName::parse("Ada").unwrap(),
            tenon_domain::identity::PasswordHash::unusable(),
            chrono::DateTime::UNIX_EPOCH,
        );
        let view = UserView::from(user.state().clone());
        let options = passkeys.begin_registration(&view, &[]).unwrap().options;
        let selection = &options["authenticatorSelection"];
        assert_eq!(
            (&selection["residentKey"], &selection["userVerification"]),
            (&"required".into(), &"required".into())
        );
        assert_eq!((&options["user"]["name"], &options["rp"]["name"]), (&"ada@example.com".into(), &NAME.into()));
    }
}
