use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Request, Response, StatusCode};
use serde::Deserialize;
use tenon_application::identity::{OidcClient, OidcFailure};
use url::form_urlencoded;

use super::directory::Metadata;
use crate::outbound::OutboundHttp;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
/// Of what a provider says went wrong, so much is logged.
const MAX_LOGGED: usize = 80;

type Built = Result<Request<Vec<u8>>, http::Error>;

/// What a code is exchanged for.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) id_token: String,
    #[serde(default)]
    pub(super) access_token: Option<String>,
}

#[derive(Deserialize)]
struct TokenError {
    error: String,
}

/// The body of a JSON document.
pub(super) async fn get_json(
    http: &OutboundHttp,
    address: &str,
    access_token: Option<&str>,
) -> Result<Vec<u8>, OidcFailure> {
    let mut request = Request::get(address).header(ACCEPT, JSON);
    if let Some(token) = access_token {
        request = request.header(AUTHORIZATION, secret_header(&format!("Bearer {token}"))?);
    }
    let answer = send(http, request.body(Vec::new()), address).await?;
    if answer.status() == StatusCode::OK {
        Ok(answer.into_body())
    } else {
        Err(OidcFailure::Away(format!("{address} answered {}", answer.status().as_u16())))
    }
}

/// Exchanges a code (RFC 6749, 4.1.3), with what it was asked for with (RFC 7636, 4.5).
pub(super) async fn exchange_code(
    http: &OutboundHttp,
    metadata: &Metadata,
    client: &OidcClient,
    code: &str,
    verifier: &str,
) -> Result<Tokens, OidcFailure> {
    let address = &metadata.token_endpoint;
    let request = token_request(metadata, client, code, verifier)?;
    let answer = send(http, request, address).await?;
    let status = answer.status();
    if status == StatusCode::OK {
        let tokens = serde_json::from_slice(answer.body());
        return tokens.map_err(|error| OidcFailure::Refused(format!("{address} answered no ID token: {error}")));
    }
    let refusal: Option<TokenError> = serde_json::from_slice(answer.body()).ok();
    let reason = refusal.map(|refusal| printable(&refusal.error)).unwrap_or_default();
    let failure = format!("{address} answered {} {reason}", status.as_u16());
    if status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS {
        Err(OidcFailure::Refused(failure))
    } else {
        Err(OidcFailure::Away(failure))
    }
}

fn token_request(metadata: &Metadata, client: &OidcClient, code: &str, verifier: &str) -> Result<Built, OidcFailure> {
    let mut request = Request::post(metadata.token_endpoint.as_str()).header(ACCEPT, JSON).header(CONTENT_TYPE, FORM);
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", &client.redirect_uri)
        .append_pair("code_verifier", verifier);
    match &client.client_secret {
        Some(secret) if takes_basic(metadata) => {
            let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", encode(&client.client_id), encode(secret.expose()));
            let credentials = format!("Basic {}", STANDARD.encode(pair));
            request = request.header(AUTHORIZATION, secret_header(&credentials)?);
        }
        Some(secret) => {
            form.append_pair("client_id", &client.client_id).append_pair("client_secret", secret.expose());
        }
        None => {
            form.append_pair("client_id", &client.client_id);
        }
    }
    Ok(request.body(form.finish().into_bytes()))
}

/// Whether the provider takes the secret in a header: as every one does that says nothing else.
fn takes_basic(metadata: &Metadata) -> bool {
    let methods = metadata.token_endpoint_auth_methods_supported.as_deref();
    let has = |name: &str| methods.is_some_and(|methods| methods.iter().any(|known| known == name));
    has("client_secret_basic") || !has("client_secret_post")
}

async fn send(http: &OutboundHttp, request: Built, address: &str) -> Result<Response<Vec<u8>>, OidcFailure> {
    let request = request.map_err(|error| OidcFailure::Away(format!("{address} cannot be asked: {error}")))?;
    http.send(request).await.map_err(|error| OidcFailure::Away(format!("{address}: {error}")))
}

fn secret_header(text: &str) -> Result<HeaderValue, OidcFailure> {
    let mut value = HeaderValue::try_from(text)
        .map_err(|_| OidcFailure::Refused("a credential does not fit into a header".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn printable(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(MAX_LOGGED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_goes_where_the_provider_takes_it() {
        let taking = |methods: Option<&[&str]>| {
            let methods = methods.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
            takes_basic(&Metadata { token_endpoint_auth_methods_supported: methods, ..Metadata::default() })
        };
        assert!(taking(None));
        assert!(taking(Some(&["client_secret_post", "client_secret_basic"])));
        assert!(!taking(Some(&["client_secret_post", "private_key_jwt"])));
    }

    #[test]
    fn what_a_provider_writes_is_logged_in_short_and_in_one_line() {
        assert_eq!(printable("invalid_grant\n2026 ERROR"), "invalid_grant2026ERROR");
        assert_eq!(printable(&"a".repeat(200)).len(), MAX_LOGGED);
    }
}
