//! Values as people read them.

use crate::format;

/// What a panel's values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// A number of something.
    Number,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// A share, from 0 to 1.
    Share,
}

impl Unit {
    /// Writes a value of it.
    pub(super) fn show(self) -> fn(f64) -> String {
        match self {
            Self::Number => number,
            Self::Milliseconds => |value| format::duration(nanoseconds(value / 1e3)),
            Self::Seconds => |value| format::duration(nanoseconds(value)),
            Self::Share => |value| format!("{:.1} %", value * 100.0),
        }
    }
}

fn number(value: f64) -> String {
    match value {
        value if value >= 1_000.0 => format::count(whole(value)),
        value if value >= 10.0 || value == 0.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

fn nanoseconds(seconds: f64) -> u64 {
    whole(seconds * 1e9)
}

/// The nearest whole number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "measurements are not negative, and a cast keeps to the bounds"
)]
pub(super) fn whole(value: f64) -> u64 {
    value.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_as_long_as_they_are_exact() {
        let check = |unit: Unit, value, expected: &str| assert_eq!(unit.show()(value), expected);
        check(Unit::Number, 0.0, "0.0");
        check(Unit::Number, 0.254, "0.25");
        check(Unit::Number, 30.04, "30.0");
        check(Unit::Number, 12_345.6, "12,346");
        check(Unit::Milliseconds, 617.0, "617 ms");
        check(Unit::Seconds, 6.31, "6.31 s");
        check(Unit::Share, 0.0523, "5.2 %");
    }
}
