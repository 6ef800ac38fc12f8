//! Logs, a line each.

use api::traces::{Attributes, LogRecord};
use jiff::Timestamp;
use leptos::prelude::*;
use serde_json::Value;

use crate::{
    components::table::{Heading, Table},
    pages::traces::{Side, TraceUrl},
    untrusted::{block, cut_note, visible},
};

/// A table of logs, in the order given.
pub(crate) fn log_table(label: &'static str, logs: &[LogRecord]) -> AnyView {
    table(label, logs.iter().map(|log| line(log, None)).collect())
}

/// The same, with the way to each line in full.
pub(super) fn log_table_with(
    label: &'static str,
    logs: &[LogRecord],
    href: impl Fn(&LogRecord) -> String,
) -> AnyView {
    let lines = logs.iter().map(|log| line(log, Some(href(log))));
    table(label, lines.collect())
}

fn table(label: &'static str, lines: Vec<AnyView>) -> AnyView {
    let headings = ["Time (UTC)", "Severity", "Service", "Message", "Span"].map(Heading::Words);
    view! {
        <Table label headings class="logs">
            {lines}
        </Table>
    }
    .into_any()
}

fn line(log: &LogRecord, href: Option<String>) -> AnyView {
    let time = Timestamp::from_nanosecond(i128::from(log.time_ns)).unwrap_or_default();
    let shown = time.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string();
    let message = block(&log.body);
    let cut = message.cut_from.map(cut_note);
    let severity = severity_class(log.severity_number);
    let time = view! {
        <time datetime=time.to_string() title=time.to_string()>
            {shown}
        </time>
    };
    let time = match href {
        Some(href) => view! { <a href=href>{time}</a> }.into_any(),
        None => time.into_any(),
    };
    view! {
        <tr data-testid="log">
            <td class="logs-time">{time}</td>
            <td>
                <span class=severity>{visible(&log.severity).into_owned()}</span>
            </td>
            <td>{visible(&log.service).into_owned()}</td>
            <td class="logs-message">
                {message.text.into_owned()} {cut.map(|note| view! { <p class="cut">{note}</p> })}
                {details(&log.attributes)}
            </td>
            <td>{span_link(log)}</td>
        </tr>
    }
    .into_any()
}

/// A word always stands beside the colour.
fn severity_class(number: i32) -> &'static str {
    match number {
        17.. => "logs-severity logs-severity--error",
        13..17 => "logs-severity logs-severity--warn",
        _ => "logs-severity",
    }
}

fn span_link(log: &LogRecord) -> Option<impl IntoView + use<>> {
    let mut url = TraceUrl::of(log.trace_id?);
    url.span = log.span_id;
    url.side = Side::Logs;
    let word = if log.span_id.is_some() {
        "Open span"
    } else {
        "Open trace"
    };
    Some(view! { <a href=url.to_string()>{word}</a> })
}

fn details(attributes: &Attributes) -> Option<impl IntoView + use<>> {
    if attributes.is_empty() {
        return None;
    }
    let pair = |(key, value): &(String, Value)| {
        let value = match value {
            Value::String(text) => block(text).text.into_owned(),
            other => block(&other.to_string()).text.into_owned(),
        };
        view! {
            <dt>{visible(key).into_owned()}</dt>
            <dd>{value}</dd>
        }
    };
    let pairs = attributes.iter().map(pair).collect_view();
    Some(view! {
        <details class="logs-details">
            <summary>"Attributes"</summary>
            <dl>{pairs}</dl>
        </details>
    })
}
