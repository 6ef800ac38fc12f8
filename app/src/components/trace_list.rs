//! A short list of traces, newest first.

use api::traces::TraceSummary;
use jiff::Timestamp;
use leptos::prelude::*;

use super::{
    status_mark::{Mark, StatusMark},
    table::{Heading, Table},
    time::Ago,
};
use crate::format;

/// A table of traces; each line opens its trace.
#[component]
pub fn TraceList(
    /// Says what the traces have in common.
    #[prop(into)]
    label: String,
    /// What is listed.
    traces: Vec<TraceSummary>,
    /// The time the page is drawn at.
    now: Timestamp,
) -> impl IntoView {
    let headings = [
        Heading::Words("Status"),
        Heading::Words("Trace"),
        Heading::Words("Started"),
        Heading::Number("Duration"),
        Heading::Number("Spans"),
    ];
    let lines = traces
        .into_iter()
        .map(|trace| view! { <TraceLine trace now /> })
        .collect_view();
    view! {
        <Table label headings>
            {lines}
        </Table>
    }
    .into_any()
}

#[component]
fn TraceLine(trace: TraceSummary, now: Timestamp) -> impl IntoView {
    let mark = if trace.n_errors > 0 {
        let word = format::counted(trace.n_errors, "error", "errors");
        view! { <StatusMark mark=Mark::Failed word /> }
    } else {
        view! { <StatusMark mark=Mark::Ready word="Ok" /> }
    };
    view! {
        <tr>
            <td>{mark}</td>
            <td>
                <a href=format!("/traces/{}", trace.id)>{trace.root_service.clone()}</a>
                " "
                <span class="table-aside">{trace.root_name.clone()}</span>
            </td>
            <td>
                <Ago time_ns=trace.start_ns now />
            </td>
            <td class="table-number">{format::duration(trace.duration_ns())}</td>
            <td class="table-number">{format::count(trace.n_spans)}</td>
        </tr>
    }
    .into_any()
}
