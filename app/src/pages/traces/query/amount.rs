//! Amounts in a query: `>5s`, `>=5000`, `<0.05`. They are whole numbers, so nothing is lost when they
//! are printed.

use std::fmt;

use api::money::Usd;

/// A limit and the side of it that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bound<T> {
    pub(crate) side: Side,
    pub(crate) value: T,
}

/// Where an amount has to lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Side {
    /// The longer ones first, as they are looked for at the beginning of a text.
    const ALL: [(&str, Self); 4] = [
        (">=", Self::AtLeast),
        ("<=", Self::AtMost),
        (">", Self::Above),
        ("<", Self::Below),
    ];
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Self::ALL.iter().find(|(_, side)| side == self);
        f.write_str(known.map_or("", |(word, _)| word))
    }
}

impl<T: Copy + Ord> Bound<T> {
    /// Whether the amount lies there.
    pub(crate) fn holds(self, amount: T) -> bool {
        match self.side {
            Side::Above => amount > self.value,
            Side::AtLeast => amount >= self.value,
            Side::Below => amount < self.value,
            Side::AtMost => amount <= self.value,
        }
    }
}

impl Bound<u64> {
    /// The smallest amount that lies there, when there is one above nothing.
    pub(crate) fn least(self) -> Option<u64> {
        match self.side {
            Side::Above => Some(self.value.saturating_add(1)),
            Side::AtLeast => Some(self.value),
            Side::Below | Side::AtMost => None,
        }
    }
}

/// Splits the side off the front; `None` without one.
pub(super) fn side(text: &str) -> Option<(Side, &str)> {
    let mut known = Side::ALL.iter();
    known.find_map(|(word, side)| Some((*side, text.strip_prefix(word)?)))
}

/// Units of time in nanoseconds, the largest first.
const UNITS: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Reads `5s`, `1.5s` or `250ms`, in nanoseconds.
pub(super) fn parse_duration(text: &str) -> Option<u64> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit_at);
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
    parse_decimal(number, *factor)
}

/// Reads dollars, with or without their sign.
pub(super) fn parse_dollars(text: &str) -> Option<Usd> {
    let number = text.strip_prefix('$').unwrap_or(text);
    parse_decimal(number, 1_000_000_000).map(Usd::from_billionths)
}

/// A number with at most nine digits behind its point, times `factor`; what is left over is cut off.
fn parse_decimal(text: &str, factor: u64) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() && part.is_empty() || !is_number(whole) || !is_number(part) {
        return None;
    }
    if part.len() > 9 {
        return None;
    }
    let whole: u128 = match whole {
        "" => 0,
        whole => whole.parse().ok()?,
    };
    let parts: u128 = format!("{part:0<9}").parse().ok()?;
    let billionths = whole.checked_mul(1_000_000_000)?.checked_add(parts)?;
    let amount = billionths.checked_mul(u128::from(factor))? / 1_000_000_000;
    u64::try_from(amount).ok()
}

/// Written in the largest unit that leaves no rest.
pub(super) fn duration(ns: u64) -> String {
    let fits = |(_, factor): &&(&str, u64)| ns.is_multiple_of(*factor);
    let (unit, factor) = UNITS.iter().find(fits).copied().unwrap_or(("ns", 1));
    match ns {
        0 => "0s".to_owned(),
        ns => format!("{}{unit}", ns / factor),
    }
}

/// Written without zeros at the end.
pub(super) fn dollars(amount: Usd) -> String {
    let billionths = amount.billionths();
    let (whole, part) = (billionths / 1_000_000_000, billionths % 1_000_000_000);
    match part {
        0 => whole.to_string(),
        part => format!("{whole}.{}", format!("{part:09}").trim_end_matches('0')),
    }
}
