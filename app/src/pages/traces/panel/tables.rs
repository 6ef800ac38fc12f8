//! The sides of the panel that are the same for every kind: attributes, logs, events, raw.

use api::traces::{Attributes, LogRecord, SpanEvent};
use leptos::prelude::*;

use super::{Chosen, code, messages};
use crate::{
    format,
    pages::traces::{medium::Medium, url::TraceUrl},
    untrusted,
};

/// What was recorded of the span, then of the service that sent it.
pub(super) fn attributes(chosen: &Chosen) -> AnyView {
    view! {
        <h3>"Of the span"</h3>
        {pairs(&chosen.span.attributes)}
        <h3>"Of its service"</h3>
        {pairs(&chosen.span.resource)}
    }
    .into_any()
}

fn pairs(attributes: &Attributes) -> AnyView {
    if attributes.is_empty() {
        return view! { <p class="trace-unknown">"None."</p> }.into_any();
    }
    let mut sorted: Vec<_> = attributes.iter().collect();
    sorted.sort_by(|(one, _), (other, _)| one.cmp(other));
    let lines = sorted.into_iter().map(|(key, value)| {
        let block = messages::plain(value);
        let block = untrusted::block(&block);
        view! {
            <div>
                <dt>{untrusted::visible(key).into_owned()}</dt>
                <dd>
                    {block.text.into_owned()}
                    {block.cut_from.map(untrusted::cut_note)}
                </dd>
            </div>
        }
    });
    view! { <dl class="trace-attributes">{lines.collect_view()}</dl> }.into_any()
}

/// Logs of the span and of all below it, oldest first.
pub(super) fn logs(chosen: &Chosen) -> AnyView {
    match &chosen.logs {
        Err(reason) => view! { <p class="trace-failed">{reason.clone()}</p> }.into_any(),
        Ok(logs) if logs.is_empty() => {
            view! { <p class="trace-unknown">"Nothing was logged."</p> }.into_any()
        }
        Ok(logs) => {
            let lines = logs
                .iter()
                .map(|log| line(chosen.trace_start_ns, log, None));
            let lines = lines.collect_view();
            let all = chosen.around.namespace.as_ref().map(|namespace| {
                let (trace, span) = (chosen.span.trace_id, chosen.span.span_id);
                format!("/ns/{namespace}/logs?trace={trace}&span={span}")
            });
            view! {
                <ol class="trace-logs">{lines}</ol>
                {all.map(|href| view! { <p><a href=href>"Open in Logs"</a></p> })}
            }
            .into_any()
        }
    }
}

/// Everything that was logged, oldest first; each line leads to its span.
pub(super) fn all_logs(
    logs: &Result<Vec<LogRecord>, String>,
    start_ns: u64,
    url: TraceUrl,
) -> AnyView {
    match logs {
        Err(reason) => view! { <p class="trace-failed">{reason.clone()}</p> }.into_any(),
        Ok(logs) if logs.is_empty() => {
            view! { <p class="trace-unknown">"Nothing was logged."</p> }.into_any()
        }
        Ok(logs) => {
            let lines = logs.iter().map(|log| line(start_ns, log, Some(url)));
            let lines = lines.collect_view();
            view! { <ol class="trace-logs trace-logs--all">{lines}</ol> }.into_any()
        }
    }
}

fn line(start_ns: u64, log: &LogRecord, url: Option<TraceUrl>) -> AnyView {
    let level = match log.severity_number {
        17.. => "error",
        13.. => "warn",
        _ => "info",
    };
    let severity = untrusted::visible(&log.severity);
    let block = untrusted::block(&log.body);
    let span_id = log.span_id.map(|id| id.to_string());
    let offset = format::offset(log.time_ns.saturating_sub(start_ns));
    let href = url
        .filter(|_| Medium::here() == Medium::Page)
        .zip(log.span_id)
        .map(|(url, span)| url.with_span(span).to_string());
    let at = offset.clone();
    let time = match href {
        Some(href) => view! { <a href=href>{offset}</a> }.into_any(),
        None => offset.into_any(),
    };
    view! {
        <li
            data-testid="log-row"
            data-span-id=span_id
            data-severity=severity.to_string()
            data-at=at
        >
            <span class="trace-log-time">{time}</span>
            <span class=format!("trace-log-level trace-log-{level}")>{severity.to_string()}</span>
            <span class="trace-log-body">{block.text.into_owned()}</span>
        </li>
    }
    .into_any()
}

/// What happened during the span, oldest first.
pub(super) fn events(chosen: &Chosen) -> AnyView {
    if chosen.span.events.is_empty() {
        return view! { <p class="trace-unknown">"The span has no events."</p> }.into_any();
    }
    let lines = chosen
        .span
        .events
        .iter()
        .map(|event| one_event(chosen, event));
    view! { <ol class="trace-events">{lines.collect_view()}</ol> }.into_any()
}

fn one_event(chosen: &Chosen, event: &SpanEvent) -> impl IntoView {
    view! {
        <li>
            <h3>
                <span class="trace-log-time">
                    {format::offset(chosen.offset_ns(event.time_ns))}
                </span>
                " "
                {untrusted::visible(&event.name).into_owned()}
            </h3>
            {pairs(&event.attributes)}
        </li>
    }
}

/// The span as it is stored.
pub(super) fn raw(chosen: &Chosen) -> AnyView {
    match serde_json::to_string_pretty(&chosen.span) {
        Ok(json) => code(&json),
        Err(error) => view! { <p class="trace-failed">{error.to_string()}</p> }.into_any(),
    }
}
