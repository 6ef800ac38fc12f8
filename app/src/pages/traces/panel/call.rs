//! What a span means, by its kind: the model's messages, the tool's arguments, the task handed over.

use std::time::Duration;

use api::{
    attributes::{key, span as name},
    traces::{Span, SpanStatus, StepKind},
};
use leptos::prelude::*;
use serde_json::Value;

use super::{
    super::{medium::Medium, usual::place},
    Chosen, code, exception, messages, tables,
};
use crate::{components::button::LinkButton, format, untrusted};

pub(super) fn view(chosen: &Chosen) -> AnyView {
    let span = &chosen.span;
    let by_kind = match span.step_kind() {
        StepKind::Model => conversation(chosen),
        StepKind::Tool => vec![
            section(span, "Arguments", key::TOOL_ARGUMENTS),
            section(span, "Result", key::TOOL_RESULT),
        ],
        StepKind::Delegate => vec![
            below(chosen),
            section(span, "Task", key::DELEGATION_TASK),
            section(span, "Answer", key::DELEGATION_ANSWER),
        ],
        StepKind::Agent | StepKind::Http => Vec::new(),
    };
    view! {
        <dl class="trace-facts">{facts(chosen)}</dl>
        {exception::failure(span)}
        {exception::hints(&chosen.around.hints)}
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
        fact("Duration", &duration(chosen)),
        fact("Self time", &own),
        fact("Status", status(&span.status)),
        fact("Span id", &span.span_id.to_string()),
    ]);
    facts
}

/// How long it took, and whether that is usual.
fn duration(chosen: &Chosen) -> String {
    let ns = chosen.span.duration_ns();
    let own = format::duration(ns);
    match chosen.around.usual {
        Some(usual) => {
            let (half, most) = (
                format::duration(usual.p50_ns),
                format::duration(usual.p95_ns),
            );
            let (place, n) = (place(&usual, ns), format::count(usual.n));
            format!("{own}, {place} (P50 {half}, P95 {most} of {n} in the day before)")
        }
        None => own,
    }
}

/// What the agent that was asked did, in one line.
fn below(chosen: &Chosen) -> AnyView {
    let Some(facts) = chosen.around.below.as_ref().filter(|facts| facts.spans > 0) else {
        let note = "No spans of that agent have arrived. It may not export any, or not pass the trace \
                    on.";
        return view! { <p class="trace-unknown">{note}</p> }.into_any();
    };
    let counted = |number: usize, one: &str, many: &str| {
        (number > 0).then(|| format::counted(number as u64, one, many))
    };
    let parts = [
        counted(facts.steps, "step", "steps"),
        counted(facts.model_calls, "model call", "model calls"),
        counted(facts.tool_calls, "tool call", "tool calls"),
        counted(facts.delegations, "delegation", "delegations"),
        counted(facts.errors, "error span", "error spans"),
    ];
    let words: Vec<_> = parts.into_iter().flatten().collect();
    view! { <p class="trace-below">{words.join(" · ")}</p> }.into_any()
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
            ("Replay of", key::REPLAY_TRACE_ID),
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

/// What was said: what is new since the call before stands open, the rest is folded.
fn conversation(chosen: &Chosen) -> Vec<AnyView> {
    let replay = replay(&chosen.span);
    let (sent, answered) = messages::recorded(&chosen.span);
    if sent.is_empty() && answered.is_empty() {
        let note = "The messages of this call were not recorded.";
        return vec![
            replay,
            view! { <p class="trace-unknown">{note}</p> }.into_any(),
        ];
    }
    let previous = chosen.around.previous.as_ref();
    let before = previous.map(|span| messages::recorded(span).0);
    let n_known = before.map_or(0, |before| messages::shared(&before, &sent));
    let is_later = previous.is_some();
    let mut known = sent;
    let new = known.split_off(n_known);
    let folded = (!known.is_empty()).then(|| {
        let words = format!(
            "{} before, {} characters",
            format::counted(known.len() as u64, "message", "messages"),
            format::count(
                known
                    .iter()
                    .map(|said| said.text.chars().count() as u64)
                    .sum()
            )
        );
        view! {
            <details class="trace-known">
                <summary>{words}</summary>
                <ol class="trace-messages">{known.into_iter().map(line).collect_view()}</ol>
            </details>
        }
    });
    let count = if is_later {
        let n_new = format::counted(new.len() as u64, "message", "messages");
        format!("+{n_new} since the call before")
    } else {
        new.len().to_string()
    };
    let n_answered = answered.len();
    let sent = view! {
        <h3>"Sent " <span class="trace-tab-count">{count}</span></h3>
        {folded}
        <ol class="trace-messages">{new.into_iter().map(line).collect_view()}</ol>
    };
    let answered = view! {
        <h3>"Answered " <span class="trace-tab-count">{n_answered}</span></h3>
        <ol class="trace-messages">{answered.into_iter().map(line).collect_view()}</ol>
    };
    vec![replay, sent.into_any(), answered.into_any()]
}

/// Leads to where a call of an agent's model can be made again.
fn replay(span: &Span) -> AnyView {
    let href = format!("/traces/{}/replay?span={}", span.trace_id, span.span_id);
    (span.name == name::MODEL && Medium::here() == Medium::Page)
        .then(|| view! { <LinkButton href>"Replay from here"</LinkButton> })
        .into_any()
}

/// Who said it, and what. A system's words are long and always the same, so they are folded.
fn line(said: messages::Said) -> AnyView {
    if said.role == "system" {
        let size = format::count(said.text.chars().count() as u64);
        return view! {
            <li>
                <details class="trace-known">
                    <summary>{format!("system, {size} characters")}</summary>
                    {code(&said.text)}
                </details>
            </li>
        }
        .into_any();
    }
    view! {
        <li>
            <span class="trace-role">{untrusted::visible(&said.role).into_owned()}</span>
            {code(&said.text)}
        </li>
    }
    .into_any()
}
