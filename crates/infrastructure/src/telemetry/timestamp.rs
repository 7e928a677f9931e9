//! The time of log lines.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, Utc};

/// Formats the time of line after line. Within one second only the milliseconds differ.
#[derive(Debug, Default)]
pub(super) struct Timestamps {
    second: Option<i64>,
    text: String,
}

impl Timestamps {
    /// The time in RFC 3339, in milliseconds and UTC.
    #[allow(clippy::disallowed_methods, reason = "the time of a log line is the wall clock's")]
    pub(super) fn now(&mut self) -> &str {
        self.format(Utc::now())
    }

    fn format(&mut self, time: DateTime<Utc>) -> &str {
        // `2026-11-21T09:30:00.123Z`: three digits and the zone are replaced.
        const MILLIS_AND_ZONE: usize = 4;
        if self.second == Some(time.timestamp()) {
            self.text.truncate(self.text.len() - MILLIS_AND_ZONE);
            let _ = write!(self.text, "{:03}Z", time.timestamp_subsec_millis().min(999));
        } else {
            self.second = Some(time.timestamp());
            self.text = time.to_rfc3339_opts(SecondsFormat::Millis, true);
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_what_the_standard_says() {
        let mut timestamps = Timestamps::default();
        for millis in [1_763_000_000_007, 1_763_000_000_123, 1_763_000_000_999, 1_763_000_001_000, 1_763_000_000_999] {
            let time = DateTime::from_timestamp_millis(millis).unwrap();
            assert_eq!(timestamps.format(time), time.to_rfc3339_opts(SecondsFormat::Millis, true));
        }
    }
}
