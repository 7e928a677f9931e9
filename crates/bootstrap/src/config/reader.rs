//! Reads settings one by one and gathers what is wrong with them.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use url::Url;

use super::key::Key;
use super::problem::{ConfigError, Problem};
use super::sources::Entry;

pub(super) struct Reader {
    entries: BTreeMap<&'static str, Entry>,
    problems: Vec<Problem>,
}

impl Reader {
    pub(super) fn new(entries: BTreeMap<&'static str, Entry>, problems: Vec<Problem>) -> Self {
        Self { entries, problems }
    }

    pub(super) fn finish(self) -> Result<(), ConfigError> {
        if self.problems.is_empty() { Ok(()) } else { Err(ConfigError(self.problems)) }
    }

    pub(super) fn text(&self, key: Key) -> Option<String> {
        self.entries.get(key.name).map(|entry| entry.text.clone())
    }

    /// The parsed value; `None` when it is absent, or malformed, which is noted.
    pub(super) fn parse<T>(&mut self, key: Key, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let entry = self.entries.get(key.name)?;
        match parse(&entry.text) {
            Ok(value) => Some(value),
            Err(remedy) => {
                self.problems.push(entry.problem(key, remedy));
                None
            }
        }
    }

    /// Notes a setting that must be there and is not.
    pub(super) fn missing(&mut self, key: Key, remedy: impl Into<String>) {
        self.problems.push(Problem { name: key.variable(), value: None, source: None, remedy: remedy.into() });
    }

    /// Notes a value that does not go with the others.
    pub(super) fn refuse(&mut self, key: Key, remedy: impl Into<String>) {
        let problem = match self.entries.get(key.name) {
            Some(entry) => entry.problem(key, remedy),
            None => Problem { name: key.variable(), value: None, source: None, remedy: remedy.into() },
        };
        self.problems.push(problem);
    }

    pub(super) fn number<T>(&mut self, key: Key, range: RangeInclusive<T>, default: T) -> T
    where
        T: FromStr + PartialOrd + Display + Copy,
    {
        let parsed = self.parse(key, |text| {
            let number = text.parse().ok().filter(|number| range.contains(number));
            number.ok_or_else(|| format!("write a number from {} to {}", range.start(), range.end()))
        });
        parsed.unwrap_or(default)
    }

    pub(super) fn switch(&mut self, key: Key, default: bool) -> bool {
        let parsed = self.parse(key, |text| match text.to_ascii_lowercase().as_str() {
            "on" | "true" | "yes" | "1" => Ok(true),
            "off" | "false" | "no" | "0" => Ok(false),
            _ => Err("write on or off".to_owned()),
        });
        parsed.unwrap_or(default)
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&mut self, key: Key, choices: &[(&str, T)], default: T) -> T {
        let parsed = self.parse(key, |text| {
            let chosen = choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            chosen.ok_or_else(|| format!("write {}", words.join(" or ")))
        });
        parsed.unwrap_or(default)
    }

    pub(super) fn url(&mut self, key: Key, schemes: &[&str], example: &str) -> Option<Url> {
        self.parse(key, |text| {
            let url = Url::parse(text).ok().filter(|url| schemes.contains(&url.scheme()) && url.has_host());
            url.ok_or_else(|| format!("write a URL such as {example}"))
        })
    }
}
