use api::{
    attributes::key,
    traces::{Span, SpanId, SpanKind, SpanStatus, StepKind, Trace, TraceId},
};
use serde_json::json;

use super::{Cause, Layout, Outcome, Transport, facts::Tokens, lay_out, place};

const MS: u64 = 1_000_000;

fn id(number: u8) -> SpanId {
    SpanId([0, 0, 0, 0, 0, 0, 0, number])
}

/// A span of `service`, from `start` to `end` milliseconds.
fn span(number: u8, parent: u8, name: &str, service: &str, (start, end): (u64, u64)) -> Span {
    Span {
        trace_id: TraceId([1; 16]),
        span_id: id(number),
        parent_id: (parent > 0).then(|| id(parent)),
        service: service.to_owned(),
        name: name.to_owned(),
        kind: SpanKind::Internal,
        start_ns: start * MS,
        end_ns: end * MS,
        status: SpanStatus::Ok,
        attributes: Vec::new(),
        events: Vec::new(),
        resource: Vec::new(),
    }
}

fn trace(mut spans: Vec<Span>) -> Trace {
    spans.sort_by_key(|span| (span.start_ns, span.span_id));
    Trace {
        id: TraceId([1; 16]),
        spans,
    }
}

fn failed(mut span: Span, reason: &str) -> Span {
    span.status = SpanStatus::Error(reason.to_owned());
    span
}

fn with(mut span: Span, key: &str, value: serde_json::Value) -> Span {
    span.attributes.push((key.to_owned(), value));
    span
}

/// A coordinator asks its model, then a researcher who searches, then its model again.
fn research() -> Trace {
    let c = "coordinator";
    let r = "researcher";
    trace(vec![
        span(1, 0, "POST /v1/chat/completions", c, (0, 1000)),
        span(2, 1, "agent.agentic_loop", c, (0, 1000)),
        span(3, 2, "agent.step.1", c, (0, 800)),
        span(4, 3, "model.inference", c, (10, 100)),
        span(5, 3, "delegate.researcher", c, (100, 790)),
        span(6, 5, "POST /v1/chat/completions", r, (110, 780)),
        span(7, 6, "agent.agentic_loop", r, (110, 780)),
        span(8, 7, "agent.step.1", r, (110, 780)),
        span(9, 8, "tool.web_search", r, (120, 770)),
        span(10, 2, "agent.step.2", c, (800, 1000)),
        span(11, 10, "model.inference", c, (810, 990)),
    ])
}

fn outline(layout: &Layout) -> Vec<String> {
    let rows = layout.rows.iter();
    rows.map(|row| format!("{}{}", "  ".repeat(row.depth), row.title))
        .collect()
}

#[test]
fn a_delegation_and_the_loop_it_starts_are_one_row_and_transport_is_counted() {
    let layout = lay_out(&research(), Transport::Hidden);
    let expected = [
        "agent loop",
        "  step 1",
        "    model.inference",
        "    → researcher",
        "      step 1",
        "        web_search",
        "  step 2",
        "    model.inference",
    ];
    assert_eq!(outline(&layout), expected);
    assert_eq!((layout.n_transport, layout.n_folded), (2, 1));
}

#[test]
fn every_span_has_a_row_when_transport_is_shown() {
    let layout = lay_out(&research(), Transport::Shown);
    assert_eq!(layout.rows.len(), 11);
    assert_eq!((layout.n_transport, layout.n_folded), (0, 0));
    assert_eq!(layout.rows[0].n_below, 10);
}

#[test]
fn a_hidden_span_is_stood_for_by_the_row_above_it() {
    let layout = lay_out(&research(), Transport::Hidden);
    let titled = |index| {
        let row = layout.row_of(index);
        row.map(|row| layout.rows[row].title.clone())
    };
    assert_eq!(titled(6).as_deref(), Some("→ researcher"));
    assert_eq!(titled(0), None);
}

#[test]
fn a_failure_that_only_transport_shows_is_not_hidden() {
    let mut research = research();
    research.spans.push(failed(
        span(12, 11, "POST", "gateway", (820, 830)),
        "connection refused",
    ));
    let layout = lay_out(&research, Transport::Hidden);
    let last = layout.rows.last().unwrap();
    assert_eq!(last.title, "POST");
    assert_eq!(last.error.as_deref(), Some("connection refused"));
}

#[test]
fn the_critical_path_adds_up_to_the_root_and_names_the_slowest_step() {
    let layout = lay_out(&research(), Transport::Hidden);
    let of = |kind| {
        let mut shares = layout.shares.iter();
        shares
            .find(|share| share.kind == Some(kind))
            .map(|share| share.length_ns / MS)
    };
    assert_eq!(of(StepKind::Tool), Some(650));
    assert_eq!(of(StepKind::Model), Some(270));
    assert_eq!(of(StepKind::Delegate), Some(20));
    assert_eq!(of(StepKind::Agent), Some(60));
    let total: u64 = layout.shares.iter().map(|share| share.length_ns).sum();
    assert_eq!(total, layout.facts.total_ns);
    let expected = Cause::Slowest {
        span: id(9),
        step: "tool web_search in researcher".to_owned(),
        length_ns: 650 * MS,
    };
    assert_eq!(layout.cause, Some(expected));
    assert_eq!(layout.default_span, Some(id(9)));
}

#[test]
fn of_parallel_calls_only_the_last_to_finish_is_on_the_critical_path() {
    let layout = lay_out(
        &trace(vec![
            span(1, 0, "agent.agentic_loop", "a", (0, 100)),
            span(2, 1, "tool.fast", "a", (10, 50)),
            span(3, 1, "tool.slow", "a", (10, 90)),
            // Outlives its parent: only what lies inside counts.
            span(4, 1, "tool.late", "a", (95, 500)),
        ]),
        Transport::Hidden,
    );
    let on_path: Vec<_> = layout.rows.iter().map(|row| row.on_path_ns / MS).collect();
    assert_eq!(on_path, [15, 0, 80, 5]);
    assert_eq!(layout.facts.total_ns, 100 * MS);
    assert_eq!(layout.length_ns, 500 * MS);
}

#[test]
fn a_failed_run_is_explained_by_the_span_where_it_began() {
    let mut research = research();
    for span in &mut research.spans {
        if [1, 2, 10].map(id).contains(&span.span_id) {
            span.status = SpanStatus::Error("the model failed".to_owned());
        }
    }
    let model = research
        .spans
        .iter_mut()
        .find(|span| span.span_id == id(11));
    model.unwrap().status = SpanStatus::Error("connection refused".to_owned());
    let layout = lay_out(&research, Transport::Hidden);
    let expected = Cause::Failure {
        span: id(11),
        step: "model model.inference in coordinator".to_owned(),
        reason: "connection refused".to_owned(),
    };
    assert_eq!(layout.facts.outcome, Outcome::Failed);
    assert_eq!(layout.facts.errors, 4);
    assert_eq!(layout.cause, Some(expected));
}

#[test]
fn a_survived_failure_is_opened_first_but_does_not_explain_the_run() {
    let mut research = research();
    let tool = research.spans.iter_mut().find(|span| span.span_id == id(9));
    tool.unwrap().status = SpanStatus::Error("no results".to_owned());
    let layout = lay_out(&research, Transport::Hidden);
    assert_eq!(layout.facts.outcome, Outcome::Completed);
    assert!(matches!(layout.cause, Some(Cause::Slowest { .. })));
    assert_eq!(layout.default_span, Some(id(9)));
}

#[test]
fn spans_without_their_parent_gather_under_one_node_in_time_order() {
    let mut research = research();
    research.spans.retain(|span| span.span_id != id(8));
    let layout = lay_out(&research, Transport::Hidden);
    let expected = [
        "agent loop",
        "  step 1",
        "    model.inference",
        "    → researcher",
        "  step 2",
        "    model.inference",
        "missing parent",
        "  web_search",
    ];
    // The root is transport, so that what hangs under it moves to the top.
    assert_eq!(outline(&layout), expected);
    assert_eq!(layout.facts.orphans, 1);
    assert_eq!(layout.facts.outcome, Outcome::Completed);
}

#[test]
fn a_trace_without_its_root_is_incomplete_and_still_drawn() {
    let mut research = research();
    research.spans.retain(|span| span.span_id != id(1));
    let layout = lay_out(&research, Transport::Hidden);
    assert_eq!(layout.facts.outcome, Outcome::Incomplete);
    assert_eq!(layout.rows[0].title, "missing parent");
    assert_eq!(layout.facts.total_ns, 1000 * MS);
    assert_eq!(layout.rows.len(), 9);
}

#[test]
fn spans_that_are_each_others_parents_are_all_drawn() {
    let layout = lay_out(
        &trace(vec![
            span(1, 2, "tool.a", "a", (0, 10)),
            span(2, 3, "tool.b", "a", (1, 9)),
            span(3, 1, "tool.c", "a", (2, 8)),
            span(4, 4, "tool.d", "a", (3, 4)),
        ]),
        Transport::Hidden,
    );
    assert_eq!(layout.rows.len(), 5);
    assert_eq!(layout.facts.orphans, 2);
}

#[test]
fn a_trace_of_nothing_but_transport_is_shown_as_it_is() {
    let spans = vec![
        span(1, 0, "GET /users", "shop", (0, 10)),
        span(2, 1, "SELECT", "db", (1, 9)),
    ];
    let layout = lay_out(&trace(spans), Transport::Hidden);
    assert_eq!(outline(&layout), ["GET /users", "  SELECT"]);
}

#[test]
fn an_empty_trace_has_no_rows_and_no_cause() {
    let layout = lay_out(&trace(Vec::new()), Transport::Hidden);
    assert!(layout.rows.is_empty() && layout.cause.is_none() && layout.shares.is_empty());
}

#[test]
fn a_call_drawn_as_two_nested_spans_is_counted_once_with_its_tokens() {
    let tokens = |span| {
        with(
            with(span, key::INPUT_TOKENS, json!(7)),
            key::OUTPUT_TOKENS,
            json!(3),
        )
    };
    let facts = lay_out(
        &trace(vec![
            span(1, 0, "agent.agentic_loop", "a", (0, 100)),
            span(2, 1, "tool.x", "a", (10, 50)),
            span(3, 2, "tool.x", "a", (11, 49)),
            tokens(span(4, 1, "model.inference", "a", (50, 90))),
            span(5, 4, "POST", "a", (51, 89)),
            tokens(span(6, 5, "model.inference", "gateway", (52, 88))),
        ]),
        Transport::Hidden,
    )
    .facts;
    assert_eq!((facts.tool_calls, facts.model_calls), (1, 1));
    let expected = Tokens {
        input: 7,
        output: 3,
    };
    assert_eq!(facts.tokens, Some(expected));
}

#[test]
fn unreported_tokens_are_unknown_and_not_zero() {
    assert_eq!(lay_out(&research(), Transport::Hidden).facts.tokens, None);
}

#[test]
fn a_chain_of_many_thousand_spans_is_laid_out() {
    let spans = (1..=20_000u16)
        .map(|number| {
            let mut span = span(0, 0, "agent.step.1", "a", (0, 10));
            let id = |number: u16| SpanId::from_slice(&u64::from(number).to_be_bytes());
            span.span_id = id(number).unwrap();
            span.parent_id = id(number - 1);
            span
        })
        .collect();
    assert_eq!(lay_out(&trace(spans), Transport::Hidden).rows.len(), 20_000);
}

#[test]
fn a_spans_own_time_is_what_its_children_leave() {
    let spans = trace(vec![
        span(1, 0, "agent.agentic_loop", "a", (0, 100)),
        span(2, 1, "tool.a", "a", (10, 50)),
        span(3, 1, "tool.b", "a", (20, 60)),
        span(4, 1, "tool.late", "a", (90, 500)),
    ])
    .spans;
    let root = place(&spans, 0);
    assert_eq!(root.self_ns, 40 * MS);
    assert_eq!(root.subtree.len(), 4);
    assert_eq!(place(&spans, 1).self_ns, 40 * MS);
}

#[test]
fn a_run_that_was_stopped_is_neither_completed_nor_failed() {
    let mut research = research();
    research.spans[0] = with(
        research.spans[0].clone(),
        key::FINISH_REASON,
        json!("cancelled"),
    );
    let facts = lay_out(&research, Transport::Hidden).facts;
    assert_eq!(facts.outcome, Outcome::Cancelled);
}
