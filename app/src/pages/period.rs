//! The time a page is about: a range up to now, or from one moment to another, as links from charts say.

use api::telemetry::Window;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use leptos::prelude::*;

use super::{
    params::now_ns,
    range::{RANGES, Range},
};
use crate::{components::button::SubmitButton, url};

/// The time a page is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Period {
    /// Up to now.
    Last(Range),
    /// From a moment up to another, in nanoseconds since the epoch.
    Between(Window),
}

impl Period {
    /// What the names and values of a query ask for: `from` and `to` if they are two moments, else `range`.
    pub(crate) fn of_pairs(pairs: &[(String, String)], usual: &str) -> Self {
        let value = |name: &str| {
            let mut of_name = pairs.iter().filter(|(key, _)| key == name);
            let value = of_name.next().map(|(_, value)| value.as_str());
            value.filter(|value| !value.is_empty())
        };
        Self::of(value("from"), value("to"), usual)
            .unwrap_or_else(|| Self::Last(Range::called(value("range").unwrap_or_default(), usual)))
    }

    fn of(from: Option<&str>, to: Option<&str>, usual: &str) -> Option<Self> {
        let from_ns = moment(from?)?;
        let to_ns = match to {
            Some(to) => moment(to)?,
            // From a moment on: as long as usual.
            None => from_ns.saturating_add(Range::called(usual, usual).length_ns()?),
        };
        (from_ns < to_ns).then_some(Self::Between(Window { from_ns, to_ns }))
    }

    /// From its beginning to its end; what happens in this very moment is part of what goes up to now.
    pub(crate) fn window(self) -> Window {
        self.window_at(now_ns())
    }

    /// The same when now is another moment.
    pub(crate) fn window_at(self, now_ns: u64) -> Window {
        match self {
            Self::Last(range) => range.window_at(now_ns),
            Self::Between(window) => window,
        }
    }

    /// Whether it can be cut into pieces that say something.
    pub(crate) fn has_beginning(self) -> bool {
        match self {
            Self::Last(range) => range.has_beginning(),
            Self::Between(_) => true,
        }
    }

    /// `the last hour`, or both moments.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Last(range) => range.words.to_owned(),
            Self::Between(Window { from_ns, to_ns }) => {
                let (from, to) = (moment_in_words(from_ns), moment_in_words(to_ns));
                // The day is said once.
                let is_one_day = from[..10] == to[..10];
                let to = if is_one_day { &to[11..] } else { &to[..] };
                format!("{from} to {to} UTC")
            }
        }
    }

    /// Its names and values in an address.
    pub(crate) fn pairs(self) -> [(&'static str, String); 3] {
        let (range, from, to) = match self {
            Self::Last(range) => (range.key.to_owned(), String::new(), String::new()),
            Self::Between(Window { from_ns, to_ns }) => {
                (String::new(), written(from_ns), written(to_ns))
            }
        };
        [("range", range), ("from", from), ("to", to)]
    }
}

/// A moment as addresses have it.
pub(crate) fn written(ns: u64) -> String {
    timestamp(ns).to_string()
}

/// A moment as people read it, in UTC.
pub(crate) fn moment_in_words(ns: u64) -> String {
    timestamp(ns).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn timestamp(ns: u64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(ns)).unwrap_or_default()
}

/// RFC 3339, or what a field for a date and a time sends, which is meant in UTC.
fn moment(text: &str) -> Option<u64> {
    let timestamp = text.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        TimeZone::UTC.to_timestamp(civil).ok()
    })?;
    u64::try_from(timestamp.as_nanosecond()).ok()
}

/// Links to the ranges, and two fields for a time of one's own. It stands in the page's form and leads
/// to the same address with the rest of its query.
pub(crate) fn period_picker(period: Period, path: &str, rest: &[(&str, &str)]) -> AnyView {
    let links = RANGES.map(|range| {
        let pairs = [rest, &[("range", range.key)]].concat();
        let is_chosen = period == Period::Last(range);
        view! {
            <li>
                <a
                    href=url::with_query(path, &pairs)
                    aria-current=is_chosen.then_some("true")
                    aria-label=range.words
                >
                    {range.key}
                </a>
            </li>
        }
    });
    let hidden = match period {
        Period::Last(range) => Some(view! { <input type="hidden" name="range" value=range.key /> }),
        Period::Between(_) => None,
    };
    let (from, to) = match period {
        Period::Last(_) => (String::new(), String::new()),
        Period::Between(Window { from_ns, to_ns }) => {
            let field = |ns| timestamp(ns).strftime("%Y-%m-%dT%H:%M:%S").to_string();
            (field(from_ns), field(to_ns))
        }
    };
    let is_own = matches!(period, Period::Between(_));
    view! {
        <div class="period">
            {hidden}
            <ul class="period-ranges" aria-label="Time">
                {links.collect_view()}
            </ul>
            <details class="period-own" open=is_own>
                <summary>"From … to …"</summary>
                <label>
                    <span>"From (UTC)"</span>
                    <input type="datetime-local" step="1" name="from" value=from />
                </label>
                <label>
                    <span>"To (UTC)"</span>
                    <input type="datetime-local" step="1" name="to" value=to />
                </label>
                <SubmitButton>"Set"</SubmitButton>
            </details>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(from: &str, to: &str) -> Option<Period> {
        let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
        Period::of(some(from), some(to), "1h")
    }

    #[test]
    fn moments_are_read_as_links_and_as_fields_have_them() {
        let link = between("2026-01-02T10:00:00Z", "2026-01-02T10:05:00Z").unwrap();
        assert_eq!(between("2026-01-02T10:00", "2026-01-02T10:05"), Some(link));
        assert_eq!(link.words(), "2026-01-02 10:00:00 to 10:05:00 UTC");
        assert_eq!(link.window_at(0).length_ns(), 300_000_000_000);
        let [range, from, to] = link.pairs().map(|(_, value)| value);
        assert_eq!((range.as_str(), between(&from, &to)), ("", Some(link)));
    }

    #[test]
    fn what_is_no_period_is_none() {
        assert_eq!(between("yesterday", "2026-01-02T10:05"), None);
        assert_eq!(between("2026-01-02T10:05", "2026-01-02T10:05"), None);
        assert_eq!(between("", "2026-01-02T10:05"), None);
        let hour = between("2026-01-02T10:05", "").unwrap();
        assert_eq!(hour.window_at(0).length_ns(), 3_600_000_000_000);
    }
}
