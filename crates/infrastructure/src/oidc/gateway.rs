use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use tenon_application::identity::{AuthorizationRequest, OidcClient, OidcFailure, OidcGateway, VouchedClaims};
use tenon_domain::Timestamp;
use url::{Host, Url};

use super::directory::{Directory, Known};
use super::exchange::{exchange_code, get_json};
use super::id_token::{Claims, Disbelief, is_wanting, read, verify};
use crate::outbound::OutboundHttp;

/// Asks identity providers over HTTP.
pub struct HttpOidcGateway {
    trusted: Servers,
    others: Servers,
}

/// Servers that may be called alike, and what is known of them.
struct Servers {
    http: OutboundHttp,
    directory: Directory,
}

impl HttpOidcGateway {
    /// `trusted` calls the providers that the operator has named, and `others` those of organizations: whoever founds one
    /// must not reach by it what only the operator may have Tenon call.
    pub fn new(trusted: OutboundHttp, others: OutboundHttp) -> Self {
        Self { trusted: Servers::new(trusted), others: Servers::new(others) }
    }

    fn servers(&self, client: &OidcClient) -> &Servers {
        if client.is_trusted { &self.trusted } else { &self.others }
    }
}

impl Servers {
    fn new(http: OutboundHttp) -> Self {
        Self { directory: Directory::new(http.clone()), http }
    }

    /// What the user info endpoint says, about whom the ID token is.
    async fn user_info(&self, address: &str, access_token: &str, subject: &str) -> Result<Claims, OidcFailure> {
        let document = get_json(&self.http, address, Some(access_token)).await?;
        let info: Claims = serde_json::from_slice(&document)
            .map_err(|error| OidcFailure::Refused(format!("{address} is not as it must be: {error}")))?;
        if info.get("sub").and_then(|it| it.as_str()) == Some(subject) {
            Ok(info)
        } else {
            Err(OidcFailure::Refused(format!("{address} is about somebody else")))
        }
    }
}

#[async_trait]
impl OidcGateway for HttpOidcGateway {
    async fn authorization_url(
        &self,
        client: &OidcClient,
        request: &AuthorizationRequest,
    ) -> Result<String, OidcFailure> {
        let known = self.servers(client).directory.find(&client.issuer).await?;
        let endpoint = &known.metadata.authorization_endpoint;
        let mut url = Url::parse(endpoint).ok().filter(is_for_browsers).ok_or_else(|| {
            OidcFailure::Away(format!("{} has an endpoint that no browser is sent to", client.issuer))
        })?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &client.client_id)
            .append_pair("redirect_uri", &client.redirect_uri)
            .append_pair("scope", &client.scopes)
            .append_pair("state", &request.state)
            .append_pair("nonce", &request.nonce)
            .append_pair("code_challenge", &challenge(&request.verifier))
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    async fn redeem(
        &self,
        client: &OidcClient,
        request: &AuthorizationRequest,
        code: &str,
        answered_by: Option<&str>,
        now: Timestamp,
    ) -> Result<VouchedClaims, OidcFailure> {
        let servers = self.servers(client);
        let known = servers.directory.find(&client.issuer).await?;
        check_answerer(&known, client, answered_by)?;
        let tokens = exchange_code(&servers.http, &known.metadata, client, code, &request.verifier).await?;
        let groups_claim = client.groups_claim.as_deref();
        let claims = match verify(&tokens.id_token, client, &request.nonce, &known, now) {
            Err(Disbelief::Signature(_)) => {
                let known = servers.directory.find_again(&client.issuer, &known).await?;
                verify(&tokens.id_token, client, &request.nonce, &known, now)
            }
            outcome => outcome,
        };
        let claims = claims.map_err(|(Disbelief::Signature(cause) | Disbelief::Claims(cause))| {
            OidcFailure::Refused(format!("{} sent an ID token that does not hold: {cause}", client.issuer))
        })?;
        let subject = claims.get("sub").and_then(|it| it.as_str()).unwrap_or_default();
        let info = match (&known.metadata.userinfo_endpoint, &tokens.access_token) {
            (Some(address), Some(token)) if is_wanting(&claims, groups_claim) => {
                Some(servers.user_info(address, token, subject).await?)
            }
            _ => None,
        };
        Ok(read(&claims, info.as_ref(), groups_claim))
    }
}

/// Refuses the answer of another provider, where this one says who answers (RFC 9207, 2.4).
fn check_answerer(known: &Known, client: &OidcClient, answered_by: Option<&str>) -> Result<(), OidcFailure> {
    let is_right = match answered_by {
        Some(issuer) => issuer == client.issuer.as_str(),
        None => !known.metadata.authorization_response_iss_parameter_supported,
    };
    if is_right {
        Ok(())
    } else {
        Err(OidcFailure::Refused(format!("somebody else answers in the place of {}", client.issuer)))
    }
}

/// What the code can only be exchanged with the origin of (RFC 7636, 4.2).
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}

/// By TLS, or on this machine.
fn is_for_browsers(url: &Url) -> bool {
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Domain(name))) => name == "localhost",
        ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn browsers_are_sent_where_nobody_listens() {
        for (address, is_so) in [
            ("https://idp.example.com/authorize?tenant=1", true),
            ("http://127.0.0.1:4000/auth", true),
            ("http://localhost/auth", true),
            ("http://idp.example.com/authorize", false),
            ("javascript:alert(1)", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(is_for_browsers(&Url::parse(address).unwrap()), is_so, "{address}");
        }
    }
}
