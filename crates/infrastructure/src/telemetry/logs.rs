use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

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
    /// Directives as `tracing_subscriber::EnvFilter` takes them (`info,tenon_worker=debug`).
    pub directives: String,
    pub format: LogFormat,
}

/// Libraries that talk too much at `info`. What the settings say about them comes later and wins.
const QUIET: &str = "sqlx=warn,sea_orm=warn,sea_orm_migration=warn,apalis=warn,apalis_core=warn,apalis_sql=warn,\
    apalis_redis=warn,apalis_sqlite=warn,apalis_postgres=warn,hyper=warn,hyper_util=warn,h2=warn,reqwest=warn,\
    rustls=warn,aws_config=warn,aws_smithy_runtime=warn,opentelemetry=warn,opentelemetry_sdk=warn,\
    opentelemetry_otlp=warn,actix_server=warn";

impl LogSettings {
    pub(super) fn filter(&self) -> Result<EnvFilter, ParseError> {
        EnvFilter::builder().parse(format!("{QUIET},{}", self.directives))
    }
}

/// Whether these directives can be used, or what is wrong with them.
pub fn check_filter(directives: &str) -> Result<(), String> {
    EnvFilter::builder().parse(directives).map(|_| ()).map_err(|error| error.to_string())
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
    fn a_malformed_filter_is_named() {
        assert!(check_filter("info,tenon=loudly").is_err());
        assert!(check_filter("debug").is_ok());
    }
}
