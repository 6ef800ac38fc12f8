//! By how much counters and histograms grow from point to point.

use super::spread::Spread;

/// A series that begins with a point about something that began not longer before has counted from zero
/// while we watched; of an older one it is not known when it grew.
const FRESH_NS: u64 = 300 * 1_000_000_000;

/// A measurement. Times are nanoseconds since the epoch.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Point {
    /// Since when it counts; 0 when not said.
    pub(super) start_ns: u64,
    pub(super) time_ns: u64,
    pub(super) value: Value,
}

/// What was measured, or by how much it grew.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Of a gauge or a sum.
    Number(f64),
    /// Of a histogram.
    Histogram { n: u64, sum: f64, spread: Spread },
}

impl Value {
    /// The number; of a histogram how often was measured.
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts above 2^53 are shown rounded anyway"
    )]
    pub(super) fn count(&self) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Histogram { n, .. } => *n as f64,
        }
    }

    fn since(&self, earlier: &Self) -> Self {
        match (self, earlier) {
            (Self::Number(now), Self::Number(before)) => Self::Number(now - before),
            (
                Self::Histogram { n, sum, spread },
                Self::Histogram {
                    n: n_before,
                    sum: sum_before,
                    spread: spread_before,
                },
            ) => Self::Histogram {
                n: n.saturating_sub(*n_before),
                sum: sum - sum_before,
                spread: spread.since(spread_before),
            },
            // One name for two things.
            (now, _) => now.clone(),
        }
    }
}

impl Point {
    /// Whether it counts on from an earlier one, instead of from zero.
    pub(super) fn counts_on(&self, earlier: &Self) -> bool {
        if self.start_ns == 0 || earlier.start_ns == 0 {
            return self.value.count() >= earlier.value.count();
        }
        self.start_ns == earlier.start_ns
    }

    /// By how much it grew since the point before it; none when that is not known.
    pub(super) fn growth(&self, before: Option<&Self>) -> Option<Value> {
        match before {
            Some(before) if self.counts_on(before) => Some(self.value.since(&before.value)),
            Some(_) => Some(self.value.clone()),
            None => {
                let is_fresh =
                    self.start_ns > 0 && self.time_ns.saturating_sub(self.start_ns) <= FRESH_NS;
                is_fresh.then(|| self.value.clone())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(start_ns: u64, time_ns: u64, value: f64) -> Point {
        Point {
            start_ns,
            time_ns,
            value: Value::Number(value),
        }
    }

    fn check(before: Option<Point>, now: Point, expected: Option<f64>) {
        let growth = now.growth(before.as_ref());
        assert_eq!(growth.map(|growth| growth.count()), expected, "{now:?}");
    }

    #[test]
    fn a_counter_grows_by_the_difference_and_begins_again_with_its_program() {
        check(Some(point(1, 5, 10.0)), point(1, 9, 12.0), Some(2.0));
        check(Some(point(1, 5, 10.0)), point(6, 9, 12.0), Some(12.0));
        // Without a beginning a smaller number says so.
        check(Some(point(0, 5, 10.0)), point(0, 9, 12.0), Some(2.0));
        check(Some(point(0, 5, 10.0)), point(0, 9, 3.0), Some(3.0));
        // What goes up and down may do so.
        check(Some(point(1, 5, 10.0)), point(1, 9, 7.0), Some(-3.0));
    }

    #[test]
    fn the_first_point_counts_when_its_program_has_just_begun() {
        check(None, point(5, 9, 12.0), Some(12.0));
        check(None, point(5, 6 + FRESH_NS, 12.0), None);
        check(None, point(0, 9, 12.0), None);
    }
}
