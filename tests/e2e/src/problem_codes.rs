//! The codes of problems that the committed document lists: nothing else may be answered.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::Value;

/// A refusal of the framework: its status is whatever it was refused with.
const OF_ANY_STATUS: &str = "request.refused";

/// Fails for a problem with a code that is not in the document, or there with another status.
#[track_caller]
pub(crate) fn assert_documented(problem: &Value) {
    let code = problem["code"].as_str().unwrap_or_default();
    let listed = documented().get(code).unwrap_or_else(|| panic!("{code} is not documented: see problem_codes.rs"));
    assert!(code == OF_ANY_STATUS || problem["status"] == *listed, "{code} is documented with the status {listed}");
    for error in problem["errors"].as_array().into_iter().flatten() {
        let code = error["code"].as_str().unwrap_or_default();
        assert!(documented().contains_key(code), "{code} is not documented: see problem_codes.rs");
    }
}

fn documented() -> &'static BTreeMap<String, u64> {
    static CODES: OnceLock<BTreeMap<String, u64>> = OnceLock::new();
    CODES.get_or_init(|| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi/openapi.json");
        let text = std::fs::read_to_string(path).expect("the committed document");
        let document: Value = serde_json::from_str(&text).expect("the committed document");
        let codes = document["components"]["schemas"]["ProblemCode"]["x-codes"].as_object().expect("codes");
        let status = |it: &Value| it["status"].as_u64().expect("a status");
        codes.iter().map(|(code, it)| (code.clone(), status(it))).collect()
    })
}
