use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use tenon_e2e_tests::{Answer, Api, IdentityProvider, Server};

const OIDC: &str = "__Host-tenon_oidc";

/// Keeps Tenon's cookies and sends them back.
pub(crate) struct Browser {
    api: Api,
    root: String,
    pub(crate) cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn open(server: &Server) -> Self {
        Self { api: server.api(), root: server.root().to_owned(), cookies: BTreeMap::new() }
    }

    pub(crate) async fn call(&mut self, method: Method, path: &str, body: Option<Value>, mode: Option<&str>) -> Answer {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut call = self.api.call(method, path, body);
        if !cookies.is_empty() {
            call = call.header("cookie", cookies.join("; "));
        }
        if let Some(mode) = mode {
            call = call.header("x-auth-mode", mode);
        }
        let answer = call.await;
        for cookie in answer.headers.get_all("set-cookie") {
            let (pair, attributes) = cookie.to_str().unwrap().split_once("; ").unwrap();
            for attribute in ["Path=/", "Secure", "SameSite=Lax", "HttpOnly"] {
                assert!(attributes.contains(attribute), "{pair}: {attributes}");
            }
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Where it is sent to sign in by this provider.
    pub(crate) async fn start(&mut self, provider: &str) -> String {
        let path = format!("/auth/oidc/{provider}/start?return_to=/board");
        location(&self.call(Method::GET, &path, None, None).await)
    }

    /// Follows a provider's answer to where Tenon sends it: the code behind the `#`, or the error.
    pub(crate) async fn come_back(&mut self, callback: &str) -> Result<String, String> {
        let path = callback.strip_prefix(&format!("{}/api/v1", self.root)).unwrap_or_else(|| panic!("{callback}"));
        let page = location(&self.call(Method::GET, path, None, None).await);
        assert!(!self.cookies.contains_key(OIDC), "it is used up");
        let (page, told) = page.split_once('#').unwrap_or_else(|| panic!("nothing is told: {page}"));
        assert!([format!("{}/board", self.root), format!("{}/", self.root)].contains(&page.to_owned()), "{page}");
        match told.split_once('=').unwrap() {
            ("sign_in_code", code) => Ok(code.to_owned()),
            ("error", error) => Err(error.to_owned()),
            other => panic!("{other:?}"),
        }
    }

    /// All the way to the provider, where somebody logs in, and back.
    pub(crate) async fn visit(
        &mut self,
        idp: &IdentityProvider,
        provider: &str,
        login: &str,
    ) -> Result<String, String> {
        let location = self.start(provider).await;
        if let Some((_, error)) = location.split_once("#error=") {
            return Err(error.to_owned());
        }
        let callback = idp.visit(&location, login).await;
        self.come_back(&callback).await
    }

    pub(crate) async fn redeem(&mut self, code: &str) -> Answer {
        self.call(Method::POST, "/auth/oidc/token", Some(json!({"code": code})), None).await
    }
}

pub(crate) fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 302, "{}", answer.text);
    answer.header("location").expect("a location").to_owned()
}
