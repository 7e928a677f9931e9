//! An identity provider for tests to sign in by, and to get access tokens from: npm's `oidc-provider`, and the browser that
//! is sent to it.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::eventually_within;
use crate::processes::{Process, command, free_port};

const START_LIMIT: Duration = Duration::from_secs(60);
const SECRET: &str = "a secret for the tests";
/// Where its browsers are sent that got tokens for an API: nobody listens there.
const PROGRAM: &str = "https://program.example/callback";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// After so many redirects somebody goes in circles.
const MOST_REDIRECTS: usize = 10;

/// A running provider. It is killed when it is dropped.
pub struct IdentityProvider {
    root: String,
    variables: Vec<(String, String)>,
    http: Client,
    process: Mutex<Option<Process>>,
    directory: TempDir,
}

impl IdentityProvider {
    /// The API that its access tokens are for, and the client that gets them.
    pub const API: &str = "urn:tenon:api";

    /// One that answers claims at its user info endpoint, or also writes them into ID tokens.
    pub async fn start(claims_in_id_token: bool) -> Self {
        let port = free_port();
        let in_token = if claims_in_id_token { "yes" } else { "no" };
        let variables =
            vec![("PORT".to_owned(), port.to_string()), ("CLAIMS_IN_ID_TOKEN".to_owned(), in_token.to_owned())];
        let http = Client::builder().timeout(Duration::from_secs(30)).redirect(Policy::none()).build();
        let provider = Self {
            root: format!("http://127.0.0.1:{port}"),
            variables,
            http: http.expect("an HTTP client"),
            process: Mutex::new(None),
            directory: tempfile::Builder::new().prefix("tenon-idp-").tempdir().expect("a directory"),
        };
        provider.go_on().await;
        provider
    }

    /// Starts it again. It has forgotten everybody, and has other keys.
    pub async fn go_on(&self) {
        let script = installed().join("server.mjs");
        let script = script.to_str().expect("a path in UTF-8");
        let log = self.directory.path().join("log");
        let node = command(Path::new("node"), &[script], &self.variables);
        let process = Process::launch(node, &log).unwrap_or_else(|error| panic!("{error}"));
        *self.process.lock().unwrap() = Some(process);
        let discovery = format!("{}/.well-known/openid-configuration", self.root);
        eventually_within(START_LIMIT, "an identity provider", || async {
            if let Some(status) = self.process.lock().unwrap().as_mut().and_then(Process::has_ended) {
                panic!(
                    "the identity provider ended with {status}: {}",
                    std::fs::read_to_string(&log).unwrap_or_default()
                );
            }
            self.http.get(&discovery).send().await.ok().filter(|answer| answer.status().is_success()).map(drop)
        })
        .await;
    }

    pub fn go_away(&self) {
        drop(self.process.lock().unwrap().take().expect("a running provider"));
    }

    pub fn issuer(&self) -> &str {
        &self.root
    }

    /// What Tenon is to it, as members of a JSON object.
    pub fn client(&self) -> Value {
        json!({"issuer": self.root, "client_id": "tenon", "client_secret": SECRET})
    }

    /// Says who somebody is.
    pub async fn know(&self, login: &str, claims: Value) {
        let address = format!("{}/test/accounts/{login}", self.root);
        let told = self.http.put(address).json(&claims).send().await.expect("an answer");
        assert!(told.status().is_success(), "{}", told.status());
    }

    /// What the client gets by itself, with these scopes: a JWT about whom the tests know by its name.
    pub async fn token_of_client(&self, scopes: &str) -> Value {
        self.grant(&[("grant_type", "client_credentials"), ("scope", scopes)]).await
    }

    /// What the client gets when this person logs in: an access token, which is a JWT, and an ID token.
    pub async fn tokens_of(&self, login: &str, scopes: &str) -> Value {
        let asked = [
            ("client_id", Self::API),
            ("response_type", "code"),
            ("scope", scopes),
            ("resource", Self::API),
            ("redirect_uri", PROGRAM),
            ("state", "state"),
            ("nonce", "nonce"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let start = Url::parse_with_params(&format!("{}/auth", self.root), asked).expect("an address");
        let back = Url::parse(&self.visit(start.as_str(), login).await).expect("an address");
        let code = back.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned());
        let code = code.unwrap_or_else(|| panic!("no code: {back}"));
        let (kind, redirect) = (("grant_type", "authorization_code"), ("redirect_uri", PROGRAM));
        self.grant(&[kind, redirect, ("code", code.as_str()), ("code_verifier", VERIFIER)]).await
    }

    async fn grant(&self, what: &[(&str, &str)]) -> Value {
        let client = [("client_id", Self::API), ("client_secret", SECRET), ("resource", Self::API)];
        let url = Url::parse_with_params(&self.root, client.iter().chain(what)).expect("an address");
        let form = url.query().unwrap_or_default().to_owned();
        let request = self.http.post(format!("{}/token", self.root)).body(form);
        let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await;
        let answer = answer.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
        answer.json().await.expect("tokens")
    }

    /// Has other keys from now on.
    pub async fn rotate(&self) {
        let told = self.http.post(format!("{}/test/rotate", self.root)).send().await.expect("an answer");
        assert!(told.status().is_success(), "{}", told.status());
    }

    /// What it was asked so far: `authorization` and `token` requests.
    pub async fn seen(&self) -> Vec<Value> {
        let seen = self.http.get(format!("{}/test/seen", self.root)).send().await.expect("an answer");
        seen.json().await.expect("a list")
    }

    /// A browser that was sent here, in which this person logs in. Answers where it is sent then. Nobody of this name
    /// gives up.
    pub async fn visit(&self, location: &str, login: &str) -> String {
        let mut cookies = BTreeMap::new();
        let mut url = Url::parse(location).unwrap_or_else(|error| panic!("{location}: {error}"));
        for _ in 0..MOST_REDIRECTS {
            if !url.as_str().starts_with(&self.root) {
                return url.into();
            }
            if url.path().starts_with("/interaction/") {
                url.query_pairs_mut().append_pair("login", login);
            }
            let sent: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer = self.http.get(url.clone()).header("cookie", sent.join("; ")).send().await.expect("an answer");
            keep(&mut cookies, &answer);
            let next = answer.headers().get("location").and_then(|next| next.to_str().ok()).map(str::to_owned);
            match next {
                Some(next) => url = url.join(&next).expect("an address"),
                None => panic!("{url} answered {}", answer.text().await.unwrap_or_default()),
            }
        }
        panic!("{location} leads nowhere");
    }
}

fn keep(cookies: &mut BTreeMap<String, String>, answer: &Response) {
    for cookie in answer.headers().get_all("set-cookie") {
        let cookie = cookie.to_str().expect("a cookie");
        let pair = cookie.split(';').next().unwrap_or_default();
        let (name, value) = pair.split_once('=').expect("a name");
        if value.is_empty() {
            cookies.remove(name);
        } else {
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// Where scripts/test has put the provider with what it needs.
fn installed() -> PathBuf {
    let directory = env::var_os("TENON_TEST_OIDC_PROVIDER").map(PathBuf::from);
    directory.expect("TENON_TEST_OIDC_PROVIDER, which scripts/test sets: a copy of oidc-provider after `npm ci`")
}
