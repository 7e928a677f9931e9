//! HTTP requests as bytes: what a driver sends again and again.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

/// Stands in a body where a driver puts a number of the same width, another one each time: an update that changes
/// nothing is no write.
pub(crate) const COUNTER: &str = "############";

static SERIES: AtomicU64 = AtomicU64::new(0);

/// What the numbers of one measurement begin with, and those of no other.
pub(crate) fn next_series() -> String {
    format!("{:04}", SERIES.fetch_add(1, Ordering::Relaxed))
}

/// A request without the address it goes to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    /// With its query.
    pub(crate) path: String,
    pub(crate) token: Option<String>,
    pub(crate) if_none_match: Option<String>,
    pub(crate) body: Option<Value>,
}

impl Request {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self { method: "GET", path: path.into(), token: None, if_none_match: None, body: None }
    }

    pub(crate) fn post(path: impl Into<String>, body: Value) -> Self {
        Self { method: "POST", body: Some(body), ..Self::get(path) }
    }

    pub(crate) fn patch(path: impl Into<String>, body: Value) -> Self {
        Self { method: "PATCH", body: Some(body), ..Self::get(path) }
    }

    pub(crate) fn by(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    pub(crate) fn unless_held(self, tag: impl Into<String>) -> Self {
        Self { if_none_match: Some(tag.into()), ..self }
    }

    /// With a number where the body leaves a place for one.
    pub(crate) fn counted(&self, series: &str, number: u64) -> Self {
        let mut request = self.clone();
        if let Some(Value::Object(members)) = &mut request.body {
            for value in members.values_mut() {
                if let Value::String(text) = value {
                    *text = text.replace(COUNTER, &format!("{series}{number:08}"));
                }
            }
        }
        request
    }

    /// As it goes over the wire.
    pub(crate) fn to_bytes(&self, host: &str) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\nHost: {host}\r\n", self.method, self.path);
        if let Some(token) = &self.token {
            head.push_str(&format!("Authorization: Bearer {token}\r\n"));
        }
        if let Some(tag) = &self.if_none_match {
            head.push_str(&format!("If-None-Match: {tag}\r\n"));
        }
        let body = self.body.as_ref().map(Value::to_string);
        if let Some(body) = &body {
            head.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
        }
        head.push_str("\r\n");
        head.push_str(body.as_deref().unwrap_or_default());
        head.into_bytes()
    }
}

/// The order in which a driver takes its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Any, each time anew.
    Random,
    /// As listed, each thread of the driver its share, from the beginning again at the end.
    Listed,
}

impl Order {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Listed => "listed",
        }
    }
}

/// What one measurement sends.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) requests: Vec<Request>,
    pub(crate) order: Order,
}

impl Load {
    pub(crate) fn random(requests: Vec<Request>) -> Self {
        Self { requests, order: Order::Random }
    }

    pub(crate) fn listed(requests: Vec<Request>) -> Self {
        Self { requests, order: Order::Listed }
    }

    /// The file that `driver.lua` reads: each request after its length.
    pub(crate) fn to_file(&self, host: &str) -> Vec<u8> {
        let mut file = Vec::new();
        for request in &self.requests {
            let bytes = request.to_bytes(host);
            file.extend_from_slice(format!("{}\n", bytes.len()).as_bytes());
            file.extend_from_slice(&bytes);
        }
        file
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_written_as_http_has_it() {
        let request = Request::post("/api/v1/tasks", json!({"title": "Ü"})).by("t0ken");
        let text = String::from_utf8(request.to_bytes("127.0.0.1:80")).unwrap();
        assert_eq!(
            text,
            "POST /api/v1/tasks HTTP/1.1\r\nHost: 127.0.0.1:80\r\nAuthorization: Bearer t0ken\r\n\
             Content-Type: application/json\r\nContent-Length: 14\r\n\r\n{\"title\":\"Ü\"}"
        );
        let conditional = Request::get("/x").unless_held("\"1\"");
        assert!(String::from_utf8(conditional.to_bytes("h")).unwrap().ends_with("If-None-Match: \"1\"\r\n\r\n"));
    }

    #[test]
    fn a_counted_request_is_as_long_and_says_something_else() {
        let request = Request::patch("/x", json!({"title": format!("No {COUNTER}"), "estimate": 1}));
        let [first, second] = [1, 2].map(|number| request.counted("0007", number));
        assert_eq!(first.body, Some(json!({"title": "No 000700000001", "estimate": 1})));
        assert_ne!(first, second);
        assert_eq!(request.to_bytes("h").len(), second.to_bytes("h").len());
    }

    #[test]
    fn a_file_of_requests_can_be_taken_apart_by_lengths() {
        let file = Load::random(vec![Request::get("/a"), Request::get("/bc")]).to_file("h");
        let [first, second] = ["/a", "/bc"].map(|path| Request::get(path).to_bytes("h").len());
        assert!(file.starts_with(format!("{first}\nGET /a ").as_bytes()));
        assert!(String::from_utf8(file).unwrap().contains(&format!("\r\n\r\n{second}\nGET /bc HTTP/1.1")));
    }
}
