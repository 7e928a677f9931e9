use std::time::Duration;

use tenon_application::ports::RatePolicy;
use tenon_interface::http::RateLimits;

use super::key::{self, Key};
use super::reader::Reader;

const REMEDY: &str = "write how many requests in which time, such as 600/1m: 1 to 1000000 in 1s to 1h";
const MOST: u32 = 1_000_000;
/// What is counted is kept for so long.
const LONGEST: Duration = Duration::from_secs(3600);

/// How much of what is allowed: each limit may be set by itself.
pub(super) fn rate_quotas(reader: &mut Reader) -> RateLimits {
    let mut limits = RateLimits::default();
    let RateLimits { auth, open, refresh, mail, account, read, write, heavy, anonymous } = &mut limits;
    let settings: [(Key, &mut RatePolicy); 9] = [
        (key::RATE_LIMIT_AUTH, auth),
        (key::RATE_LIMIT_OPEN, open),
        (key::RATE_LIMIT_REFRESH, refresh),
        (key::RATE_LIMIT_MAIL, mail),
        (key::RATE_LIMIT_ACCOUNT, account),
        (key::RATE_LIMIT_READ, read),
        (key::RATE_LIMIT_WRITE, write),
        (key::RATE_LIMIT_HEAVY, heavy),
        (key::RATE_LIMIT_ANONYMOUS, anonymous),
    ];
    for (key, policy) in settings {
        if let Some((quota, window)) = reader.parse(key, rate) {
            *policy = RatePolicy { quota, window, ..*policy };
        }
    }
    limits
}

/// `600/1m`: a number of requests, and a time in seconds, minutes or hours.
fn rate(text: &str) -> Result<(u32, Duration), String> {
    let read = || {
        let (quota, window) = text.split_once('/')?;
        let quota = quota.trim().parse().ok().filter(|quota| (1..=MOST).contains(quota))?;
        let (number, unit) = window.trim().split_at_checked(window.trim().len().checked_sub(1)?)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return None,
        };
        let window = Duration::from_secs(number.trim().parse::<u64>().ok()?.checked_mul(seconds)?);
        (!window.is_zero() && window <= LONGEST).then_some((quota, window))
    };
    read().ok_or_else(|| REMEDY.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_in_a_time() {
        let cases = [("6000/1m", 6_000, 60), ("1/1s", 1, 1), (" 20 / 10m ", 20, 600), ("1000000/1h", MOST, 3_600)];
        for (text, quota, seconds) in cases {
            assert_eq!(rate(text), Ok((quota, Duration::from_secs(seconds))), "{text}");
        }
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in [
            "",
            "600",
            "600/",
            "/1m",
            "0/1m",
            "-1/1m",
            "1000001/1m",
            "1/0s",
            "1/2h",
            "1/61m",
            "1/1d",
            "1/m",
            "1/1µ",
            "1.5/1m",
        ] {
            assert_eq!(rate(text), Err(REMEDY.to_owned()), "{text}");
        }
    }
}
