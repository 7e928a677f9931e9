//! A small client: requests in one line, and failures that show what the server answered.

use std::future::{Future, IntoFuture};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::problem_codes::assert_documented;

/// One call as it was answered, for tests that compare calls with the OpenAPI document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    pub method: String,
    pub path: String,
    pub status: u16,
}

/// The API as one caller sees it. Paths are relative to `/api/v1`, unless they begin with `//`: those start at the root.
#[derive(Clone)]
pub struct Api {
    http: reqwest::Client,
    root: String,
    token: Option<String>,
    recording: Option<Arc<Mutex<Vec<Exchange>>>>,
}

impl Api {
    pub fn new(root: &str) -> Self {
        let http = client().build().expect("an HTTP client");
        Self { http, root: root.to_owned(), token: None, recording: None }
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same client at another address.
    pub fn at(&self, root: &str) -> Self {
        Self { root: root.to_owned(), ..self.clone() }
    }

    /// A client with connections of its own that gives up on an answer after `limit`.
    pub fn with_limit(&self, limit: Duration) -> Self {
        let http = client().timeout(limit).build().expect("an HTTP client");
        Self { http, ..self.clone() }
    }

    /// The same client at another address of this machine (`127.0.0.2`, say): to the server it is somebody else.
    pub fn from_address(&self, address: IpAddr) -> Self {
        let http = client().local_address(address).build();
        Self { http: http.expect("an HTTP client"), ..self.clone() }
    }

    pub fn without_token(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    /// A client that notes its calls, and those of clients made from it, in `exchanges`.
    pub fn recorded(&self, exchanges: Arc<Mutex<Vec<Exchange>>>) -> Self {
        Self { recording: Some(exchanges), ..self.clone() }
    }

    /// All scopes that personal access tokens can have.
    pub async fn scopes(&self) -> Vec<String> {
        let document = self.get("/openapi.json").await.expect(200);
        let scopes = document["components"]["schemas"]["Scope"]["enum"].as_array().expect("the scopes");
        scopes.iter().filter_map(|scope| scope.as_str().map(str::to_owned)).collect()
    }

    /// The sum of a counter of the process over all its labels.
    pub async fn metric(&self, name: &str) -> u64 {
        let metrics = self.get("//metrics").await.text;
        let lines = metrics.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
        let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        values.map(|value| value as u64).sum()
    }

    pub fn token(&self) -> &str {
        self.token.as_deref().expect("a client with a token")
    }

    pub fn get(&self, path: impl AsRef<str>) -> Call {
        self.call(Method::GET, path.as_ref(), None)
    }

    pub fn delete(&self, path: impl AsRef<str>) -> Call {
        self.call(Method::DELETE, path.as_ref(), None)
    }

    pub fn post(&self, path: impl AsRef<str>, body: impl Into<Option<Value>>) -> Call {
        self.call(Method::POST, path.as_ref(), body.into())
    }

    pub fn patch(&self, path: impl AsRef<str>, body: Value) -> Call {
        self.call(Method::PATCH, path.as_ref(), Some(body))
    }

    pub fn put(&self, path: impl AsRef<str>, body: Value) -> Call {
        self.call(Method::PUT, path.as_ref(), Some(body))
    }

    /// A PUT that needs no body.
    pub fn put_nothing(&self, path: impl AsRef<str>) -> Call {
        self.call(Method::PUT, path.as_ref(), None)
    }

    pub fn call(&self, method: Method, path: &str, body: Option<Value>) -> Call {
        let url = match path.strip_prefix('/') {
            Some(root_path) if root_path.starts_with('/') => format!("{}{root_path}", self.root),
            _ => format!("{}/api/v1{path}", self.root),
        };
        let mut request = self.http.request(method.clone(), &url);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Call { request, method, path: path.to_owned(), recording: self.recording.clone() }
    }
}

/// What is answered is looked at, also when it sends elsewhere.
fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().timeout(Duration::from_secs(30)).redirect(reqwest::redirect::Policy::none())
}

/// A request that is sent when it is awaited.
pub struct Call {
    request: RequestBuilder,
    method: Method,
    path: String,
    recording: Option<Arc<Mutex<Vec<Exchange>>>>,
}

impl Call {
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.request = self.request.header(name, value.as_ref());
        self
    }

    /// Sends these bytes instead of a JSON value.
    pub fn raw(mut self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.header("content-type", content_type).body(body);
        self
    }

    /// The answer, or the error of a server that could not be reached or died meanwhile.
    pub async fn attempt(self) -> Result<Answer, reqwest::Error> {
        let response = self.request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        if let Some(recording) = &self.recording {
            let path = self.path.split('?').next().unwrap_or_default().to_owned();
            recording.lock().unwrap().push(Exchange { method: self.method.to_string(), path, status });
        }
        Ok(Answer { call: format!("{} {}", self.method, self.path), status, headers, text })
    }
}

impl IntoFuture for Call {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let call = format!("{} {}", self.method, self.path);
            self.attempt().await.unwrap_or_else(|error| panic!("{call}: {error:?}"))
        })
    }
}

/// What the server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    call: String,
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    /// The JSON body, after checking the status. `Null` for an answer without a body.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{} answered {} {}", self.call, self.status, self.text);
        self.json()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        if self.text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{} answered no JSON ({error}): {}", self.call, self.text))
    }

    /// The problem document, after checking its status, its media type, its code and the members all problems have. Its codes
    /// have to be in the OpenAPI document.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.any_problem(status);
        assert_eq!(problem["code"], code, "{} answered {}", self.call, self.text);
        problem
    }

    /// Like [`Answer::problem`], whatever the code.
    #[track_caller]
    pub fn any_problem(&self, status: u16) -> Value {
        let problem = self.expect(status);
        let content_type = self.header("content-type").unwrap_or_default();
        assert!(content_type.starts_with("application/problem+json"), "{} answered {content_type}", self.call);
        assert_eq!(problem["status"], status, "{}", self.text);
        for member in ["type", "title", "detail", "instance", "code", "request_id"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "no {member}: {}", self.text);
        }
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"), "{}", self.text);
        assert_documented(&problem);
        problem
    }

    /// The codes of `errors` by their pointers, in the order of the pointers.
    #[track_caller]
    pub fn faults(&self, status: u16) -> Vec<(String, String)> {
        let problem = self.any_problem(status);
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("no errors: {problem}"));
        let mut faults: Vec<_> = errors
            .iter()
            .map(|error| {
                assert!(error["message"].is_string(), "no message: {error}");
                (error["pointer"].as_str().unwrap().to_owned(), error["code"].as_str().unwrap().to_owned())
            })
            .collect();
        faults.sort();
        faults
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    #[track_caller]
    pub fn etag(&self) -> String {
        self.header("etag").unwrap_or_else(|| panic!("{} answered no ETag", self.call)).to_owned()
    }
}
