//! Who calls whom: how often, how well and how fast.

use api::telemetry::{ServiceEdge, ServiceGraph};
use leptos::prelude::*;

use super::panel::Asked;
use crate::{
    components::page_head::Panel,
    format,
    pages::traces::{
        all_of,
        query::{Condition, Name},
        traces_href,
    },
    untrusted::visible,
};

/// Lines of the table.
const MOST: usize = 40;

/// The calls between services, the most frequent first; nothing when there are none.
pub(super) fn calls(graph: ServiceGraph, asked: &Asked) -> Option<AnyView> {
    let mut edges = graph.edges;
    if !asked.agent.is_empty() {
        edges.retain(|edge| edge.caller == asked.agent || edge.callee == asked.agent);
    }
    edges.sort_by_key(|edge| std::cmp::Reverse(edge.calls.n));
    let more = edges.len().saturating_sub(MOST);
    let lines: Vec<_> = edges
        .into_iter()
        .take(MOST)
        .map(|edge| line(edge, asked))
        .collect();
    if lines.is_empty() {
        return None;
    }
    let title = format!("Calls from one to another, {}", asked.period.words());
    let numbers = ["Calls", "Failed", "P50", "P95"].map(|word| {
        view! {
            <th scope="col" class="table-number">
                {word}
            </th>
        }
    });
    Some(
        view! {
            <Panel title=title>
                <div class="table-scroll" role="region" aria-label="Calls" tabindex="0">
                    <table class="table">
                        <thead>
                            <tr>
                                <th scope="col">"Caller"</th>
                                <th scope="col">"Callee"</th>
                                {numbers.collect_view()}
                            </tr>
                        </thead>
                        <tbody>{lines}</tbody>
                    </table>
                </div>
                {(more > 0).then(|| view! { <p class="panel-note">{more} " more are not shown."</p> })}
            </Panel>
        }
        .into_any(),
    )
}

fn line(edge: ServiceEdge, asked: &Asked) -> AnyView {
    let ServiceEdge {
        caller,
        callee,
        calls,
    } = edge;
    let both = [&caller, &callee].map(|name| Condition::Name(Name::Service, name.clone()));
    let href = traces_href(&asked.namespace, all_of(both), asked.period);
    let failed = format::share(calls.n_errors, calls.n).unwrap_or_default();
    view! {
        <tr>
            <th scope="row">{visible(&caller).into_owned()}</th>
            <td>{visible(&callee).into_owned()}</td>
            <td class="table-number">
                <a href=href>{format::count(calls.n)}</a>
            </td>
            <td class="table-number">{failed}</td>
            <td class="table-number">{format::duration(calls.p50_ns)}</td>
            <td class="table-number">{format::duration(calls.p95_ns)}</td>
        </tr>
    }
    .into_any()
}
