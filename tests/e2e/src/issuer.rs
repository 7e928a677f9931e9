//! An issuer of access tokens other than Tenon, on a port of this machine.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::signature::Signer as _;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A key of an issuer.
pub struct IssuerKey {
    id: &'static str,
    signer: Signer,
}

enum Signer {
    Ed25519(ed25519_dalek::SigningKey),
    P256(p256::ecdsa::SigningKey),
}

impl IssuerKey {
    pub fn ed25519(id: &'static str) -> Self {
        Self { id, signer: Signer::Ed25519(ed25519_dalek::SigningKey::from_bytes(&rand::random())) }
    }

    pub fn p256(id: &'static str) -> Self {
        let bytes: [u8; 32] = rand::random();
        Self { id, signer: Signer::P256(p256::ecdsa::SigningKey::from_slice(&bytes).expect("a key")) }
    }

    /// The public half, as a JSON Web Key.
    pub fn public(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.signer {
            Signer::Ed25519(key) => {
                let x = encode(key.verifying_key().as_bytes());
                json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.id, "x": x})
            }
            Signer::P256(key) => {
                let point = key.verifying_key().to_encoded_point(false);
                let [x, y] = [point.x(), point.y()].map(|it| encode(it.expect("a coordinate")));
                json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.id, "x": x, "y": y})
            }
        }
    }

    pub fn sign(&self, claims: &Value) -> String {
        let algorithm = match &self.signer {
            Signer::Ed25519(_) => "EdDSA",
            Signer::P256(_) => "ES256",
        };
        let signed = unsigned(&json!({"alg": algorithm, "typ": "at+jwt", "kid": self.id}), claims);
        let signature = match &self.signer {
            Signer::Ed25519(key) => key.sign(signed.as_bytes()).to_bytes().to_vec(),
            Signer::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(signed.as_bytes());
                signature.to_bytes().to_vec()
            }
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// What somebody makes who takes the public key for a secret one.
    pub fn sign_with_public_half(&self, claims: &Value) -> String {
        let signed = unsigned(&json!({"alg": "HS256", "typ": "JWT", "kid": self.id}), claims);
        let public = self.public()["x"].as_str().map(|x| URL_SAFE_NO_PAD.decode(x).expect("base64url"));
        let mut mac = Hmac::<Sha256>::new_from_slice(&public.expect("a coordinate")).expect("a key of any length");
        mac.update(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
    }
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    format!("{header}.{claims}")
}

/// Publishes keys, for as long as the test lets it.
pub struct Issuer {
    pub url: String,
    keys: Arc<Mutex<Option<Vec<Value>>>>,
    hangs: Arc<AtomicBool>,
}

impl Issuer {
    pub async fn start(keys: &[&IssuerKey]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let issuer = Self { url: url.clone(), keys: Arc::default(), hangs: Arc::default() };
        issuer.publish(keys);
        let (published, hangs) = (Arc::clone(&issuer.keys), Arc::clone(&issuer.hangs));
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((mut connection, _)) = listener.accept().await {
                if hangs.load(Ordering::SeqCst) {
                    held.push(connection);
                    continue;
                }
                let mut request = vec![0; 4096];
                let length = connection.read(&mut request).await.unwrap_or_default();
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let keys = published.lock().unwrap().clone();
                // Who is away hangs up.
                let Some(keys) = keys else { continue };
                let body = if request.starts_with("GET /.well-known/openid-configuration ") {
                    json!({"issuer": url, "jwks_uri": format!("{url}/keys")})
                } else {
                    json!({"keys": keys})
                };
                let body = body.to_string();
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                connection.write_all(answer.as_bytes()).await.ok();
            }
        });
        issuer
    }

    pub fn publish(&self, keys: &[&IssuerKey]) {
        *self.keys.lock().unwrap() = Some(keys.iter().map(|key| key.public()).collect());
    }

    /// Answers nobody any more.
    pub fn leave(&self) {
        *self.keys.lock().unwrap() = None;
    }

    /// Takes connections and says nothing from now on.
    pub fn hang(&self) {
        self.hangs.store(true, Ordering::SeqCst);
    }

    /// The claims of a token for somebody who reads this address.
    pub fn claims(&self, email: &str) -> Value {
        let now = chrono::Utc::now().timestamp();
        json!({
            "iss": self.url, "aud": ["tenon"], "sub": "somebody", "email": email, "email_verified": true,
            "iat": now, "exp": now + 600, "scope": "openid tasks:read profile:read",
        })
    }
}
