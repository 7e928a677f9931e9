//! Whether something stays as it is over a long time.

use crate::statistics::median;

/// How often what gathers is cleared away, in minutes; see `crates/worker/src/schedules.rs`.
const CLEARED_EVERY: u64 = 5;

/// How a series should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    Flat(Tolerance),
    /// It gathers, and is cleared away from time to time.
    Cleared,
    /// It is only told: it has an end, but not within a few minutes.
    Any,
}

/// By how much the end may exceed the beginning.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tolerance {
    pub(crate) factor: f64,
    /// On top, for small numbers.
    pub(crate) slack: f64,
}

impl Expected {
    pub(crate) const fn flat(factor: f64, slack: f64) -> Self {
        Self::Flat(Tolerance { factor, slack })
    }

    /// Whether a series of so many minutes is so, or `None` when it cannot tell.
    pub(crate) fn holds(self, series: &[f64], minutes: u64) -> Option<bool> {
        match self {
            Self::Flat(tolerance) => Some(tolerance.holds(series)),
            Self::Cleared => (minutes >= 2 * CLEARED_EVERY).then(|| is_cleared(series)),
            Self::Any => None,
        }
    }
}

/// The medians of the first and the last third, without the first sixth, in which pools and caches fill. In ten minutes
/// with a sample every five seconds those are 33 samples each: no single one decides.
pub(crate) fn ends(series: &[f64]) -> Option<(f64, f64)> {
    let settled = &series[series.len() / 6..];
    let third = settled.len() / 3;
    if third == 0 {
        return None;
    }
    let (first, last) = (&settled[..third], &settled[settled.len() - third..]);
    Some((median(first.iter().copied()), median(last.iter().copied())))
}

/// Whether the second half falls to a tenth of the most there ever was.
fn is_cleared(series: &[f64]) -> bool {
    let most = series.iter().copied().fold(0.0, f64::max);
    series[series.len() / 2..].iter().any(|value| *value <= most / 10.0)
}

impl Tolerance {
    /// Too short a series proves nothing.
    fn holds(self, series: &[f64]) -> bool {
        ends(series).is_some_and(|(first, last)| last <= first * self.factor + self.slack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENTH: Tolerance = Tolerance { factor: 1.1, slack: 1.0 };

    #[test]
    fn noise_is_flat_and_a_slope_is_not() {
        let noise: Vec<f64> = (0..60).map(|n| 100.0 + f64::from(n * 7 % 5)).collect();
        assert!(TENTH.holds(&noise));
        let slope: Vec<f64> = (0..60).map(|n| 100.0 + f64::from(n)).collect();
        assert!(!TENTH.holds(&slope));
    }

    #[test]
    fn what_happens_in_the_beginning_does_not_count() {
        let mut series = vec![5.0; 10];
        series.extend([100.0; 50]);
        assert!(TENTH.holds(&series));
        assert_eq!(ends(&series), Some((100.0, 100.0)));
    }

    #[test]
    fn a_single_outlier_is_no_slope_and_less_is_fine() {
        let mut series = vec![100.0; 60];
        series[58] = 900.0;
        assert!(TENTH.holds(&series));
        let shrinking: Vec<f64> = (0..60).map(|n| 100.0 - f64::from(n)).collect();
        assert!(TENTH.holds(&shrinking));
        assert!(!TENTH.holds(&[100.0, 100.0]));
    }

    #[test]
    fn what_is_cleared_away_may_gather_again() {
        let saw: Vec<f64> = (0..120).map(|n| f64::from(n % 60)).collect();
        assert_eq!(Expected::Cleared.holds(&saw, 10), Some(true));
        let grows: Vec<f64> = (0..120).map(f64::from).collect();
        assert_eq!(Expected::Cleared.holds(&grows, 10), Some(false));
        assert_eq!(Expected::Cleared.holds(&grows, 1), None);
        assert_eq!(Expected::Any.holds(&grows, 10), None);
        assert_eq!(Expected::flat(1.0, 0.0).holds(&[0.0; 120], 10), Some(true));
    }
}
