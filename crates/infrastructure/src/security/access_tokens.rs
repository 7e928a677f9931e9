use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tenon_application::identity::{AccessTokens, Claims};
use tenon_application::{AppError, Denial};
use tenon_domain::Timestamp;
use tenon_domain::access::OrganizationRole;
use uuid::Uuid;

use super::MasterSecret;

const ISSUER: &str = "tenon";
const AUDIENCE: &str = "tenon-api";

/// How many tokens are remembered as authentic: those of the sessions that are busy right now.
const REMEMBERED: u64 = 10_000;

/// The SHA-256 digest of a token. Tokens themselves are not kept, and what is compared says nothing about them.
type TokenDigest = [u8; 32];

/// Access tokens as JSON Web Tokens (RFC 7519), signed with HMAC-SHA256.
///
/// A client sends the same token with every request: the claims of one that was found authentic are remembered. What
/// authenticity does not settle, such as the time, is looked at every time.
#[derive(Clone)]
pub struct JwtAccessTokens {
    header: Header,
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
    authentic: Cache<TokenDigest, Claims>,
}

impl JwtAccessTokens {
    pub fn new(secret: &MasterSecret) -> Self {
        let key = secret.key("access-tokens");
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The caller says what time it is.
        validation.validate_exp = false;
        Self {
            header: Header::new(Algorithm::HS256),
            signing: EncodingKey::from_secret(&key),
            verifying: DecodingKey::from_secret(&key),
            validation,
            authentic: Cache::new(REMEMBERED),
        }
    }

    /// The claims of an authentic token, expired or not.
    fn verify(&self, token: &str) -> Result<Claims, Denial> {
        let wire = jsonwebtoken::decode::<WireClaims>(token, &self.verifying, &self.validation)
            .map_err(|_| Denial::InvalidToken)?
            .claims;
        let moment = |seconds| Timestamp::from_timestamp(seconds, 0).ok_or(Denial::InvalidToken);
        Ok(Claims {
            user: wire.sub.into(),
            organization: wire.org.into(),
            session: wire.sid.into(),
            role: OrganizationRole::parse(&wire.role).ok_or(Denial::InvalidToken)?,
            issued_at: moment(wire.iat)?,
            expires_at: moment(wire.exp)?,
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
