//! The range of time that a page is about, as its form offers it: always up to now.

use api::telemetry::Window;

use super::params::{now_ns, query_param};

const SECOND_NS: u64 = 1_000_000_000;

/// A range of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    /// What it is called in addresses.
    pub(crate) key: &'static str,
    /// What it is called, such as `the last hour`.
    pub(crate) words: &'static str,
    seconds: Option<u64>,
}

/// What a day is chosen from.
pub(crate) const RANGES: [Range; 5] = [
    Range::last("15m", "the last 15 minutes", 15 * 60),
    Range::last("1h", "the last hour", 60 * 60),
    Range::last("24h", "the last 24 hours", 24 * 60 * 60),
    Range::last("7d", "the last 7 days", 7 * 24 * 60 * 60),
    Range {
        key: "all",
        words: "all time",
        seconds: None,
    },
];

impl Range {
    const fn last(key: &'static str, words: &'static str, seconds: u64) -> Self {
        Self {
            key,
            words,
            seconds: Some(seconds),
        }
    }

    /// The range that is called so; else `usual`, which has to be one.
    pub(crate) fn called(key: &str, usual: &str) -> Self {
        let find = |key: &str| RANGES.into_iter().find(|range| range.key == key);
        find(key).or_else(|| find(usual)).unwrap_or(RANGES[2])
    }

    /// What the request asks for.
    pub(crate) fn requested(usual: &str) -> Self {
        Self::called(&query_param("range").unwrap_or_default(), usual)
    }

    /// When it begins, in nanoseconds since the epoch; `None` is the beginning of time.
    pub(crate) fn start_ns(self, now_ns: u64) -> Option<u64> {
        let seconds = self.seconds?;
        Some(now_ns.saturating_sub(seconds * SECOND_NS))
    }

    /// How long it is; none without a beginning.
    pub(crate) fn length_ns(self) -> Option<u64> {
        Some(self.seconds? * SECOND_NS)
    }

    /// From its beginning up to now, what happens in this very moment included.
    pub(crate) fn window(self) -> Window {
        self.window_at(now_ns())
    }

    /// The same when now is another moment.
    pub(crate) fn window_at(self, now_ns: u64) -> Window {
        Window {
            from_ns: self.start_ns(now_ns).unwrap_or(0),
            to_ns: now_ns + 1,
        }
    }

    /// Whether it has a beginning, so that it can be cut into pieces that say something.
    pub(crate) fn has_beginning(self) -> bool {
        self.seconds.is_some()
    }

    /// Value and word of each, for a form.
    pub(crate) fn options() -> Vec<(String, String)> {
        let option = |range: Range| (range.key.to_owned(), range.words.to_owned());
        RANGES.into_iter().map(option).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_nobody_knows_is_the_usual_one() {
        assert_eq!(Range::called("forever", "1h").key, "1h");
        assert_eq!(Range::called("7d", "1h").words, "the last 7 days");
    }

    #[test]
    fn all_time_has_no_beginning() {
        let now = 1_000_000 * SECOND_NS;
        let start = |key| Range::called(key, "1h").start_ns(now);
        assert_eq!(start("all"), None);
        assert_eq!(start("15m"), Some(now - 900 * SECOND_NS));
    }
}
