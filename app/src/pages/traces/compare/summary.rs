//! The one sentence that says what differs.

use std::collections::BTreeMap;

use api::traces::StepKind;

use super::align::{Pair, Step};
use crate::{format, untrusted::visible};

/// Differences that are named.
const MOST: usize = 3;
/// A difference below this is none that anybody feels.
const LEAST_NS: u64 = 50_000_000;

/// How much the leaves of one agent, kind and name differ.
#[derive(Clone, Copy, Debug, Default)]
struct Difference {
    /// B minus A.
    by_ns: i64,
    n_more: i64,
}

/// `B is 5.02 s faster: web_search −5.01 s, one more model call +412 ms.`
pub(super) fn sentence(total_ns: (u64, u64), pairs: &[(usize, Pair<'_>)]) -> String {
    let by_ns = signed(total_ns.1) - signed(total_ns.0);
    let lead = if by_ns.unsigned_abs() < LEAST_NS {
        format!(
            "A and B take equally long, within {}",
            format::duration(by_ns.unsigned_abs().max(1_000_000))
        )
    } else {
        let word = if by_ns < 0 { "faster" } else { "slower" };
        format!("B is {} {word}", format::duration(by_ns.unsigned_abs()))
    };
    let mut differences: Vec<_> = differences(pairs).into_iter().collect();
    differences.retain(|(_, difference)| {
        difference.by_ns.unsigned_abs() >= LEAST_NS || difference.n_more != 0
    });
    // The largest first; of equal ones by name, as the map has them.
    differences.sort_by_key(|(_, difference)| std::cmp::Reverse(difference.by_ns.unsigned_abs()));
    let n_more = differences.len().saturating_sub(MOST);
    let mut parts: Vec<String> = differences.iter().take(MOST).map(part).collect();
    if n_more > 0 {
        parts.push(format!("{n_more} more differences"));
    }
    if parts.is_empty() {
        format!("{lead}; no step differs much.")
    } else {
        format!("{lead}: {}.", parts.join(", "))
    }
}

type Name = (&'static str, String);

fn differences(pairs: &[(usize, Pair<'_>)]) -> BTreeMap<Name, Difference> {
    let mut differences = BTreeMap::<Name, Difference>::new();
    for (_, pair) in pairs.iter().filter(|(_, pair)| pair.is_leaf()) {
        let difference = differences.entry(name(pair.step())).or_default();
        let ns = |step: Option<&Step>| step.map_or(0, |step| signed(step.duration_ns));
        difference.by_ns += ns(pair.b()) - ns(pair.a());
        difference.n_more += match pair {
            Pair::Both(..) => 0,
            Pair::OnlyA(_) => -1,
            Pair::OnlyB(_) => 1,
        };
    }
    differences
}

/// What a step is called in the sentence: models are not told apart, as they are not matched by name.
fn name(step: &Step) -> Name {
    match step.kind {
        Some(StepKind::Model) => ("model call", String::new()),
        Some(StepKind::Tool) => ("tool", step.title.clone()),
        Some(StepKind::Delegate) => ("delegation", step.title.clone()),
        Some(StepKind::Agent | StepKind::Http) | None => ("", step.title.clone()),
    }
}

fn part(((kind, title), difference): &(Name, Difference)) -> String {
    let title = visible(title);
    let time = delta(difference.by_ns);
    let named = match (*kind, title.as_ref()) {
        (kind, "") => format!("{kind}s"),
        (_, title) => title.to_owned(),
    };
    let counted = |n: i64, word: &str| {
        let what = if title.is_empty() {
            (*kind).to_owned()
        } else {
            format!("{kind} {title}")
        };
        match n.unsigned_abs() {
            1 => format!("one {word} {} {time}", what.trim()),
            n => format!("{n} {word} {} {time}", what.trim()),
        }
    };
    match difference.n_more {
        0 => format!("{named} {time}"),
        n if n > 0 => counted(n, "more"),
        n => counted(n, "fewer"),
    }
}

/// `−5.01 s`, `+412 ms`, `±0`.
pub(super) fn delta(ns: i64) -> String {
    match ns {
        0 => "±0".to_owned(),
        1.. => format!("+{}", format::duration(ns.unsigned_abs())),
        _ => format!("−{}", format::duration(ns.unsigned_abs())),
    }
}

/// Durations are far from the end of the type.
pub(super) fn signed(ns: u64) -> i64 {
    i64::try_from(ns).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn step(kind: StepKind, title: &str, duration_ns: u64) -> Step {
        Step {
            span: None,
            agent: "a".to_owned(),
            kind: Some(kind),
            title: title.to_owned(),
            duration_ns,
            usage: None,
            failed: false,
            below: Vec::new(),
        }
    }

    #[test]
    fn the_sentence_names_what_made_the_difference() {
        let slow = step(StepKind::Tool, "web_search", 6 * SECOND);
        let fast = step(StepKind::Tool, "web_search", SECOND);
        let model = step(StepKind::Model, "gpt", SECOND / 2);
        let pairs = [(0, Pair::Both(&slow, &fast)), (0, Pair::OnlyB(&model))];
        assert_eq!(
            sentence((10 * SECOND, 5 * SECOND + SECOND / 2), &pairs),
            "B is 4.50 s faster: web_search −5.00 s, one more model call +500 ms."
        );
        let swapped = [(0, Pair::Both(&fast, &slow)), (0, Pair::OnlyA(&model))];
        assert_eq!(
            sentence((5 * SECOND + SECOND / 2, 10 * SECOND), &swapped),
            "B is 4.50 s slower: web_search +5.00 s, one fewer model call −500 ms."
        );
    }

    #[test]
    fn equal_runs_are_called_equal() {
        let tool = step(StepKind::Tool, "add", SECOND);
        let pairs = [(0, Pair::Both(&tool, &tool))];
        let said = sentence((SECOND, SECOND), &pairs);
        assert_eq!(
            said,
            "A and B take equally long, within 1 ms; no step differs much."
        );
        assert_eq!(delta(0), "±0");
    }
}
