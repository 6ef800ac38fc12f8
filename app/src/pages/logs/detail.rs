//! One line in full: where it leads, what it says, its values to filter by, and what was said around it.

use api::traces::{LogOrder, LogQuery, LogReader, LogRecord, ReadError};
use leptos::prelude::*;
use serde_json::Value;

use super::{
    filter::{Filter, Place, Sense, Wanted, written},
    table::log_table,
};
use crate::{
    components::code_block::CodeBlock,
    pages::traces::{Side, TraceUrl},
    untrusted::visible,
};

/// Lines of the same service before and after it.
const AROUND: u32 = 50;

/// The line, and those around it.
pub(super) struct Detail {
    line: LogRecord,
    around: Vec<LogRecord>,
}

/// Finds the line of a place; `None` when it is not kept any more.
pub(super) async fn load(
    reader: &dyn LogReader,
    place: Place,
) -> Result<Option<Detail>, ReadError> {
    let of_moment = LogQuery {
        from_ns: Some(place.time_ns),
        to_ns: Some(place.time_ns.saturating_add(1)),
        limit: 10_000,
        ..LogQuery::default()
    };
    let lines = reader.logs(&of_moment).await?;
    let found = lines.into_iter().find(|line| Place::of(line) == place);
    let Some(line) = found else { return Ok(None) };
    let of_service = LogQuery {
        service: Some(line.service.clone()),
        limit: AROUND,
        ..LogQuery::default()
    };
    let before = LogQuery {
        to_ns: Some(line.time_ns),
        order: LogOrder::Newest,
        ..of_service.clone()
    };
    let after = LogQuery {
        from_ns: Some(line.time_ns),
        limit: AROUND + 1,
        ..of_service
    };
    let mut around = reader.logs(&before).await?;
    around.reverse();
    around.extend(reader.logs(&after).await?);
    Ok(Some(Detail { line, around }))
}

pub(super) fn view(detail: Detail, filter: &Filter) -> AnyView {
    let Detail { line, around } = detail;
    let close = filter.with_line(None).href();
    let values = [
        ("severity".to_owned(), Value::String(line.severity.clone())),
        ("service".to_owned(), Value::String(line.service.clone())),
    ];
    let pairs = values.into_iter().chain(line.attributes.clone());
    let pairs = pairs
        .map(|(key, value)| pair(key, &value, filter))
        .collect_view();
    let context = log_table("Lines around it", &around);
    view! {
        <aside class="log-detail" aria-label="One line" data-testid="log-detail">
            <p class="log-detail-actions">
                {ways(&line)}
                <a class="button" href=close>
                    "Close"
                </a>
            </p>
            <CodeBlock label="Message" text=message(&line.body) />
            <h2>"Values"</h2>
            <dl class="log-detail-values">{pairs}</dl>
            <details class="log-detail-around">
                <summary>"What the service said before and after it"</summary>
                {context}
            </details>
        </aside>
    }
    .into_any()
}

/// The way to the span and to the trace.
fn ways(line: &LogRecord) -> Option<AnyView> {
    let url = TraceUrl::of(line.trace_id?);
    let trace = url.to_string();
    let span = line.span_id.map(|span| {
        let href = url.with_span(span).with_side(Side::Logs).to_string();
        view! {
            <a class="button button--primary" href=href>
                "Open span"
            </a>
        }
    });
    Some(
        view! {
            {span}
            <a class="button" href=trace>
                "Open trace"
            </a>
        }
        .into_any(),
    )
}

/// JSON on lines, everything else as it is.
fn message(body: &str) -> String {
    match serde_json::from_str::<Value>(body) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => {
            serde_json::to_string_pretty(&value).unwrap_or_else(|_| body.to_owned())
        }
        Ok(_) | Err(_) => body.to_owned(),
    }
}

fn pair(key: String, value: &Value, filter: &Filter) -> AnyView {
    let value = written(value);
    let link = |sense, word: &'static str| {
        let wanted = Wanted {
            key: key.clone(),
            value: value.clone(),
            sense,
        };
        let href = filter.toggled(&wanted).href();
        let label = format!("{word} lines where {} is this", visible(&key));
        view! {
            <a href=href aria-label=label>
                {word}
            </a>
        }
    };
    let links = [link(Sense::Is, "Only"), link(Sense::IsNot, "Without")];
    let shown = crate::untrusted::block(&value).text.into_owned();
    view! {
        <dt>{visible(&key).into_owned()}</dt>
        <dd>
            <span>{shown}</span>
            {links.collect_view()}
        </dd>
    }
    .into_any()
}
