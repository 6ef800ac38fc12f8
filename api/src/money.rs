//! Amounts of money, as answers of models cost.

use std::{fmt, ops::Add};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Billionths in a dollar.
const PARTS: f64 = 1e9;

/// An amount of US dollars; a number of dollars on the wire.
///
/// It is kept in billionths: a token costs a few of them, and sums stay exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(u64);

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The amount, to the billionth; what is below zero or no number is nothing.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "such a cast ends at the bounds of the type, as it is meant to"
    )]
    pub fn from_dollars(dollars: f64) -> Self {
        Self((dollars * PARTS).round() as u64)
    }

    /// The amount from billionths of a dollar.
    pub const fn from_billionths(billionths: u64) -> Self {
        Self(billionths)
    }

    /// The amount in billionths of a dollar.
    pub const fn billionths(self) -> u64 {
        self.0
    }

    /// The amount in dollars.
    #[expect(
        clippy::cast_precision_loss,
        reason = "below nine million dollars nothing is lost"
    )]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / PARTS
    }
}

impl Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}", self.dollars())
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.dollars())
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self::from_dollars)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenths_add_up_exactly() {
        let tenth = Usd::from_dollars(0.1);
        let sum = (0..10).fold(Usd::ZERO, |sum, _| sum + tenth);
        assert_eq!(sum, Usd::from_dollars(1.0));
        assert_eq!((tenth + tenth + tenth).dollars().to_string(), "0.3");
    }

    #[test]
    fn it_is_a_number_of_dollars_on_the_wire() {
        let cost: Usd = serde_json::from_str("0.00042").unwrap();
        assert_eq!(serde_json::to_string(&cost).unwrap(), "0.00042");
        assert_eq!(serde_json::from_str::<Usd>("2").unwrap().to_string(), "$2");
    }

    #[test]
    fn what_is_no_amount_is_nothing() {
        for wrong in [-1.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(Usd::from_dollars(wrong), Usd::ZERO);
        }
        let most = Usd::from_dollars(f64::INFINITY);
        assert_eq!(most + most, most);
    }
}
