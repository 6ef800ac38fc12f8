//! The trace as a table: what each kind of step, agent and tool cost together.

use std::collections::BTreeMap;

use api::{
    attributes::key,
    traces::{Span, StepKind, Trace, kind},
};
use leptos::prelude::*;
use serde_json::Value;

use super::layout::{self, Layout};
use crate::{components::kind_tile::KindTile, format, untrusted::visible};

/// Steps that are the same but for when they happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Group {
    count: usize,
    total_ns: u64,
    self_ns: u64,
    on_path_ns: u64,
    durations_ns: Vec<u64>,
    errors: usize,
    tokens: Option<u64>,
}

impl Group {
    fn add(&mut self, span: &Span, self_ns: u64, on_path_ns: u64) {
        self.count += 1;
        self.total_ns += span.duration_ns();
        self.self_ns += self_ns;
        self.on_path_ns += on_path_ns;
        self.durations_ns.push(span.duration_ns());
        self.errors += usize::from(span.status.is_error());
        let number = |key| span.attribute(key).and_then(Value::as_u64);
        let tokens = number(key::INPUT_TOKENS)
            .into_iter()
            .chain(number(key::OUTPUT_TOKENS));
        let tokens = tokens.reduce(|sum, more| sum + more);
        if let Some(tokens) = tokens {
            self.tokens = Some(self.tokens.unwrap_or(0) + tokens);
        }
    }

    /// The shortest duration that 95 of 100 do not exceed.
    fn p95_ns(&self) -> u64 {
        let mut sorted = self.durations_ns.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * 95).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or(0)
    }
}

type Key = (StepKind, String, String);

/// Groups by kind, agent and what was called; what took most of the critical path comes first.
fn groups(trace: &Trace, layout: &Layout) -> Vec<(Key, Group)> {
    let places = layout::self_times(&trace.spans);
    let mut groups: BTreeMap<(u8, String, String), (StepKind, Group)> = BTreeMap::new();
    for row in &layout.rows {
        let Some(index) = row.span else {
            continue;
        };
        let span = &trace.spans[index];
        let step = span.step_kind();
        let what = match step {
            StepKind::Agent => "agent".to_owned(),
            StepKind::Model | StepKind::Tool | StepKind::Delegate | StepKind::Http => {
                kind::title(span)
            }
        };
        let key = (step as u8, span.service.clone(), what);
        let (_, group) = groups
            .entry(key)
            .or_insert_with(|| (step, Group::default()));
        group.add(span, places[index], row.on_path_ns);
    }
    let mut groups: Vec<_> = groups
        .into_iter()
        .map(|((_, service, what), (step, group))| ((step, service, what), group))
        .collect();
    groups.sort_by_key(|(_, group)| std::cmp::Reverse((group.on_path_ns, group.total_ns)));
    groups
}

pub(super) fn view(trace: &Trace, layout: &Layout) -> AnyView {
    let lines = groups(trace, layout).into_iter().map(line).collect_view();
    view! {
        <div class="trace-table" tabindex="0" role="region" aria-label="Steps by kind">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"Step"</th>
                        <th scope="col">"Agent"</th>
                        <th scope="col">"Count"</th>
                        <th scope="col">"Total"</th>
                        <th scope="col">"Self"</th>
                        <th scope="col">"Critical path"</th>
                        <th scope="col">"P95"</th>
                        <th scope="col">"Errors"</th>
                        <th scope="col">"Tokens"</th>
                    </tr>
                </thead>
                <tbody>{lines}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn line(((step, service, what), group): (Key, Group)) -> impl IntoView {
    let p95 = format::duration(group.p95_ns());
    let tokens = group.tokens.map_or("–".to_owned(), format::count);
    view! {
        <tr>
            <th scope="row">
                <KindTile kind=step />
                " "
                {visible(&what).into_owned()}
            </th>
            <td>{visible(&service).into_owned()}</td>
            <td>{format::count(group.count as u64)}</td>
            <td>{format::duration(group.total_ns)}</td>
            <td>{format::duration(group.self_ns)}</td>
            <td>{format::duration(group.on_path_ns)}</td>
            <td>{p95}</td>
            <td>{format::count(group.errors as u64)}</td>
            <td>{tokens}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_95th_percentile_is_the_nearest_rank() {
        let group = Group {
            durations_ns: (1..=100).rev().collect(),
            ..Group::default()
        };
        assert_eq!(group.p95_ns(), 95);
        let one = Group {
            durations_ns: vec![7],
            ..Group::default()
        };
        assert_eq!(one.p95_ns(), 7);
    }
}
