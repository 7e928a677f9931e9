use tenon_application::ports::Clock;
use tenon_domain::Timestamp;
use tenon_infrastructure::clock::SystemClock;
use tenon_infrastructure::tls::{Certificate, RENEW_BEFORE};

use super::Finding;
use crate::config::Config;

/// Whether the certificate can be read, its key belongs to it, and clients believe it for a while yet.
pub(super) fn check(config: &Config) -> Option<Finding> {
    let files = config.tls.as_ref()?;
    let read = Certificate::read(&files.certificates, &files.key).map_err(|error| error.to_string());
    let outcome = read.and_then(|certificate| verdict(certificate.expires_at, SystemClock.now()));
    Some(Finding::new("tls", outcome, "see docs/operations/tls.md"))
}

fn verdict(expires_at: Timestamp, now: Timestamp) -> Result<String, String> {
    let left = expires_at - now;
    let day = expires_at.format("%Y-%m-%d");
    match left.num_days() {
        _ if left.num_seconds() <= 0 => Err(format!("the certificate expired on {day}: renew it")),
        days if left < RENEW_BEFORE => Ok(format!("the certificate expires in {days} days, on {day}: renew it")),
        days => Ok(format!("certificate and key belong together; it expires in {days} days, on {day}")),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone, Utc};

    use super::*;

    #[test]
    fn it_says_when_a_certificate_has_to_be_renewed() {
        let now = Utc.with_ymd_and_hms(2026, 11, 21, 9, 30, 0).unwrap();
        let said = |left| verdict(now + left, now);
        assert!(said(TimeDelta::days(60)).unwrap().ends_with("expires in 60 days, on 2027-01-20"));
        assert!(said(TimeDelta::days(13)).unwrap().ends_with("in 13 days, on 2026-12-04: renew it"));
        assert!(said(TimeDelta::zero()).unwrap_err().starts_with("the certificate expired on 2026-11-21"));
    }
}
