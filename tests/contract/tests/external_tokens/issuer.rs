//! An issuer of access tokens on a port of this machine.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use tenon_infrastructure::outbound::{OutboundHttp, OutboundPolicy};
use tenon_infrastructure::security::{IssuerSettings, JwksExternalTokens, TokenKey, TokenKeyKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::rsa;

/// A key that signs, and its public half.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: EncodingKey,
    pub(crate) public: Value,
}

impl Signer {
    pub(crate) fn new(kind: TokenKeyKind, id: &str) -> Self {
        let pem = TokenKey::generate(kind).unwrap();
        let der = STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap();
        let published = TokenKey::from_pem(&pem).unwrap().published().clone();
        let mut public = json!({"kid": id, "use": "sig", "kty": published.key_type, "crv": published.curve});
        public["x"] = json!(published.x);
        if let Some(y) = published.y {
            public["y"] = json!(y);
        }
        match kind {
            TokenKeyKind::Ed25519 => Self { algorithm: Algorithm::EdDSA, key: EncodingKey::from_ed_der(&der), public },
            TokenKeyKind::P256 => Self { algorithm: Algorithm::ES256, key: EncodingKey::from_ec_der(&der), public },
        }
    }

    pub(crate) fn ed25519(id: &str) -> Self {
        Self::new(TokenKeyKind::Ed25519, id)
    }

    pub(crate) fn rsa(id: &str) -> Self {
        let key = EncodingKey::from_rsa_der(&STANDARD.decode(rsa::PRIVATE).unwrap());
        let public = json!({"kid": id, "kty": "RSA", "alg": "RS256", "n": rsa::MODULUS, "e": "AQAB"});
        Self { algorithm: Algorithm::RS256, key, public }
    }

    pub(crate) fn id(&self) -> &str {
        self.public["kid"].as_str().unwrap()
    }

    pub(crate) fn header(&self) -> Header {
        Header { kid: Some(self.id().to_owned()), ..Header::new(self.algorithm) }
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as(&self.header(), claims)
    }

    pub(crate) fn sign_as(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &self.key).unwrap()
    }
}

/// What an issuer publishes, until the test ends.
#[derive(Clone)]
pub(crate) struct Issuer {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    keys: Mutex<Vec<Value>>,
    calls_itself: Mutex<String>,
    asked: AtomicUsize,
    is_away: AtomicBool,
    is_silent: AtomicBool,
}

impl Issuer {
    pub(crate) async fn start(signers: &[&Signer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            keys: Mutex::default(),
            calls_itself: Mutex::new(format!("http://{address}")),
            asked: AtomicUsize::new(0),
            is_away: AtomicBool::new(false),
            is_silent: AtomicBool::new(false),
        });
        let issuer = Self { address, state };
        issuer.publish(signers);
        let serving = issuer.clone();
        tokio::spawn(async move {
            let mut silent = Vec::new();
            while let Ok((mut connection, _)) = listener.accept().await {
                if serving.state.is_silent.load(Ordering::SeqCst) {
                    silent.push(connection);
                    continue;
                }
                let mut request = vec![0; 4096];
                let length = connection.read(&mut request).await.unwrap_or_default();
                let answer = serving.answer(&String::from_utf8_lossy(&request[..length]));
                connection.write_all(answer.as_bytes()).await.ok();
            }
        });
        issuer
    }

    fn answer(&self, request: &str) -> String {
        if self.state.is_away.load(Ordering::SeqCst) {
            return String::new();
        }
        let path = request.split(' ').nth(1).unwrap_or_default();
        let body = match path {
            "/.well-known/openid-configuration" => {
                let name = self.state.calls_itself.lock().unwrap().clone();
                json!({"issuer": name, "jwks_uri": format!("{}/keys", self.url())})
            }
            "/keys" => {
                self.state.asked.fetch_add(1, Ordering::SeqCst);
                json!({"keys": *self.state.keys.lock().unwrap()})
            }
            _ => return "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned(),
        };
        let body = body.to_string();
        let head = "HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-type: application/json";
        format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn publish(&self, signers: &[&Signer]) {
        *self.state.keys.lock().unwrap() = signers.iter().map(|signer| signer.public.clone()).collect();
    }

    /// From now on it says that it is somebody else.
    pub(crate) fn call_itself(&self, name: &str) {
        *self.state.calls_itself.lock().unwrap() = name.to_owned();
    }

    pub(crate) fn leave(&self) {
        self.state.is_away.store(true, Ordering::SeqCst);
    }

    /// From now on it takes connections and says nothing.
    pub(crate) fn fall_silent(&self) {
        self.state.is_silent.store(true, Ordering::SeqCst);
    }

    pub(crate) fn come_back(&self) {
        self.state.is_away.store(false, Ordering::SeqCst);
    }

    /// How often its keys were fetched.
    pub(crate) fn asked(&self) -> usize {
        self.state.asked.load(Ordering::SeqCst)
    }

    /// What reads its tokens.
    pub(crate) fn reader(&self) -> JwksExternalTokens {
        self.reader_with(&[])
    }

    /// What reads its tokens and those of others.
    pub(crate) fn reader_with(&self, others: &[&Self]) -> JwksExternalTokens {
        let settings = others.iter().copied().chain([self]).map(|issuer| {
            json!({
                "issuer": issuer.url(), "audience": "tenon", "subject": "user_id",
                "algorithms": ["RS256", "ES256", "EdDSA"],
            })
        });
        let settings: Value = settings.collect();
        let settings = IssuerSettings::parse_all(&settings.to_string()).unwrap();
        JwksExternalTokens::new(&settings, &OutboundHttp::new(OutboundPolicy::Anywhere).unwrap())
    }

    /// The claims of a good token.
    pub(crate) fn claims(&self) -> Value {
        json!({
            "iss": self.url(), "aud": ["tenon", "other"], "sub": "00000000-0000-0000-0000-000000000007",
            "iat": 1_800_000_000, "exp": 1_900_000_000, "scope": "openid tasks:read", "jti": "1",
        })
    }

    /// The claims with one that differs.
    pub(crate) fn claims_with(&self, name: &str, value: Value) -> Value {
        let mut claims = self.claims();
        claims[name] = value;
        claims
    }
}
