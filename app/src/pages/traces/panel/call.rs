//! What a span means, by its kind: the model's messages, the tool's arguments, the task handed over.

use std::time::Duration;

use api::{
    attributes::key,
    traces::{Span, SpanEvent, SpanStatus, StepKind},
};
use leptos::prelude::*;
use serde_json::Value;

use super::{Chosen, code, messages, tables};
use crate::{format, untrusted};

pub(super) fn view(chosen: &Chosen) -> AnyView {
    let span = &chosen.span;
    let by_kind = match span.step_kind() {
        StepKind::Model => conversation(span),
        StepKind::Tool => vec![
            section(span, "Arguments", key::TOOL_ARGUMENTS),
            section(span, "Result", key::TOOL_RESULT),
        ],
        StepKind::Delegate => vec![
            section(span, "Task", key::DELEGATION_TASK),
            section(span, "Answer", key::DELEGATION_ANSWER),
        ],
        StepKind::Agent | StepKind::Http => Vec::new(),
    };
    view! {
        <dl class="trace-facts">{facts(chosen)}</dl>
        {failure(span)}
        {by_kind}
        <h3>"Logs of this span"</h3>
        {tables::logs(chosen)}
    }
    .into_any()
}

/// Facts that every span has, then those of its kind.
fn facts(chosen: &Chosen) -> Vec<AnyView> {
    let span = &chosen.span;
    let share = format::share(chosen.self_ns, chosen.trace_length_ns);
    let own = format::duration(chosen.self_ns);
    let own = share.map_or(own.clone(), |share| format!("{own}, {share} of the trace"));
    let mut facts = vec![fact("Service", &span.service)];
    facts.extend(
        by_kind(span)
            .iter()
            .filter_map(|(term, key)| Some(fact(term, &short(key, span.attribute(key)?)))),
    );
    facts.extend(tokens(span));
    facts.extend([
        fact("Started", &format::offset(chosen.offset_ns(span.start_ns))),
        fact("Duration", &format::duration(span.duration_ns())),
        fact("Self time", &own),
        fact("Status", status(&span.status)),
        fact("Span id", &span.span_id.to_string()),
    ]);
    facts
}

/// A value on one line: lists without brackets, seconds as a duration.
fn short(name: &str, value: &Value) -> String {
    match value {
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(messages::plain).collect();
            values.join(", ")
        }
        Value::Number(seconds) if name == key::TIME_TO_FIRST_CHUNK => {
            let seconds = seconds.as_f64().unwrap_or_default();
            Duration::try_from_secs_f64(seconds).map_or_else(
                |_| format!("{seconds} s"),
                |time| format::duration(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)),
            )
        }
        other => messages::plain(other),
    }
}

fn by_kind(span: &Span) -> &'static [(&'static str, &'static str)] {
    match span.step_kind() {
        StepKind::Model => &[
            ("Model", key::REQUEST_MODEL),
            ("Answered by", key::RESPONSE_MODEL),
            ("Provider", key::PROVIDER),
            ("Temperature", key::REQUEST_TEMPERATURE),
            ("Most tokens", key::REQUEST_MAX_TOKENS),
            ("Finish reason", key::FINISH_REASONS),
            ("First words after", key::TIME_TO_FIRST_CHUNK),
        ],
        StepKind::Tool => &[
            ("Tool", key::TOOL_NAME),
            ("MCP server", key::MCP_SERVER),
            ("Call id", key::TOOL_CALL_ID),
        ],
        StepKind::Delegate => &[("Agent", key::DELEGATION_TARGET)],
        StepKind::Agent => &[
            ("Session", key::SESSION_ID),
            ("Run", key::RUN_ID),
            ("Finish reason", key::FINISH_REASON),
        ],
        StepKind::Http => &[
            ("Method", key::HTTP_METHOD),
            ("Route", key::HTTP_ROUTE),
            ("HTTP status", key::HTTP_STATUS),
            ("Address", key::SERVER_ADDRESS),
        ],
    }
}

fn tokens(span: &Span) -> Option<AnyView> {
    if span.step_kind() != StepKind::Model {
        return None;
    }
    let number = |key| span.attribute(key).and_then(Value::as_u64);
    let text = match (number(key::INPUT_TOKENS), number(key::OUTPUT_TOKENS)) {
        (None, None) => "not reported".to_owned(),
        (input, output) => {
            let count = |number: Option<u64>| number.map_or("?".to_owned(), format::count);
            format!("{} in / {} out", count(input), count(output))
        }
    };
    Some(fact("Tokens", &text))
}

fn fact(term: &'static str, value: &str) -> AnyView {
    view! {
        <div>
            <dt>{term}</dt>
            <dd>{untrusted::visible(value).into_owned()}</dd>
        </div>
    }
    .into_any()
}

/// The reason of a failure has its own place below.
fn status(status: &SpanStatus) -> &'static str {
    match status {
        SpanStatus::Unset => "not said",
        SpanStatus::Ok => "Ok",
        SpanStatus::Error(_) => "Error",
    }
}

/// Why the span failed: its exceptions, or the reason of its status when it has none.
fn failure(span: &Span) -> AnyView {
    let exceptions: Vec<_> = span
        .events
        .iter()
        .filter(|event| event.name == key::EXCEPTION)
        .map(exception)
        .collect();
    match &span.status {
        SpanStatus::Error(reason) if exceptions.is_empty() => view! {
            <section class="trace-exception">
                <h3>"Error"</h3>
                <p>{untrusted::visible(reason).into_owned()}</p>
            </section>
        }
        .into_any(),
        SpanStatus::Unset | SpanStatus::Ok | SpanStatus::Error(_) => exceptions.into_any(),
    }
}

fn exception(event: &SpanEvent) -> AnyView {
    let text = |key: &str| {
        let value = event.attributes.iter().find(|(name, _)| name == key);
        value
            .map(|(_, value)| messages::plain(value))
            .filter(|text| !text.is_empty())
    };
    let visible = |text: String| untrusted::visible(&text).into_owned();
    let kind = text(key::EXCEPTION_TYPE).unwrap_or_else(|| "exception".to_owned());
    view! {
        <section class="trace-exception">
            <h3>{visible(kind)}</h3>
            {text(key::EXCEPTION_MESSAGE).map(|message| view! { <p>{visible(message)}</p> })}
            {text(key::EXCEPTION_STACKTRACE).map(|trace| code(&trace))}
        </section>
    }
    .into_any()
}

/// An attribute as a block under its own heading; nothing when it was not recorded.
fn section(span: &Span, title: &'static str, key: &str) -> AnyView {
    let Some(value) = span.attribute(key) else {
        return view! {
            <h3>{title}</h3>
            <p class="trace-unknown">"Not recorded."</p>
        }
        .into_any();
    };
    let text = messages::pretty(value);
    let size = format::bytes(text.len() as u64);
    view! {
        <h3>{title} " " <span class="trace-tab-count">{size}</span></h3>
        {code(&text)}
    }
    .into_any()
}

fn conversation(span: &Span) -> Vec<AnyView> {
    let (sent, answered) = messages::recorded(span);
    if sent.is_empty() && answered.is_empty() {
        let note = "The messages of this call were not recorded.";
        return vec![view! { <p class="trace-unknown">{note}</p> }.into_any()];
    }
    let list = |title: &'static str, said: Vec<messages::Said>| {
        view! {
            <h3>{title} " " <span class="trace-tab-count">{said.len()}</span></h3>
            <ol class="trace-messages">{said.into_iter().map(line).collect_view()}</ol>
        }
        .into_any()
    };
    vec![list("Sent", sent), list("Answered", answered)]
}

fn line(said: messages::Said) -> impl IntoView {
    view! {
        <li>
            <span class="trace-role">{said.role}</span>
            {code(&said.text)}
        </li>
    }
}
