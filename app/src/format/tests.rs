//! Numbers, durations and times read as `ui.md` has them.

use super::*;

const MS: u64 = 1_000_000;

#[test]
fn a_duration_has_three_figures_and_the_unit_that_suits_it() {
    let cases = [
        (0, "0.00 ms"),
        (999, "0.01 ms"),
        (420_000, "0.42 ms"),
        (MS, "1 ms"),
        (617 * MS, "617 ms"),
        (999 * MS + 600_000, "1.00 s"),
        (6_310 * MS, "6.31 s"),
        (9_996 * MS, "10.0 s"),
        (15_234 * MS, "15.2 s"),
        (59_990 * MS, "1 m 00 s"),
        (724_000 * MS, "12 m 04 s"),
        (3_840_000 * MS, "1 h 04 m"),
    ];
    for (ns, text) in cases {
        assert_eq!(duration(ns), text, "{ns} ns");
    }
}

#[test]
fn an_offset_is_in_seconds_to_the_millisecond() {
    assert_eq!(offset(4_712 * MS), "+4.712 s");
    assert_eq!(offset(0), "+0.000 s");
}

#[test]
fn counts_are_grouped_by_three() {
    let counts = [0, 12, 999, 1_000, 8_412, 1_234_567].map(count);
    assert_eq!(counts, ["0", "12", "999", "1,000", "8,412", "1,234,567"]);
    assert_eq!(counted(1, "run", "runs"), "1 run");
    assert_eq!(counted(0, "run", "runs"), "0 runs");
}

#[test]
fn sizes_have_one_decimal_from_a_kilobyte_on() {
    let sizes = [312, 1_800, 999_949, 999_951, 2_400_000].map(bytes);
    assert_eq!(sizes, ["312 B", "1.8 kB", "999.9 kB", "1.0 MB", "2.4 MB"]);
}

#[test]
fn a_share_of_nothing_is_not_a_number() {
    assert_eq!(share(0, 0), None);
    assert_eq!(share(0, 10).as_deref(), Some("0 %"));
    assert_eq!(share(1, 100_000).as_deref(), Some("<0.1 %"));
    assert_eq!(share(12, 1_000).as_deref(), Some("1.2 %"));
    assert_eq!(share(41, 100).as_deref(), Some("41 %"));
}

#[test]
fn the_past_is_told_in_its_largest_unit() {
    let texts = [-5, 0, 12, 300, 10_800, 180_000].map(ago);
    let expected = ["now", "now", "12 s ago", "5 min ago", "3 h ago", "2 d ago"];
    assert_eq!(texts, expected);
}

#[test]
fn a_timestamp_is_cut_to_the_minute_and_an_odd_one_is_kept() {
    assert_eq!(minute("2026-01-02T10:42:07Z"), "2026-01-02 10:42");
    assert_eq!(minute("soon"), "soon");
}
