use api::{
    chat::Usage,
    run::{RunEvent, RunEventKind, RunState, RunSummary},
    traces::{Span, SpanId, Trace},
};
use jiff::Timestamp;
use serde_json::json;

use super::{is_open, merge};
use crate::pages::{
    fixture::{TRACE, span},
    traces::layout::{self, Transport, lay_out},
};

/// Milliseconds from the epoch to the year 2026.
const NEW_YEAR_MS: u64 = 1_767_225_600_000;

fn id(number: u8) -> String {
    format!("{number:016x}")
}

fn event(at: u64, agent: &str, path: &[u8], kind: RunEventKind) -> RunEvent {
    RunEvent {
        seq: 1,
        at_ms: NEW_YEAR_MS + at,
        agent: agent.to_owned(),
        path: path.iter().map(|span| id(*span)).collect(),
        kind,
    }
}

fn began(span: u8) -> RunEventKind {
    RunEventKind::RunStarted {
        run_id: "r".to_owned(),
        trace_id: TRACE.to_string(),
        session_id: "s".to_owned(),
        span_id: id(span),
    }
}

fn step(step: u32, span: u8) -> RunEventKind {
    RunEventKind::StepStarted {
        step,
        max_steps: 5,
        span_id: id(span),
    }
}

fn delegates(span: u8) -> RunEventKind {
    RunEventKind::DelegateStarted {
        target: "researcher".to_owned(),
        task: "search".to_owned(),
        span_id: id(span),
    }
}

fn searches(span: u8) -> RunEventKind {
    RunEventKind::ToolStarted {
        name: "web_search".to_owned(),
        arguments: json!({"query": "chips"}),
        span_id: id(span),
    }
}

fn found(span: u8, duration_ms: u64) -> RunEventKind {
    RunEventKind::ToolFinished {
        name: "web_search".to_owned(),
        span_id: id(span),
        result: "found".to_owned(),
        duration_ms,
    }
}

fn model_done(span: u8, duration_ms: u64) -> RunEventKind {
    RunEventKind::ModelFinished {
        span_id: id(span),
        usage: Usage::default(),
        duration_ms,
        calls: 1,
    }
}

/// A coordinator that asks its model and delegates to a researcher, who searches.
fn events() -> Vec<RunEvent> {
    let model = RunEventKind::ModelStarted {
        model: "gpt-4o".to_owned(),
        span_id: id(4),
    };
    vec![
        event(0, "coordinator", &[], began(2)),
        event(0, "coordinator", &[], step(1, 3)),
        event(10, "coordinator", &[], model),
        event(100, "coordinator", &[], model_done(4, 90)),
        event(100, "coordinator", &[], delegates(5)),
        event(110, "researcher", &[5], began(7)),
        event(110, "researcher", &[5], step(1, 8)),
        event(120, "researcher", &[5], searches(9)),
    ]
}

fn run(state: RunState) -> RunSummary {
    let at = |ms: u64| Timestamp::from_millisecond((NEW_YEAR_MS + ms).try_into().unwrap()).unwrap();
    RunSummary {
        id: "r".to_owned(),
        namespace: "team".to_owned(),
        agent: "coordinator".to_owned(),
        session_id: "s".to_owned(),
        trace_id: TRACE.to_string(),
        state,
        started_at: at(0),
        ended_at: (state != RunState::Running).then(|| at(1000)),
        last_seq: 8,
        doing: None,
    }
}

fn seen(exported: Vec<Span>, events: &[RunEvent], state: RunState) -> Trace {
    let stored = Trace {
        id: TRACE,
        spans: exported,
    };
    let now = Timestamp::from_millisecond((NEW_YEAR_MS + 500).try_into().unwrap()).unwrap();
    merge(stored, events, &run(state), now)
}

/// Title, and `…` for what has not ended.
fn outline(trace: &Trace) -> Vec<String> {
    let rows = lay_out(trace, Transport::Hidden).rows;
    let line = |row: &layout::Row| {
        let is_open = row.span.is_some_and(|place| is_open(&trace.spans[place]));
        let mark = if is_open { "…" } else { "" };
        format!("{}{}{mark}", "  ".repeat(row.depth), row.title)
    };
    rows.iter().map(line).collect()
}

fn row_ids(trace: &Trace) -> Vec<Option<SpanId>> {
    let rows = lay_out(trace, Transport::Hidden).rows;
    rows.iter().map(|row| row.span_id).collect()
}

#[test]
fn open_spans_are_drawn_under_their_parents_before_anything_was_exported() {
    let trace = seen(Vec::new(), &events(), RunState::Running);
    let expected = [
        "agent loop…",
        "  step 1…",
        "    gpt-4o",
        "    → researcher…",
        "      step 1…",
        "        web_search…",
    ];
    assert_eq!(outline(&trace), expected);
    let tool = trace.spans.last().unwrap();
    assert_eq!(tool.duration_ns(), 380_000_000, "it reaches to now");
}

#[test]
fn an_exported_span_takes_the_place_of_the_drawn_one() {
    let mut search = span(9, 8, "tool.web_search", (121, 400));
    search.service = "researcher".to_owned();
    let mut events = events();
    events.push(event(400, "researcher", &[5], found(9, 279)));
    let trace = seen(vec![search.clone()], &events, RunState::Running);
    assert!(trace.spans.contains(&search), "{trace:?}");
    assert_eq!(outline(&trace)[5], "        web_search");
}

#[test]
fn nothing_is_an_orphan_while_parents_are_still_to_be_exported() {
    let service = |mut span: Span, service: &str| {
        span.service = service.to_owned();
        span
    };
    // The researcher is done; the spans of transport above it are not.
    let exported = vec![
        service(span(9, 8, "tool.web_search", (121, 400)), "researcher"),
        service(span(8, 7, "agent.step.1", (110, 400)), "researcher"),
        service(span(7, 6, "agent.agentic_loop", (110, 401)), "researcher"),
        service(span(12, 11, "modelapi.chat", (20, 90)), "gateway"),
    ];
    let trace = seen(exported, &events(), RunState::Running);
    let layout = lay_out(&trace, Transport::Hidden);
    assert_eq!(layout.facts.orphans, 0, "{:?}", outline(&trace));
}

#[test]
fn the_finished_picture_has_the_rows_that_were_drawn() {
    let exported = vec![
        span(1, 0, "POST /v1/chat/completions", (0, 1000)),
        span(2, 1, "agent.agentic_loop", (0, 1000)),
        span(3, 2, "agent.step.1", (0, 1000)),
        span(4, 3, "model.inference", (10, 100)),
        span(5, 3, "delegate.researcher", (100, 990)),
        span(10, 5, "POST", (101, 989)),
        span(6, 10, "POST /v1/chat/completions", (102, 985)),
        span(7, 6, "agent.agentic_loop", (110, 980)),
        span(8, 7, "agent.step.1", (110, 980)),
        span(9, 8, "tool.web_search", (120, 970)),
    ];
    let fresh = Trace {
        id: TRACE,
        spans: exported.clone(),
    };
    let drawn = seen(Vec::new(), &events(), RunState::Running);
    assert_eq!(row_ids(&drawn), row_ids(&fresh));
    // Whatever has arrived by then, the rows are the same.
    for n_exported in 0..exported.len() {
        let arrived = exported[exported.len() - n_exported..].to_vec();
        let trace = seen(arrived, &events(), RunState::Finished);
        assert_eq!(row_ids(&trace), row_ids(&fresh), "{n_exported} exported");
    }
}

#[test]
fn what_a_run_left_open_ended_with_it() {
    let trace = seen(Vec::new(), &events(), RunState::Cancelled);
    assert!(!trace.spans.iter().any(is_open));
    let ends: Vec<_> = trace
        .spans
        .iter()
        .map(|span| span.end_ns)
        .max()
        .into_iter()
        .collect();
    assert_eq!(ends, [(NEW_YEAR_MS + 1000) * 1_000_000]);
}
