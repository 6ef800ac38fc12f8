//! How long to wait before a model is asked once more.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use http::HeaderValue;
use jiff::{Timestamp, fmt::rfc2822};

/// The longest rest a server is granted; whoever asks for more is not asked again.
const MAX_REST: Duration = Duration::from_secs(30);

/// When and how often a question is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retries {
    /// Attempts after the first.
    pub(crate) max: usize,
    /// Before the second attempt, at least; each later wait doubles.
    pub(crate) min_wait: Duration,
    /// No wait is longer, but for what chance adds to it.
    pub(crate) max_wait: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            max: 2,
            min_wait: Duration::from_millis(200),
            max_wait: Duration::from_secs(5),
        }
    }
}

/// The waits of one question. Chance makes each up to twice as long, so that many who failed
/// together do not come back together.
pub(super) struct Waits(ExponentialBackoff);

impl Waits {
    /// The waits that `seed` stands for.
    pub(super) fn new(retries: &Retries, seed: u64) -> Self {
        let waits = ExponentialBuilder::new()
            .with_min_delay(retries.min_wait)
            .with_max_delay(retries.max_wait)
            .with_max_times(retries.max)
            .with_jitter()
            .with_jitter_seed(seed);
        Self(waits.build())
    }

    /// How long to wait now, or `None` when the question is given up. `rest` is what the server
    /// asked for.
    pub(super) fn next(&mut self, rest: Option<Duration>) -> Option<Duration> {
        let wait = self.0.next()?;
        match rest {
            Some(rest) if rest > MAX_REST => None,
            Some(rest) => Some(wait.max(rest)),
            None => Some(wait),
        }
    }
}

/// The rest a server asks for in its `Retry-After`, in seconds or as a date.
pub(super) fn rest(retry_after: &HeaderValue, now: Timestamp) -> Option<Duration> {
    let text = retry_after.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = rfc2822::parse(text).ok()?.timestamp();
    // A date that has passed asks for no rest.
    Some(Duration::try_from(then.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Option<Duration> {
        let now = "2026-11-23T10:00:00Z".parse().unwrap();
        rest(&text.parse().unwrap(), now)
    }

    #[test]
    fn a_rest_is_asked_for_in_seconds_or_until_a_date() {
        assert_eq!(asked("7"), Some(Duration::from_secs(7)));
        let date = asked("Mon, 23 Nov 2026 10:00:20 GMT");
        assert_eq!(date, Some(Duration::from_secs(20)));
        let passed = asked("Mon, 23 Nov 2026 09:00:00 GMT");
        assert_eq!(passed, Some(Duration::ZERO));
        assert_eq!(asked("soon"), None);
    }

    #[test]
    fn waits_grow_and_differ_by_chance_alone() {
        let retries = Retries {
            max: 4,
            min_wait: Duration::from_secs(1),
            max_wait: Duration::from_secs(4),
        };
        let waits = |seed| {
            let mut waits = Waits::new(&retries, seed);
            std::iter::from_fn(move || waits.next(None)).collect::<Vec<_>>()
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
        let least = [1, 2, 4, 4].map(Duration::from_secs);
        assert_eq!(waits(1).len(), least.len());
        for (wait, least) in waits(1).into_iter().zip(least) {
            assert!(wait >= least && wait < least * 2, "{wait:?}");
        }
    }

    #[test]
    fn a_server_that_wants_a_long_rest_is_not_asked_again() {
        let mut waits = Waits::new(&Retries::default(), 1);
        let rest = Duration::from_secs(20);
        assert_eq!(waits.next(Some(rest)), Some(rest));
        assert_eq!(waits.next(Some(MAX_REST + rest)), None);
    }
}
