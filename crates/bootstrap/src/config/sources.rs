//! Where settings come from: presets < `tenon.toml` < environment < command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::key::{self, CONFIG_VARIABLE, Key, PREFIX, TEST_PREFIX};
use super::problem::{ConfigError, Problem};

/// What is read when nothing names a file.
const DEFAULT_FILE: &str = "tenon.toml";

/// The places settings are read from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// What a command prefers where nothing else is said.
    pub presets: Vec<(&'static str, String)>,
    /// The environment.
    pub variables: BTreeMap<String, String>,
    /// Where `tenon.toml` is looked for.
    pub directory: PathBuf,
    /// What the command line says.
    pub overrides: Vec<(&'static str, String)>,
}

impl Sources {
    /// The environment of this process and its working directory.
    pub fn of_process() -> Self {
        #[allow(clippy::disallowed_methods, reason = "this is where configuration is read")]
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
            .filter(|(name, _)| name.starts_with(PREFIX))
            .collect();
        Self { variables, directory: PathBuf::from("."), ..Self::default() }
    }
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) text: String,
    /// The name as its source calls it.
    pub(super) name: String,
    pub(super) source: String,
}

/// The settings of all sources, the strongest one winning. Empty values count as absent.
pub(super) fn gather(sources: &Sources) -> Result<(BTreeMap<&'static str, Entry>, Vec<Problem>), ConfigError> {
    let mut figment = Figment::from(Layer::new("preset", sources.presets.iter().cloned()));
    if let Some(file) = configuration_file(sources)? {
        figment = figment.merge(Toml::file_exact(file));
    }
    let variables = sources.variables.iter().filter_map(|(name, value)| {
        let known = name != CONFIG_VARIABLE && !name.starts_with(TEST_PREFIX);
        let setting = name.strip_prefix(PREFIX).filter(|_| known)?;
        Some((setting.to_ascii_lowercase(), value.clone()))
    });
    let figment = figment
        .merge(Layer::new(ENVIRONMENT, variables))
        .merge(Layer::new("command line", sources.overrides.iter().cloned()));
    let merged: Dict = figment.extract().map_err(|error| unreadable(&error))?;

    let mut entries = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, value) in merged {
        let source = source_of(&figment, &value);
        let is_variable = source == ENVIRONMENT;
        let shown = if is_variable { format!("{PREFIX}{}", name.to_ascii_uppercase()) } else { name.clone() };
        let Some(key) = key::ALL.iter().find(|key| key.name == name) else {
            problems.push(unknown(shown, &name, source, is_variable));
            continue;
        };
        match text(&value) {
            Some(text) if text.trim().is_empty() => {}
            Some(text) => {
                entries.insert(key.name, Entry { text: text.trim().to_owned(), name: shown, source });
            }
            None => problems.push(Problem {
                name: shown,
                value: None,
                source: Some(source),
                remedy: "write a text, a number, true or false, or a list of those".to_owned(),
            }),
        }
    }
    Ok((entries, problems))
}

const ENVIRONMENT: &str = "environment";

fn configuration_file(sources: &Sources) -> Result<Option<PathBuf>, ConfigError> {
    let named = sources.variables.get(CONFIG_VARIABLE).filter(|path| !path.trim().is_empty());
    let Some(named) = named else {
        let file = sources.directory.join(DEFAULT_FILE);
        return Ok(file.is_file().then_some(file));
    };
    let file = sources.directory.join(Path::new(named));
    if file.is_file() {
        return Ok(Some(file));
    }
    Err(ConfigError(vec![Problem {
        name: CONFIG_VARIABLE.to_owned(),
        value: Some(format!("{named:?}")),
        source: Some(ENVIRONMENT.to_owned()),
        remedy: "write the path of an existing file, or leave it out".to_owned(),
    }]))
}

fn unreadable(error: &figment::Error) -> ConfigError {
    let source = error.metadata.as_ref().and_then(|metadata| metadata.source.as_ref()).map(ToString::to_string);
    ConfigError(vec![Problem {
        name: DEFAULT_FILE.to_owned(),
        value: None,
        source,
        remedy: format!("correct what the parser stumbles over: {}", error.kind),
    }])
}

fn unknown(shown: String, name: &str, source: String, is_variable: bool) -> Problem {
    let remedy = match key::nearest(name).map(|key| if is_variable { key.variable() } else { key.name.to_owned() }) {
        Some(meant) => format!("there is no such setting; did you mean {meant}?"),
        None => "there is no such setting: remove it".to_owned(),
    };
    Problem { name: shown, value: None, source: Some(source), remedy }
}

fn source_of(figment: &Figment, value: &Value) -> String {
    let Some(metadata) = figment.get_metadata(value.tag()) else { return "default".to_owned() };
    metadata.source.as_ref().map_or_else(|| metadata.name.to_string(), ToString::to_string)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(_, text) => Some(text.clone()),
        Value::Char(_, character) => Some(character.to_string()),
        Value::Bool(_, value) => Some(value.to_string()),
        Value::Num(_, number) => number
            .to_i128()
            .map(|number| number.to_string())
            .or_else(|| number.to_u128().map(|number| number.to_string()))
            .or_else(|| number.to_f64().map(|number| number.to_string())),
        Value::Array(_, items) => items.iter().map(text).collect::<Option<Vec<_>>>().map(|items| items.join(",")),
        Value::Empty(..) => Some(String::new()),
        Value::Dict(..) => None,
    }
}

/// Settings from one place, as texts.
struct Layer {
    place: &'static str,
    settings: Dict,
}

impl Layer {
    fn new<K: Into<String>>(place: &'static str, settings: impl IntoIterator<Item = (K, String)>) -> Self {
        let settings = settings.into_iter().map(|(name, value)| (name.into(), Value::from(value))).collect();
        Self { place, settings }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.place)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.settings.clone()))
    }
}

impl Entry {
    pub(super) fn problem(&self, key: Key, remedy: impl Into<String>) -> Problem {
        Problem {
            name: self.name.clone(),
            value: Some(key.redact(&self.text)),
            source: Some(self.source.clone()),
            remedy: remedy.into(),
        }
    }
}
