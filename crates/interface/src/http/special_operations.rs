//! What is special about operations: which quota their requests are counted against, and what they have to wait for.
//!
//! What is not named here is for who is signed in, and reads or writes like all the others. The test below derives from
//! the OpenAPI document what has to be named.

use actix_web::http::Method;

/// What requests are counted as, against a quota of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RateClass {
    /// Passwords, codes and tokens could be guessed there.
    Auth,
    /// Strangers come often, and there is nothing to be guessed: what they bring has 256 random bits, if it is a secret at
    /// all. A wrong one counts as a guess nevertheless.
    Open,
    /// The same, in the address bar of a browser: the limit sends it back to its page, and never shows it a problem.
    Visit,
    /// People could be pestered with mail.
    Mail,
    Read,
    Write,
    /// It costs more than others: totals of lists, exports, and what other servers are asked for.
    Heavy,
}

/// What an operation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// The database, if who sends it is signed in: the route refuses others before that.
    Database,
    /// The database, also for who is not signed in: they redeem a token there, or ask for one.
    Redeeming,
    /// The line of those whose password is hashed: a place at a gate would be held for all that time.
    Hashing,
    /// Another server, which may be slow: a place at a gate would be held for all that time.
    Elsewhere,
}

/// How requests to an operation are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Treatment {
    pub(crate) class: RateClass,
    pub(crate) wait: Wait,
}

impl Treatment {
    /// That of operations that are not special.
    pub(crate) fn ordinary(method: &Method) -> Self {
        let class = if reads(method) { RateClass::Read } else { RateClass::Write };
        Self { class, wait: Wait::Database }
    }
}

pub(crate) fn reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// The operations that are special, by their ids.
const SPECIAL: &[(&str, RateClass, Wait)] = &[
    ("register", RateClass::Auth, Wait::Hashing),
    ("login", RateClass::Auth, Wait::Hashing),
    ("verify_mfa", RateClass::Auth, Wait::Redeeming),
    ("begin_mfa_passkey", RateClass::Auth, Wait::Redeeming),
    ("begin_passkey_sign_in", RateClass::Auth, Wait::Redeeming),
    ("sign_in_with_passkey", RateClass::Auth, Wait::Redeeming),
    ("list_sign_in_providers", RateClass::Open, Wait::Redeeming),
    ("start_oidc_sign_in", RateClass::Visit, Wait::Elsewhere),
    ("finish_oidc_sign_in", RateClass::Visit, Wait::Elsewhere),
    ("redeem_sign_in_code", RateClass::Open, Wait::Redeeming),
    ("refresh", RateClass::Open, Wait::Redeeming),
    ("unlock_sign_in", RateClass::Auth, Wait::Redeeming),
    ("verify_email", RateClass::Auth, Wait::Redeeming),
    ("confirm_email", RateClass::Auth, Wait::Redeeming),
    ("reset_password", RateClass::Auth, Wait::Hashing),
    ("accept_invitation", RateClass::Auth, Wait::Hashing),
    ("change_password", RateClass::Auth, Wait::Hashing),
    ("change_email", RateClass::Auth, Wait::Hashing),
    ("begin_totp", RateClass::Auth, Wait::Hashing),
    ("begin_passkey", RateClass::Auth, Wait::Hashing),
    ("begin_step_up", RateClass::Auth, Wait::Database),
    ("delete_passkey", RateClass::Auth, Wait::Hashing),
    ("confirm_totp", RateClass::Auth, Wait::Database),
    ("remove_totp", RateClass::Auth, Wait::Database),
    ("replace_recovery_codes", RateClass::Auth, Wait::Database),
    ("delete_account", RateClass::Auth, Wait::Hashing),
    ("transfer_organization", RateClass::Auth, Wait::Hashing),
    ("forgot_password", RateClass::Mail, Wait::Redeeming),
    ("resend_verification", RateClass::Mail, Wait::Redeeming),
    ("create_invitation", RateClass::Mail, Wait::Database),
    ("verify_domain", RateClass::Heavy, Wait::Elsewhere),
    ("export_account", RateClass::Heavy, Wait::Database),
];

/// How an operation is treated, if it is special.
pub(crate) fn of(operation_id: &str) -> Option<Treatment> {
    let found = SPECIAL.iter().find(|(known, ..)| *known == operation_id);
    found.map(|(_, class, wait)| Treatment { class: *class, wait: *wait })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::http::{BASE_PATH, openapi_json};

    /// What strangers may ask for often: nobody guesses 256 bits, and everybody behind one address needs it.
    const OFTEN: [&str; 5] =
        ["list_sign_in_providers", "start_oidc_sign_in", "finish_oidc_sign_in", "redeem_sign_in_code", "refresh"];

    fn operations() -> Vec<(Value, Value)> {
        let document: Value = serde_json::from_str(&openapi_json()).unwrap();
        let schemas = document["components"]["schemas"].clone();
        let paths = document["paths"].as_object().unwrap();
        let items = paths.iter().filter(|(path, _)| path.starts_with(BASE_PATH)).map(|(_, item)| item);
        let operations = items.flat_map(|item| item.as_object().unwrap().values());
        operations.map(|operation| (operation.clone(), body_of(operation, &schemas))).collect()
    }

    /// The schema of what an operation takes, with its properties in place.
    fn body_of(operation: &Value, schemas: &Value) -> Value {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        match schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
            Some(name) => schemas[name].clone(),
            None => schema.clone(),
        }
    }

    fn properties(body: &Value) -> Vec<(&String, &Value)> {
        body["properties"].as_object().map(|properties| properties.iter().collect()).unwrap_or_default()
    }

    fn takes_password(body: &Value) -> bool {
        properties(body).iter().any(|(_, property)| property["format"] == "password")
    }

    fn takes_secret(body: &Value) -> bool {
        takes_password(body) || properties(body).iter().any(|(name, _)| matches!(name.as_str(), "code" | "token"))
    }

    #[test]
    fn no_operation_is_forgotten() {
        let mut ids = BTreeSet::new();
        for (operation, body) in operations() {
            let id = operation["operationId"].as_str().unwrap();
            ids.insert(id.to_owned());
            let treatment = of(id);
            let alternatives = operation["security"].as_array().unwrap();
            let is_open = alternatives.iter().any(|it| it.as_object().is_some_and(serde_json::Map::is_empty));
            if is_open {
                let Some(treatment) = treatment else { panic!("{id} is for strangers, and has no class") };
                let is_often = matches!(treatment.class, RateClass::Open | RateClass::Visit);
                assert_eq!(is_often, OFTEN.contains(&id), "{id} is for strangers");
                let is_tight = matches!(treatment.class, RateClass::Auth | RateClass::Mail);
                assert_ne!(is_often, is_tight, "{id} is for strangers");
                assert_ne!(treatment.wait, Wait::Database, "{id}: what do strangers wait for?");
            }
            let class = treatment.map(|treatment| treatment.class);
            if takes_secret(&body) && !OFTEN.contains(&id) {
                assert_eq!(class, Some(RateClass::Auth), "{id} takes secrets, which could be guessed");
            }
            let hashes = treatment.is_some_and(|treatment| treatment.wait == Wait::Hashing);
            assert_eq!(hashes, takes_password(&body), "{id}: where a password is hashed, no place may be held");
        }
        let special: BTreeSet<_> = SPECIAL.iter().map(|(id, ..)| (*id).to_owned()).collect();
        assert_eq!(special.difference(&ids).collect::<Vec<_>>(), Vec::<&String>::new(), "there is no such operation");
        assert_eq!(special.len(), SPECIAL.len(), "none is listed twice");
    }
}
