use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::join_all;
use sha2::{Digest, Sha256};
use tenon_application::identity::{AuthorizationRequest, OidcClient, OidcFailure, OidcGateway, VouchedClaims};
use tenon_domain::Timestamp;
use tenon_domain::identity::Issuer;
use url::{Host, Url};

use super::directory::{Directory, Known};
use super::exchange::{exchange_code, get_json};
use super::id_token::{Claims, Disbelief, Wanting, read, verify, wanting};
use crate::outbound::{OutboundHttp, OutboundPolicy};

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

    /// How many keys each of these publishes, which the operator has named, or why nobody can sign in by it.
    pub async fn ask_all(&self, issuers: &[Issuer]) -> Vec<(String, Result<usize, String>)> {
        let answers = issuers.iter().map(|issuer| async move {
            let found = self.try_out(issuer).await;
            (issuer.to_string(), found.map_err(|failure| failure.to_string()))
        });
        join_all(answers).await
    }

    async fn try_out(&self, issuer: &Issuer) -> Result<usize, OidcFailure> {
        let known = self.trusted.directory.find(issuer).await?;
        authorization_endpoint(&known, issuer, self.trusted.is_own_network())?;
        Ok(known.keys.len())
    }
}

impl Servers {
    fn new(http: OutboundHttp) -> Self {
        Self { directory: Directory::new(http.clone()), http }
    }

    /// Whether they may be in a network of the operator's own, where not everybody speaks TLS.
    fn is_own_network(&self) -> bool {
        self.http.policy() == OutboundPolicy::Anywhere
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

    /// What the user info endpoint adds to an ID token, where it is asked.
    async fn more(
        &self,
        known: &Known,
        client: &OidcClient,
        claims: &Claims,
        access_token: Option<&str>,
    ) -> Result<Option<Claims>, OidcFailure> {
        let (Some(address), Some(token)) = (known.metadata.userinfo_endpoint.as_deref(), access_token) else {
            return Ok(None);
        };
        let subject = claims.get("sub").and_then(|it| it.as_str()).unwrap_or_default();
        match wanting(claims, client) {
            Wanting::Nothing => Ok(None),
            Wanting::Claims => self.user_info(address, token, subject).await.map(Some),
            // Nobody is turned away because it is not known what they are called.
            Wanting::Name => match self.user_info(address, token, subject).await {
                Ok(info) => Ok(Some(info)),
                Err(failure) => {
                    tracing::info!(issuer = %client.issuer, %failure, "what somebody is called cannot be asked");
                    Ok(None)
                }
            },
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
        let servers = self.servers(client);
        let known = servers.directory.find(&client.issuer).await?;
        let is_own_network = client.is_trusted && servers.is_own_network();
        let mut url = authorization_endpoint(&known, &client.issuer, is_own_network)?;
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
        let info = servers.more(&known, client, &claims, tokens.access_token.as_deref()).await?;
        read(&claims, info.as_ref(), client.groups_claim.as_deref())
            .map_err(|cause| OidcFailure::Refused(format!("{} sent claims that are of no use: {cause}", client.issuer)))
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

/// Where browsers are sent.
fn authorization_endpoint(known: &Known, issuer: &Issuer, is_own_network: bool) -> Result<Url, OidcFailure> {
    let url = Url::parse(&known.metadata.authorization_endpoint).ok();
    url.filter(|url| is_for_browsers(url, is_own_network))
        .ok_or_else(|| OidcFailure::Away(format!("{issuer} has an endpoint that no browser is sent to")))
}

/// By TLS, or where nobody else listens: on this machine, and in a network of the operator's own.
fn is_for_browsers(url: &Url, is_own_network: bool) -> bool {
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(_)) if is_own_network => true,
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
            assert_eq!(is_for_browsers(&Url::parse(address).unwrap(), false), is_so, "{address}");
        }
        for (address, is_so) in [("http://idp.internal/auth", true), ("javascript:alert(1)", false)] {
            assert_eq!(is_for_browsers(&Url::parse(address).unwrap(), true), is_so, "{address}");
        }
    }
}
