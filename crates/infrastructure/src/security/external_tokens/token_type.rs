//! What tells an access token from an ID token, which says to a client who signed in, and is not for calling an API, even
//! where its audience is the same.

use serde_json::{Map, Value};

/// What the header of an access token says that it is (RFC 9068, 2.1). Names of media types differ by no letter's case.
const ACCESS_TOKEN: [&str; 2] = ["at+jwt", "application/at+jwt"];
/// What any token may call itself there, as it was usual before, besides nothing at all.
const ANY_TOKEN: &str = "jwt";
/// What Keycloak writes into the claim `typ` of an access token,
const BEARER: &str = "Bearer";
/// and into those of others.
const OTHERS: [&str; 4] = ["ID", "Refresh", "Offline", "Logout"];
/// What ID tokens have (OpenID Connect Core 1.0, 2 and 3.3.2.11), and access tokens only where their issuer adds it.
const OF_ID_TOKENS: [&str; 3] = ["nonce", "at_hash", "c_hash"];

/// Whether something of this type can be an access token.
pub(super) fn may_be_access_token(header: Option<&str>) -> bool {
    header.is_none_or(|name| name.eq_ignore_ascii_case(ANY_TOKEN)) || says_access_token(header)
}

/// Whether it is one, as far as its type and what is in it say.
pub(super) fn is_access_token(header: Option<&str>, claims: &Map<String, Value>) -> bool {
    let written = claims.get("typ").and_then(Value::as_str);
    if !may_be_access_token(header) || written.is_some_and(|name| OTHERS.iter().any(|it| it.eq_ignore_ascii_case(name)))
    {
        return false;
    }
    says_access_token(header) || written == Some(BEARER) || !OF_ID_TOKENS.iter().any(|name| claims.contains_key(*name))
}

fn says_access_token(header: Option<&str>) -> bool {
    header.is_some_and(|name| ACCESS_TOKEN.iter().any(|it| it.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn verdict(header: Option<&str>, claims: Value) -> bool {
        let Value::Object(claims) = claims else { panic!("an object") };
        is_access_token(header, &claims)
    }

    #[test]
    fn tokens_are_told_apart_as_issuers_make_them() {
        for (header, claims, is_one) in [
            // RFC 9068, also with what Auth0 and others add.
            (Some("at+jwt"), json!({"client_id": "cli"}), true),
            (Some("application/at+JWT"), json!({"nonce": "n-0S6_WzA2Mj"}), true),
            // Keycloak: an access token with its mapper for compatibility, and the ID token beside it.
            (Some("JWT"), json!({"typ": "Bearer", "nonce": "n-0S6_WzA2Mj"}), true),
            (Some("JWT"), json!({"typ": "ID", "nonce": "n-0S6_WzA2Mj", "at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}), false),
            (Some("JWT"), json!({"typ": "ID"}), false),
            (Some("JWT"), json!({"typ": "Refresh"}), false),
            // Ory Hydra says nothing.
            (Some("JWT"), json!({"client_id": "cli", "ext": {}}), true),
            (None, json!({}), true),
            // ID tokens of others.
            (Some("JWT"), json!({"nonce": "n-0S6_WzA2Mj"}), false),
            (None, json!({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}), false),
            (None, json!({"c_hash": "LDktKdoQak3Pk0cnXxCltA"}), false),
            // What contradicts itself is not believed.
            (Some("at+jwt"), json!({"typ": "ID"}), false),
            (Some("at+jwt"), json!({"typ": "id", "nonce": "n"}), false),
            // Something else altogether.
            (Some("logout+jwt"), json!({"typ": "Bearer"}), false),
            (Some(""), json!({}), false),
        ] {
            assert_eq!(verdict(header, claims.clone()), is_one, "{header:?} {claims}");
        }
    }

    fn any_header() -> impl Strategy<Value = Option<&'static str>> {
        prop::sample::select(vec![
            None,
            Some("JWT"),
            Some("jwt"),
            Some("at+jwt"),
            Some("application/at+jwt"),
            Some("dpop+jwt"),
        ])
    }

    fn any_type() -> impl Strategy<Value = Option<Value>> {
        let known = prop::sample::select(vec!["Bearer", "bearer", "ID", "Refresh", "DPoP", "access"]);
        prop_oneof![
            Just(None),
            known.prop_map(|name| Some(json!(name))),
            any::<String>().prop_map(|text| Some(json!(text))),
            any::<u8>().prop_map(|number| Some(json!([number]))),
        ]
    }

    proptest! {
        #[test]
        fn what_looks_like_an_id_token_is_one_unless_it_says_that_it_is_for_access(
            header in any_header(),
            written in any_type(),
            marks in prop::sample::subsequence(OF_ID_TOKENS.to_vec(), 0..=3),
        ) {
            let mut claims: Map<String, Value> = marks.iter().map(|name| ((*name).to_owned(), json!("x"))).collect();
            if let Some(written) = &written {
                claims.insert("typ".to_owned(), written.clone());
            }
            let is_one = is_access_token(header, &claims);
            let says_so = says_access_token(header) || written == Some(json!(BEARER));
            prop_assert!(!is_one || marks.is_empty() || says_so);
            prop_assert!(!is_one || header != Some("dpop+jwt"));
            prop_assert!(!is_one || written != Some(json!("ID")));
            // A mark more never makes one of what is none.
            claims.insert("nonce".to_owned(), json!("x"));
            prop_assert!(is_one || !is_access_token(header, &claims));
        }
    }
}
