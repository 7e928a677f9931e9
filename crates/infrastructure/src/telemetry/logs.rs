use tracing_subscriber::filter::{ParseError, Targets};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line, for machines.
    Json,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// A level, or levels by module, as [`Targets`] takes them: `info,tenon_worker=debug`.
    pub directives: String,
    pub format: LogFormat,
}

/// Libraries that talk too much at `info`; the last one calls it an error when a client sends what is no HTTP, or nothing.
/// What the settings say about them comes later and wins.
const QUIET: &str = "sqlx=warn,sea_orm=warn,sea_orm_migration=warn,apalis=warn,apalis_core=warn,apalis_sql=warn,\
    apalis_redis=warn,apalis_sqlite=warn,apalis_postgres=warn,hyper=warn,hyper_util=warn,h2=warn,reqwest=warn,\
    rustls=warn,aws_config=warn,aws_smithy_runtime=warn,opentelemetry=warn,opentelemetry_sdk=warn,\
    opentelemetry_otlp=warn,actix_server=warn,actix_http::h1::dispatcher=off";

impl LogSettings {
    pub(super) fn filter(&self) -> Result<Targets, ParseError> {
        parse(&format!("{QUIET},{}", self.directives))
    }
}

/// Whether these directives can be used, or what is wrong with them.
pub fn check_filter(directives: &str) -> Result<(), String> {
    if directives.contains('[') {
        return Err("spans and their fields cannot be filtered by, only modules and levels".to_owned());
    }
    parse(directives).map(|_| ()).map_err(|error| error.to_string())
}

/// With blanks and empty parts left out, which [`Targets`] takes for names and levels.
fn parse(directives: &str) -> Result<Targets, ParseError> {
    let parts: Vec<_> = directives.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    parts.join(",").parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_overrule_the_quiet_list() {
        let settings = LogSettings { directives: "info,sqlx=trace".to_owned(), format: LogFormat::Json };
        let filter = settings.filter().unwrap().to_string();
        assert!(filter.contains("sqlx=trace"), "{filter}");
        assert!(!filter.contains("sqlx=warn"), "{filter}");
        assert!(filter.contains("hyper=warn"), "{filter}");
    }

    #[test]
    fn nobody_is_called_because_a_client_sends_no_http() {
        let would_log = |directives: &str, target: &str| {
            let settings = LogSettings { directives: directives.to_owned(), format: LogFormat::Json };
            settings.filter().unwrap().would_enable(target, &tracing::Level::ERROR)
        };
        assert!(!would_log("info", "actix_http::h1::dispatcher"));
        assert!(would_log("info", "actix_http::h1::service"));
        assert!(would_log("info,actix_http::h1::dispatcher=error", "actix_http::h1::dispatcher"));
    }

    #[test]
    fn a_malformed_filter_is_named() {
        assert!(check_filter("info,tenon=loudly").is_err());
        assert!(check_filter("tenon[request]=debug").is_err());
        assert!(check_filter("debug").is_ok());
    }

    #[test]
    fn blanks_and_empty_parts_say_nothing() {
        for directives in ["info,tenon=debug", " info, tenon=debug", "info,,tenon=debug,"] {
            assert_eq!(parse(directives).unwrap(), "info,tenon=debug".parse().unwrap(), "{directives:?}");
        }
    }
}
