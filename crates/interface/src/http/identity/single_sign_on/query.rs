use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use tenon_application::identity::CallbackInput;
use tenon_domain::identity::Email;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::http::list::Filter;
use crate::http::problem::Problem;
use crate::http::query::{Kind, Params};

/// What providers send is never longer.
const MAX_QUERY: usize = 16 * 1024;
const MAX_PAGE: usize = 2_000;

/// Whose ways to sign in are asked for.
pub(crate) struct AddressQuery {
    pub(super) email: Option<String>,
}

/// Where a browser wants to come back to.
pub(crate) struct StartQuery {
    pub(super) return_to: Option<String>,
}

/// What a browser came back with. Nothing in it is refused: providers add what they like, and whoever made it up is sent
/// to a page like anybody else.
pub(crate) struct CallbackQuery(pub(super) CallbackInput);

fn address_kind() -> Kind<String> {
    Kind {
        parse: |raw| (raw.chars().count() <= Email::MAX_CHARS).then(|| raw.to_owned()),
        schema: || {
            let schema = ObjectBuilder::new().schema_type(Type::String).max_length(Some(Email::MAX_CHARS));
            schema.examples(["ada@example.com"]).build()
        },
        expects: || format!("at most {} characters", Email::MAX_CHARS),
    }
}

fn page_kind() -> Kind<String> {
    Kind {
        parse: |raw| (raw.len() <= MAX_PAGE).then(|| raw.to_owned()),
        schema: || {
            ObjectBuilder::new().schema_type(Type::String).max_length(Some(MAX_PAGE)).examples(["/board"]).build()
        },
        expects: || format!("at most {MAX_PAGE} bytes"),
    }
}

fn any_text() -> Kind<String> {
    Kind {
        parse: |raw| Some(raw.to_owned()),
        schema: || ObjectBuilder::new().schema_type(Type::String).examples(["SplxlOBeZQQYbYS6WxSbIA"]).build(),
        expects: || "a text".to_owned(),
    }
}

impl Filter for AddressQuery {
    fn read(params: &mut Params) -> Self {
        let description = "The address of who wants to sign in; without it, the providers of the deployment.";
        Self { email: params.one("email", description, &address_kind()) }
    }
}

impl StartQuery {
    /// The page that a request names, if it is one to start.
    pub(super) fn page_of(request: &HttpRequest) -> Option<String> {
        read(request, Self::read).ok()?.return_to
    }

    fn read(params: &mut Params) -> Self {
        let description = "The page to come back to: a path of the front end, or an address on its origin or one that may \
                           use the API, without a `#`.";
        Self { return_to: params.one("return_to", description, &page_kind()) }
    }
}

impl CallbackQuery {
    fn of(query: &str) -> Self {
        let query = if query.len() > MAX_QUERY { "" } else { query };
        let one = |name: &str| {
            let mut found = url::form_urlencoded::parse(query.as_bytes()).filter(|(given, _)| given == name);
            // What is given twice has two meanings (RFC 6749, 3.1).
            let value = found.next().map(|(_, value)| value.into_owned());
            value.filter(|_| found.next().is_none())
        };
        Self(CallbackInput { state: one("state"), code: one("code"), issuer: one("iss"), error: one("error") })
    }
}

impl FromRequest for StartQuery {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request, Self::read))
    }
}

impl FromRequest for CallbackQuery {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request.query_string())))
    }
}

fn read<T>(request: &HttpRequest, declared: fn(&mut Params) -> T) -> Result<T, Problem> {
    let mut params = Params::read(request.query_string());
    let found = declared(&mut params);
    params.finish()?;
    Ok(found)
}

fn documented<T>(declared: fn(&mut Params) -> T) -> Vec<Parameter> {
    let mut params = Params::documenting();
    declared(&mut params);
    params.into_documentation()
}

impl IntoParams for StartQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        documented(Self::read)
    }
}

impl IntoParams for CallbackQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        documented(|params| {
            let parameters = [
                ("state", "What the browser was sent with."),
                ("code", "What Tenon asks the provider with who it is."),
                ("iss", "Who answers (RFC 9207)."),
                ("error", "Why the provider vouches for nobody."),
            ];
            for (name, description) in parameters {
                params.one(name, description, &any_text());
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_callback_is_read_whatever_else_is_in_it() {
        let CallbackQuery(input) =
            CallbackQuery::of("code=a%20b&state=s&session_state=7&iss=https%3A%2F%2Fidp&code2=c");
        let input = (input.code.as_deref(), input.state.as_deref(), input.issuer.as_deref(), input.error);
        assert_eq!(input, (Some("a b"), Some("s"), Some("https://idp"), None));
    }

    #[test]
    fn what_is_given_twice_or_too_long_is_not_given() {
        assert_eq!(CallbackQuery::of("code=a&state=s&code=b").0.code, None);
        let long = format!("code=a&state={}", "s".repeat(MAX_QUERY));
        assert_eq!(CallbackQuery::of(&long).0, CallbackInput::default());
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(text in any::<String>(), near in "(code|state|iss|error|%)(=|&|%)[ -~é]{0,60}") {
            let _ = (CallbackQuery::of(&text), CallbackQuery::of(&near));
        }
    }
}
