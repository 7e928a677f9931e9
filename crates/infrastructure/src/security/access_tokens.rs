use std::collections::BTreeMap;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tenon_application::identity::{ACCESS_TOKEN_LIFETIME, AccessTokens, Claims, VerificationKey};
use tenon_application::{AppError, Denial};
use tenon_domain::Timestamp;
use tenon_domain::access::OrganizationRole;
use uuid::Uuid;

use super::{MasterSecret, SecurityError, TokenKey};

const ISSUER: &str = "tenon";
const AUDIENCE: &str = "tenon-api";

/// How many tokens are remembered as authentic: those of the sessions that are busy right now.
const REMEMBERED: u64 = 10_000;

/// The SHA-256 digest of a token. Tokens themselves are not kept, and what is compared says nothing about them.
type TokenDigest = [u8; 32];

/// A key that tokens are verified with, by its one algorithm.
#[derive(Clone)]
struct Verifier {
    key: DecodingKey,
    validation: Validation,
}

impl Verifier {
    fn new(algorithm: Algorithm, key: DecodingKey) -> Self {
        let mut validation = Validation::new(algorithm);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The caller says what time it is.
        validation.validate_exp = false;
        Self { key, validation }
    }
}

/// Access tokens as JSON Web Tokens (RFC 7519): signed with HMAC-SHA256 under a key that is derived from the master
/// secret, or with a private key whose public half others verify them with. Those name their key in the header.
///
/// A client sends the same token with every request: the claims of one that was found authentic are remembered. What
/// authenticity does not settle, such as the time, is looked at every time.
#[derive(Clone)]
pub struct JwtAccessTokens {
    header: Header,
    signing: EncodingKey,
    /// For tokens that name no key.
    shared: Verifier,
    /// With keys: when the last token expires that was signed with the secret before this process had them.
    shared_until: Option<Timestamp>,
    keys: BTreeMap<String, Verifier>,
    published: Vec<VerificationKey>,
    authentic: Cache<TokenDigest, Claims>,
}

impl JwtAccessTokens {
    pub fn new(secret: &MasterSecret) -> Self {
        let key = secret.key("access-tokens");
        Self {
            header: Header::new(Algorithm::HS256),
            signing: EncodingKey::from_secret(&key),
            shared: Verifier::new(Algorithm::HS256, DecodingKey::from_secret(&key)),
            shared_until: None,
            keys: BTreeMap::new(),
            published: Vec::new(),
            authentic: Cache::new(REMEMBERED),
        }
    }

    /// Signs with the first of these keys from now on, and verifies with all of them. What was signed with the secret
    /// before stays good until it expires. Without any key, nothing changes.
    pub fn with_keys(mut self, keys: &[TokenKey], now: Timestamp) -> Result<Self, SecurityError> {
        let Some(first) = keys.first() else { return Ok(self) };
        self.signing = first.signing.clone().ok_or(SecurityError::PublicTokenKey)?;
        self.header = Header::new(first.algorithm);
        self.header.kid = Some(first.id().to_owned());
        self.shared_until = Some(now + ACCESS_TOKEN_LIFETIME);
        for key in keys {
            self.keys.insert(key.id().to_owned(), Verifier::new(key.algorithm, key.verifying.clone()));
            self.published.push(key.published().clone());
        }
        Ok(self)
    }

    /// The keys that others can verify the tokens with: none, as long as they are signed with a secret.
    pub fn verification_keys(&self) -> &[VerificationKey] {
        &self.published
    }

    /// The claims of an authentic token, expired or not.
    fn verify(&self, token: &str) -> Result<Claims, Denial> {
        let key = jsonwebtoken::decode_header(token).map_err(|_| Denial::InvalidToken)?.kid;
        // Which key it is decides the algorithm; a header that says another is refused.
        let verifier = match &key {
            Some(id) => self.keys.get(id).ok_or(Denial::InvalidToken)?,
            None => &self.shared,
        };
        let wire = jsonwebtoken::decode::<WireClaims>(token, &verifier.key, &verifier.validation)
            .map_err(|_| Denial::InvalidToken)?
            .claims;
        let moment = |seconds| Timestamp::from_timestamp(seconds, 0).ok_or(Denial::InvalidToken);
        let expires_at = moment(wire.exp)?;
        if key.is_none() && self.shared_until.is_some_and(|until| expires_at > until) {
            return Err(Denial::InvalidToken);
        }
        Ok(Claims {
            user: wire.sub.into(),
            organization: wire.org.into(),
            session: wire.sid.into(),
            role: OrganizationRole::parse(&wire.role).ok_or(Denial::InvalidToken)?,
            issued_at: moment(wire.iat)?,
            expires_at,
        })
    }
}

/// The claims on the wire. Times are in seconds since 1970, as the standard has them.
#[derive(Serialize, Deserialize)]
struct WireClaims {
    sub: Uuid,
    org: Uuid,
    sid: Uuid,
    role: String,
    iat: i64,
    exp: i64,
    iss: String,
    aud: String,
}

impl AccessTokens for JwtAccessTokens {
    fn issue(&self, claims: &Claims) -> Result<String, AppError> {
        let wire = WireClaims {
            sub: claims.user.uuid(),
            org: claims.organization.uuid(),
            sid: claims.session.uuid(),
            role: claims.role.as_str().to_owned(),
            iat: claims.issued_at.timestamp(),
            exp: claims.expires_at.timestamp(),
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
        };
        jsonwebtoken::encode(&self.header, &wire, &self.signing)
            .map_err(|error| AppError::Internal(format!("signing an access token: {error}")))
    }

    fn read(&self, token: &str, now: Timestamp) -> Result<Claims, Denial> {
        let digest = Sha256::digest(token.as_bytes()).into();
        let remembered = self.authentic.get(&digest);
        let claims = remembered.map_or_else(|| self.verify(token), Ok)?;
        if claims.expires_at <= now {
            return Err(Denial::ExpiredToken);
        }
        if remembered.is_none() {
            self.authentic.insert(digest, claims);
        }
        Ok(claims)
    }
}
