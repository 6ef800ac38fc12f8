//! The trace as a text to read: who asked whom for what, and what came of it.

use api::{
    attributes::key,
    traces::{Span, StepKind, Trace},
};
use leptos::prelude::*;

use super::{
    layout::{Layout, Row},
    panel::messages,
    url::{TraceUrl, TraceView},
};
use crate::{components::kind_tile::KindTile, format, untrusted};

/// Steps that are written down; a longer run is read in the waterfall.
const MOST: usize = 500;

pub(super) fn view(trace: &Trace, layout: &Layout, url: TraceUrl) -> AnyView {
    let told = layout.rows.iter().filter(|row| {
        let kinds = [StepKind::Model, StepKind::Tool, StepKind::Delegate];
        row.kind.is_some_and(|kind| kinds.contains(&kind))
    });
    let n_steps = told.clone().count();
    let steps = told.take(MOST).filter_map(|row| step(trace, row, url));
    let steps = steps.collect_view();
    let note = (n_steps > MOST).then(|| {
        let note = format!("The first {MOST} of {n_steps} steps.");
        view! { <p class="trace-unknown">{note}</p> }
    });
    view! {
        <ol class="trace-steps">{steps}</ol>
        {note}
    }
    .into_any()
}

fn step(trace: &Trace, row: &Row, url: TraceUrl) -> Option<AnyView> {
    let span = trace.spans.get(row.span?)?;
    let kind = row.kind?;
    let href = url
        .with_span(span.span_id)
        .with_view(TraceView::Waterfall)
        .to_string();
    let texts = texts(span, kind).into_iter().map(|(what, text)| {
        let block = untrusted::block(&text);
        view! {
            <dt>{what}</dt>
            <dd>{block.text.into_owned()} {block.cut_from.map(untrusted::cut_note)}</dd>
        }
    });
    let error = row.error.as_ref().map(|reason| {
        view! { <p class="trace-failed">{untrusted::visible(reason).into_owned()}</p> }
    });
    let head = format!(
        "{} · {} · {}",
        format::offset(row.offset_ns),
        untrusted::visible(&span.service),
        format::duration(row.duration_ns)
    );
    Some(
        view! {
            <li style=format!("--depth:{}", row.depth.min(24))>
                <p>
                    <KindTile kind />
                    " "
                    <a href=href>{untrusted::visible(&row.title).into_owned()}</a>
                    " "
                    <span class="trace-step-when">{head}</span>
                </p>
                <dl>{texts.collect_view()}</dl>
                {error}
            </li>
        }
        .into_any(),
    )
}

/// What went in and what came out, as far as it was recorded.
fn texts(span: &Span, kind: StepKind) -> Vec<(&'static str, String)> {
    let keys: &[(&'static str, &str)] = match kind {
        StepKind::Tool => &[
            ("Called with", key::TOOL_ARGUMENTS),
            ("Gave", key::TOOL_RESULT),
        ],
        StepKind::Delegate => &[
            ("Asked", key::DELEGATION_TASK),
            ("Answered", key::DELEGATION_ANSWER),
        ],
        StepKind::Model => {
            let (_, answered) = messages::recorded(span);
            let texts = answered.into_iter().map(|said| ("Answered", said.text));
            return texts.filter(|(_, text)| !text.trim().is_empty()).collect();
        }
        StepKind::Agent | StepKind::Http => &[],
    };
    let text =
        |(what, key): &(&'static str, &str)| Some((*what, messages::pretty(span.attribute(key)?)));
    keys.iter().filter_map(text).collect()
}
