//! Query parameters: each list declares what it takes, and everything else is refused.
//!
//! The declaration is also the documentation: run without a query, it yields the parameters of the OpenAPI document.

use actix_web::http::StatusCode;
use chrono::{DateTime, NaiveDate};
use tenon_domain::Timestamp;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Required, Schema};
use uuid::Uuid;

use super::problem::{FieldError, Problem};
use super::wire::{WireName, names, names_schema};

/// How often a repeatable parameter may be repeated.
const MAX_REPEATS: usize = 100;

/// How a parameter's text becomes a value, and how that is documented.
pub(crate) struct Kind<T> {
    pub(crate) parse: fn(&str) -> Option<T>,
    pub(crate) schema: fn() -> Object,
    pub(crate) expects: fn() -> String,
}

/// The parameters of a request while they are being read.
pub(crate) struct Params {
    given: Vec<(String, String)>,
    known: Vec<&'static str>,
    errors: Vec<FieldError>,
    /// Filled instead of reading when the parameters are to be documented.
    documentation: Option<Vec<Parameter>>,
}

impl Params {
    pub(crate) fn read(query: &str) -> Self {
        let given = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { given, known: Vec::new(), errors: Vec::new(), documentation: None }
    }

    pub(crate) fn documenting() -> Self {
        Self { documentation: Some(Vec::new()), ..Self::read("") }
    }

    /// A parameter that may be repeated: any of its values counts.
    pub(crate) fn many<T>(&mut self, name: &'static str, description: &str, kind: &Kind<T>) -> Vec<T> {
        self.known.push(name);
        if let Some(documentation) = &mut self.documentation {
            let schema = ArrayBuilder::new().items((kind.schema)()).max_items(Some(MAX_REPEATS));
            documentation.push(parameter(name, description, schema.build().into(), true));
        }
        let mut values = Vec::new();
        let mut count = 0;
        for (_, raw) in self.given.iter().filter(|(given, _)| given == name) {
            count += 1;
            match (kind.parse)(raw) {
                Some(value) => values.push(value),
                None => self.errors.push(FieldError::new(name, "query.invalid", expected(name, kind))),
            }
        }
        if count > MAX_REPEATS {
            let message = format!("`{name}` can be repeated at most {MAX_REPEATS} times");
            self.errors.push(FieldError::new(name, "query.too_many", message));
        }
        values
    }

    /// A parameter that may be given once.
    pub(crate) fn one<T>(&mut self, name: &'static str, description: &str, kind: &Kind<T>) -> Option<T> {
        self.known.push(name);
        if let Some(documentation) = &mut self.documentation {
            documentation.push(parameter(name, description, (kind.schema)().into(), false));
        }
        let mut given = self.given.iter().filter(|(given, _)| given == name);
        let (_, raw) = given.next()?;
        if given.next().is_some() {
            let message = format!("`{name}` can be given only once");
            self.errors.push(FieldError::new(name, "query.repeated", message));
            return None;
        }
        let value = (kind.parse)(raw);
        if value.is_none() {
            self.errors.push(FieldError::new(name, "query.invalid", expected(name, kind)));
        }
        value
    }

    /// Refuses what was given and not declared, and what did not parse.
    pub(crate) fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in &self.given {
            if !self.known.contains(&name.as_str()) {
                let message = format!("`{name}` is not known here; these are: {}", self.known.join(", "));
                self.errors.push(FieldError::new(name, "query.unknown", message));
            }
        }
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Problem::fields(StatusCode::BAD_REQUEST, "query.invalid", self.errors))
        }
    }

    pub(crate) fn into_documentation(self) -> Vec<Parameter> {
        self.documentation.unwrap_or_default()
    }
}

fn expected<T>(name: &str, kind: &Kind<T>) -> String {
    format!("`{name}` must be {}", (kind.expects)())
}

fn parameter(name: &str, description: &str, schema: RefOr<Schema>, repeatable: bool) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .style(repeatable.then_some(ParameterStyle::Form))
        .explode(repeatable.then_some(true))
        .schema(Some(schema))
        .build()
}

/// A UUID in its usual form, with hyphens.
pub(crate) fn parse_uuid(raw: &str) -> Option<Uuid> {
    if raw.len() == 36 { Uuid::try_parse(raw).ok() } else { None }
}

pub(crate) fn id<T: From<Uuid>>() -> Kind<T> {
    Kind {
        parse: |raw| parse_uuid(raw).map(T::from),
        schema: || formatted(KnownFormat::Uuid, "0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66"),
        expects: || "a UUID".to_owned(),
    }
}

pub(crate) fn name_of<T: WireName>() -> Kind<T> {
    Kind {
        parse: T::parse_name,
        schema: || names_schema::<T>().build(),
        expects: || format!("one of {}", names::<T>().join(", ")),
    }
}

pub(crate) fn flag() -> Kind<bool> {
    Kind {
        parse: |raw| raw.parse().ok(),
        schema: || ObjectBuilder::new().schema_type(Type::Boolean).build(),
        expects: || "true or false".to_owned(),
    }
}

/// A day. Those outside the years 1970 to 9999 are taken as the nearest one that nothing lies beyond.
pub(crate) fn date() -> Kind<NaiveDate> {
    Kind {
        parse: |raw| {
            let date = NaiveDate::parse_from_str(raw, "%Y-%m-%d").ok().filter(|_| raw.len() == 10)?;
            Some(NaiveDate::from_ymd_opt(1969, 12, 31).map_or(date, |first| date.max(first)))
        },
        schema: || formatted(KnownFormat::Date, "2026-11-21"),
        expects: || "a date such as 2026-11-21".to_owned(),
    }
}

/// A moment with any offset.
pub(crate) fn moment() -> Kind<Timestamp> {
    Kind {
        parse: |raw| {
            let moment = DateTime::parse_from_rfc3339(raw).ok()?.to_utc();
            Some(moment.max(DateTime::UNIX_EPOCH))
        },
        schema: || formatted(KnownFormat::DateTime, "2026-11-21T09:30:00.123Z"),
        expects: || "a moment such as 2026-11-21T09:30:00.123Z".to_owned(),
    }
}

/// Text to look for: 1 to 200 characters, none of them a control character.
pub(crate) fn search_text() -> Kind<String> {
    Kind {
        parse: |raw| {
            let text = raw.trim();
            let fits = (1..=200).contains(&raw.chars().count()) && !text.is_empty();
            (fits && !raw.chars().any(char::is_control)).then(|| text.to_owned())
        },
        schema: || text_schema(200, super::validation::LINE, "door"),
        expects: || "1 to 200 characters of text on one line".to_owned(),
    }
}

/// Text of 1 to `max` characters.
pub(crate) fn text_schema(max: usize, pattern: &str, example: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(max))
        .pattern(Some(pattern))
        .examples([example])
        .build()
}

fn formatted(format: KnownFormat, example: &str) -> Object {
    let format = SchemaFormat::KnownFormat(format);
    ObjectBuilder::new().schema_type(Type::String).format(Some(format)).examples([example]).build()
}

#[cfg(test)]
mod tests {
    use tenon_domain::UserId;

    use super::*;

    type Read = Result<(Vec<UserId>, Option<NaiveDate>, Option<bool>), Problem>;

    fn read(query: &str) -> Read {
        let mut params = Params::read(query);
        let users = params.many("user_id", "", &id());
        let day = params.one("day", "", &date());
        let unread = params.one("unread", "", &flag());
        params.finish()?;
        Ok((users, day, unread))
    }

    const A: &str = "0199f8a2-6c1e-7d3a-9b54-2f0c8e1d7a66";

    #[test]
    fn repeatable_parameters_gather_and_others_do_not() {
        let (users, day, unread) = read(&format!("user_id={A}&day=2026-11-21&user_id={A}&unread=true")).unwrap();
        assert_eq!((users.len(), day.is_some(), unread), (2, true, Some(true)));
        assert!(read("day=2026-11-21&day=2026-11-22").is_err());
        assert!(read("").unwrap().0.is_empty());
    }

    #[test]
    fn what_is_unknown_or_malformed_is_refused() {
        for query in
            ["x=1", "day=", "day=2026-13-01", "day=%2B12026-01-01", "user_id=1", "unread=yes", "DAY=2026-11-21", "&=&"]
        {
            assert!(read(query).is_err(), "{query}");
        }
        let many: Vec<_> = (0..=MAX_REPEATS).map(|_| format!("user_id={A}")).collect();
        assert!(read(&many.join("&")).is_err());
    }

    #[test]
    fn search_text_is_one_line() {
        let parse = search_text().parse;
        assert_eq!(parse(" door ").as_deref(), Some("door"));
        assert!([" ", "", "a\0b", "a\nb"].iter().all(|raw| parse(raw).is_none()));
        assert!(parse(&"x".repeat(201)).is_none());
    }
}
