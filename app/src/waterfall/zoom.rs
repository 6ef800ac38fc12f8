//! Which part of a trace's time is looked at.

use std::fmt;

/// The narrowest part that can be looked at, as a fraction of the whole.
const NARROWEST: f64 = 1e-6;

/// A part of the trace, from 0 at its start to 1 at its end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zoom {
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
}

impl Default for Zoom {
    fn default() -> Self {
        Self { from: 0.0, to: 1.0 }
    }
}

impl Zoom {
    /// The part between two places, in whichever order they were marked.
    pub fn between(one: f64, other: f64) -> Self {
        let (from, to) = (
            one.min(other).clamp(0.0, 1.0),
            one.max(other).clamp(0.0, 1.0),
        );
        if to - from < NARROWEST {
            let from = from.min(1.0 - NARROWEST);
            return Self {
                from,
                to: from + NARROWEST,
            };
        }
        Self { from, to }
    }

    /// Whether all of the trace is looked at.
    pub fn is_whole(self) -> bool {
        self.from <= 0.0 && self.to >= 1.0
    }

    /// Narrower by `factor` below 1, wider above it, around the middle.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let middle = f64::midpoint(self.from, self.to);
        let half = (self.to - self.from) * factor / 2.0;
        let (from, to) = (middle - half, middle + half);
        // At an edge it moves instead of getting lopsided.
        let shift = (-from).max(0.0) - (to - 1.0).max(0.0);
        Self::between(from + shift, to + shift)
    }

    /// Where a place of the trace is in this part, 0 at its left and 1 at its right.
    pub fn across(self, place: f64) -> f64 {
        (place - self.from) / (self.to - self.from)
    }

    /// The place of the trace that is so far across this part.
    pub fn place(self, across: f64) -> f64 {
        self.from + across * (self.to - self.from)
    }

    /// Reads `4.7s-11s` of a trace of so many nanoseconds.
    pub fn parse(text: &str, length_ns: u64) -> Option<Self> {
        let seconds = |text: &str| text.strip_suffix('s')?.parse::<f64>().ok();
        let (from, to) = text.split_once('-')?;
        let (from, to) = (seconds(from)?, seconds(to)?);
        let length = seconds_of(length_ns);
        let is_part = from.is_finite() && to.is_finite() && from < to && length > 0.0;
        is_part.then(|| Self::between(from / length, to / length))
    }

    /// As it stands in an address; nothing for all of it.
    pub fn written(self, length_ns: u64) -> Option<String> {
        struct Seconds(f64);
        impl fmt::Display for Seconds {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let text = format!("{:.6}", self.0);
                f.write_str(text.trim_end_matches('0').trim_end_matches('.'))?;
                f.write_str("s")
            }
        }
        let length = seconds_of(length_ns);
        let (from, to) = (Seconds(self.from * length), Seconds(self.to * length));
        (!self.is_whole()).then(|| format!("{from}-{to}"))
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nobody looks at a part of a trace to the nanosecond after 104 days"
)]
fn seconds_of(ns: u64) -> f64 {
    ns as f64 / 1e9
}
