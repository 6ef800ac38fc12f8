//! Durations as Go writes them: `1.5s`, `300ms`, `1h2m3s`.

use std::time::Duration;

/// Reads a duration. Negative ones, which Go also has, make no sense here.
pub(super) fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    if text.is_empty() {
        return None;
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(digits);
        let letters = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        total = total.checked_add(times(number, unit_ns(unit)?)?)?;
        rest = after;
    }
    Some(total)
}

fn unit_ns(unit: &str) -> Option<u64> {
    match unit {
        "ns" => Some(1),
        "us" | "µs" | "μs" => Some(1_000),
        "ms" => Some(1_000_000),
        "s" => Some(1_000_000_000),
        "m" => Some(60 * 1_000_000_000),
        "h" => Some(3_600 * 1_000_000_000),
        _ => None,
    }
}

/// `number` of `unit_ns`, cut to whole nanoseconds.
fn times(number: &str, unit_ns: u64) -> Option<Duration> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
        return None;
    }
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let mut ns = whole.checked_mul(unit_ns)?;
    let mut place_ns = unit_ns;
    for digit in fraction.bytes() {
        // Digits below a nanosecond add nothing.
        let tenth = place_ns / 10;
        ns = ns.checked_add(place_ns * u64::from(digit - b'0') / 10)?;
        place_ns = tenth;
    }
    Some(Duration::from_nanos(ns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let check = |text, expected| assert_eq!(parse(text), expected, "{text}");
        check("1.5s", Some(Duration::from_millis(1_500)));
        check("300ms", Some(Duration::from_millis(300)));
        check("1h2m3s", Some(Duration::from_secs(3_723)));
        check("100µs", Some(Duration::from_micros(100)));
        check("100us", Some(Duration::from_micros(100)));
        check(".25s", Some(Duration::from_millis(250)));
        check("1.s", Some(Duration::from_secs(1)));
        check("0", Some(Duration::ZERO));
        check("0s", Some(Duration::ZERO));
        check("1.123456789s", Some(Duration::from_nanos(1_123_456_789)));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            "1",
            "s",
            ".s",
            "1.2.3s",
            "-1s",
            "1 s",
            "1d",
            "99999999999h",
            "1s2",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
