//! What the traces that match have in common, with counts: each value is a link that asks for it.

use std::collections::BTreeMap;

use api::traces::{TraceSummary, Work};
use leptos::prelude::*;

use super::{
    super::{
        layout::operation,
        query::{Bound, Condition, Name, Side, Status},
    },
    asked::Asked,
};
use crate::{format, untrusted::visible};

/// Values of one facet that are listed.
const MOST: usize = 8;

const SECOND: u64 = 1_000_000_000;

/// Where durations are cut, in nanoseconds.
const CUTS: [u64; 4] = [SECOND, 5 * SECOND, 15 * SECOND, 60 * SECOND];

/// One of the lists.
struct Facet {
    title: &'static str,
    /// What asks for a value, its words and how many traces have it; the most frequent first.
    values: Vec<Value>,
    /// Values that are not listed.
    n_more: usize,
}

struct Value {
    conditions: Vec<Condition>,
    word: String,
    n: u64,
}

/// The column of facets.
pub(super) fn facets(traces: &[TraceSummary], asked: &Asked) -> AnyView {
    let n_unknown = traces.iter().filter(|trace| trace.work.is_none()).count();
    let unknown = (n_unknown > 0).then(|| {
        let n = format::counted(n_unknown as u64, "run", "runs");
        view! {
            <p class="facets-note">
                "Of " {n}
                " the backend's list does not say what agents did; they are not counted by agent, model, tool and session."
            </p>
        }
    });
    let drawn = all(traces)
        .into_iter()
        .filter(|facet| !facet.values.is_empty())
        .map(|facet| draw(facet, asked));
    view! {
        <aside class="facets" aria-label="Narrow the list">
            {drawn.collect_view()} {unknown}
        </aside>
    }
    .into_any()
}

fn all(traces: &[TraceSummary]) -> Vec<Facet> {
    let of_work = |title, name, of: fn(&Work) -> Vec<String>| {
        let values = traces.iter().filter_map(|trace| trace.work.as_ref());
        named(title, name, values.flat_map(of))
    };
    let operations = traces
        .iter()
        .map(|trace| operation(&trace.root_name).to_owned());
    vec![
        of_work("Agent", Name::Agent, |work| {
            work.agents.iter().cloned().collect()
        }),
        statuses(traces),
        of_work("Model", Name::Model, |work| {
            work.models.iter().cloned().collect()
        }),
        of_work("Tool", Name::Tool, |work| {
            work.tools.iter().cloned().collect()
        }),
        durations(traces),
        named("Root operation", Name::Operation, operations),
        of_work("Session", Name::Session, |work| {
            work.sessions.iter().cloned().collect()
        }),
    ]
}

fn named(title: &'static str, name: Name, values: impl Iterator<Item = String>) -> Facet {
    let mut counts = BTreeMap::<String, u64>::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    // Of values that are equally frequent, by name.
    counts.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let n_more = counts.len().saturating_sub(MOST);
    counts.truncate(MOST);
    let value = |(value, n): (String, u64)| Value {
        word: visible(&value).into_owned(),
        conditions: vec![Condition::Name(name, value)],
        n,
    };
    Facet {
        title,
        values: counts.into_iter().map(value).collect(),
        n_more,
    }
}

fn statuses(traces: &[TraceSummary]) -> Facet {
    let count = |status| {
        let is_so = |trace: &&TraceSummary| match status {
            Status::Ok => trace.n_errors == 0,
            Status::Error => trace.n_errors > 0,
            Status::Incomplete => trace.n_orphans > 0,
        };
        traces.iter().filter(is_so).count() as u64
    };
    let values = Status::ALL.map(|status| Value {
        conditions: vec![Condition::Status(status)],
        word: status.as_str().to_owned(),
        n: count(status),
    });
    Facet {
        title: "Status",
        values: values.into_iter().filter(|value| value.n > 0).collect(),
        n_more: 0,
    }
}

fn durations(traces: &[TraceSummary]) -> Facet {
    let lows = std::iter::once(None).chain(CUTS.map(Some));
    let highs = CUTS.map(Some).into_iter().chain([None]);
    let value = |(low, high): (Option<u64>, Option<u64>)| {
        let bound = |side, value: Option<u64>| {
            Some(Bound {
                side,
                value: value?,
            })
        };
        let bounds = [bound(Side::AtLeast, low), bound(Side::Below, high)];
        let bounds: Vec<_> = bounds.into_iter().flatten().collect();
        let n = traces.iter().filter(|trace| {
            let duration = trace.duration_ns();
            bounds.iter().all(|bound| bound.holds(duration))
        });
        let seconds = |ns: u64| format!("{} s", ns / SECOND);
        Value {
            n: n.count() as u64,
            word: match (low, high) {
                (Some(low), Some(high)) => format!("{} to {}", seconds(low), seconds(high)),
                (None, Some(high)) => format!("below {}", seconds(high)),
                (Some(low), None) => format!("{} and more", seconds(low)),
                (None, None) => "any".to_owned(),
            },
            conditions: bounds.into_iter().map(Condition::Duration).collect(),
        }
    };
    Facet {
        title: "Duration",
        values: lows
            .zip(highs)
            .map(value)
            .filter(|value| value.n > 0)
            .collect(),
        n_more: 0,
    }
}

fn draw(facet: Facet, asked: &Asked) -> AnyView {
    let query = asked.understood();
    let line = |value: Value| {
        let Value {
            conditions,
            word,
            n,
        } = value;
        let is_asked = conditions.iter().all(|condition| query.has(condition));
        let href = asked.with_query(&query.toggled(&conditions)).href();
        view! {
            <li>
                <a href=href aria-current=is_asked.then_some("true")>
                    <span class="facets-value">{word}</span>
                    <span class="facets-count">{format::count(n)}</span>
                </a>
            </li>
        }
    };
    let more = (facet.n_more > 0).then(|| {
        view! { <p class="facets-note">{facet.n_more} " more"</p> }
    });
    let lines = facet.values.into_iter().map(line).collect_view();
    view! {
        <section class="facet">
            <h2>{facet.title}</h2>
            <ul>{lines}</ul>
            {more}
        </section>
    }
    .into_any()
}
