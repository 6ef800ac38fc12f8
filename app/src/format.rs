//! Numbers, durations and times as people read them.
//!
//! Everything is computed from whole numbers, so that the server and the browser print the same.

use api::money::Usd;

/// Nanoseconds in a millisecond.
const MILLISECOND: u64 = 1_000_000;
/// Nanoseconds in a second.
const SECOND: u64 = 1_000 * MILLISECOND;

/// A duration: `0.42 ms`, `617 ms`, `6.31 s`, `15.2 s`, `12 m 04 s`, `1 h 04 m`.
pub fn duration(ns: u64) -> String {
    let millis = round(ns, MILLISECOND);
    let seconds = round(ns, SECOND);
    if ns < MILLISECOND {
        let hundredths = (ns * 100 / MILLISECOND).max(u64::from(ns > 0));
        format!("0.{hundredths:02} ms")
    } else if millis < 1_000 {
        format!("{millis} ms")
    } else if round(ns, SECOND / 100) < 1_000 {
        let hundredths = round(ns, SECOND / 100);
        format!("{}.{:02} s", hundredths / 100, hundredths % 100)
    } else if round(ns, SECOND / 10) < 600 {
        let tenths = round(ns, SECOND / 10);
        format!("{}.{} s", tenths / 10, tenths % 10)
    } else if seconds < 3_600 {
        format!("{} m {:02} s", seconds / 60, seconds % 60)
    } else {
        let minutes = seconds / 60;
        format!("{} h {:02} m", minutes / 60, minutes % 60)
    }
}

/// Time since the start of a trace: `+4.712 s`.
pub fn offset(ns: u64) -> String {
    let ms = round(ns, MILLISECOND);
    format!("+{}.{:03} s", ms / 1_000, ms % 1_000)
}

/// A count, in groups of three: `8,412`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A count and its noun: `1 run`, `12 runs`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// Money: `$0.031`, `$1.25`, `<$0.001`; `$0` for nothing.
pub fn dollars(amount: Usd) -> String {
    let mills = amount.billionths().saturating_add(500_000) / 1_000_000;
    match (amount.billionths(), mills) {
        (0, _) => "$0".to_owned(),
        (1..1_000_000, _) => "<$0.001".to_owned(),
        (_, ..10_000) => format!("${}.{:03}", mills / 1_000, mills % 1_000),
        (_, _) => {
            let cents = amount.billionths().saturating_add(5_000_000) / 10_000_000;
            format!("${}.{:02}", count(cents / 100), cents % 100)
        }
    }
}

/// What calls of models cost. One without a known price is not free.
pub fn cost(amount: Usd, n_without_price: u64) -> String {
    match (amount, n_without_price) {
        (Usd::ZERO, 1..) => "no price set".to_owned(),
        (amount, 0) => dollars(amount),
        (amount, _) => format!("{} and {n_without_price} without a price", dollars(amount)),
    }
}

/// A size: `312 B`, `1.8 kB`, `2.4 MB`.
pub fn bytes(size: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = round(size, unit / 10);
        format!("{}.{}", tenths / 10, tenths % 10)
    };
    match size {
        0..1_000 => format!("{size} B"),
        1_000..999_950 => format!("{} kB", tenths(1_000)),
        _ => format!("{} MB", tenths(1_000_000)),
    }
}

/// A share of a whole: `0 %`, `1.2 %`, `41 %`; `None` without a whole.
pub fn share(part: u64, whole: u64) -> Option<String> {
    let permille = (part * 1_000 + whole / 2).checked_div(whole)?;
    Some(match permille {
        0 if part > 0 => "<0.1 %".to_owned(),
        0 => "0 %".to_owned(),
        1..100 => format!("{}.{} %", permille / 10, permille % 10),
        _ => format!("{} %", (permille + 5) / 10),
    })
}

/// How long ago: `now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 d ago`.
pub fn ago(seconds: i64) -> String {
    match seconds {
        ..1 => "now".to_owned(),
        1..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// A Kubernetes timestamp to the minute, `2026-01-02 10:42`, in UTC as it was given.
pub fn minute(timestamp: &str) -> String {
    match (timestamp.get(..10), timestamp.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time}"),
        _ => timestamp.to_owned(),
    }
}

fn round(ns: u64, unit: u64) -> u64 {
    ns.saturating_add(unit / 2) / unit
}

#[cfg(test)]
mod tests;
