use api::{
    attributes::key,
    telemetry::Durations,
    traces::{LogPosition, LogRecord, Span, SpanEvent, SpanStatus},
};
use http::StatusCode;
use serde_json::{Value, json};

use crate::pages::fixture::{Answers, Fixture, TRACE, has, span};

fn with(mut span: Span, attributes: &[(&str, Value)]) -> Span {
    let own = attributes.iter();
    span.attributes
        .extend(own.map(|(key, value)| ((*key).to_owned(), value.clone())));
    span
}

fn failed(mut span: Span, reason: &str) -> Span {
    let text = |text: &str| Value::String(text.to_owned());
    span.status = SpanStatus::Error(reason.to_owned());
    span.events.push(SpanEvent {
        time_ns: span.end_ns,
        name: key::EXCEPTION.to_owned(),
        attributes: vec![
            (key::EXCEPTION_TYPE.to_owned(), text("ConnectError")),
            (key::EXCEPTION_MESSAGE.to_owned(), text(reason)),
            (
                key::EXCEPTION_STACKTRACE.to_owned(),
                text("at search.py:12"),
            ),
        ],
    });
    span
}

fn run() -> Vec<Span> {
    vec![
        span(1, 0, "POST /v1/chat/completions", (0, 2000)),
        span(2, 1, "agent.agentic_loop", (0, 2000)),
        span(3, 2, "model.inference", (10, 400)),
        with(
            span(4, 2, "tool.web_search", (400, 1900)),
            &[
                (key::TOOL_ARGUMENTS, json!(r#"{"query":"<b>chips</b>"}"#)),
                (key::TOOL_RESULT, json!("found\u{202E}")),
            ],
        ),
    ]
}

fn fixture(spans: Vec<Span>) -> Fixture {
    Fixture {
        spans,
        ..Fixture::default()
    }
}

fn url(query: &str) -> String {
    format!("/traces/{TRACE}{query}")
}

#[tokio::test]
async fn a_trace_explains_itself_and_opens_its_slowest_span() {
    let (status, html) = fixture(run()).get(&url("")).await;
    assert_eq!(status, StatusCode::OK);
    has(
        &html,
        &[
            "<h1>coordinator · chat</h1>",
            "Slow because of ",
            "tool web_search in coordinator",
            ": 1.50 s of the 2.00 s critical path.",
            "1 transport hidden: show all",
            "tokens not reported",
            r#"data-span-id="0000000000000004" data-kind="tool" data-status="ok""#,
        ],
    );
}

#[tokio::test]
async fn a_trace_offers_its_files_and_says_when_they_hold_messages() {
    use axum::Router;

    const NOTE: &str = "Messages were recorded";
    let (of_store, of_any) = (
        format!("/api/export/traces?trace={TRACE}&amp;format=jaeger"),
        format!("/traces/{TRACE}/spans.csv"),
    );
    let own = Fixture {
        files: Some(Router::new()),
        ..fixture(run())
    };
    has(&own.get(&url("")).await.1, &[&of_store, &of_any, NOTE]);
    // Read from elsewhere, it is not in the store that the other files come from.
    let page = fixture(run()).get(&url("")).await.1;
    has(&page, &[&of_any]);
    assert!(!page.contains("/api/export"), "{page}");
    let silent = vec![span(1, 0, "agent.agentic_loop", (0, 100))];
    let page = fixture(silent).get(&url("")).await.1;
    has(&page, &[&of_any]);
    assert!(!page.contains(NOTE), "{page}");
}

#[tokio::test]
async fn a_tools_arguments_are_shown_as_text() {
    let (_, html) = fixture(run()).get(&url("?span=0000000000000004")).await;
    has(&html, &["&lt;b&gt;chips&lt;/b&gt;", "found⟨U+202E⟩"]);
    assert!(!html.contains("<b>chips"), "{html}");
}

#[tokio::test]
async fn a_failed_run_says_why_and_shows_the_exception() {
    let mut spans = run();
    spans[0].status = SpanStatus::Error("the tool failed".to_owned());
    spans[1].status = SpanStatus::Error("the tool failed".to_owned());
    spans[3] = failed(spans[3].clone(), "connection refused");
    let (_, html) = fixture(spans).get(&url("")).await;
    has(
        &html,
        &[
            "Failed because of ",
            ": connection refused",
            "3 error spans",
            "ConnectError",
            "at search.py:12",
        ],
    );
}

#[tokio::test]
async fn logs_of_the_span_and_of_all_below_it_are_listed() {
    let log = |number: u8, body: &str| LogRecord {
        time_ns: run()[0].start_ns + 4_000_000,
        service: "coordinator".to_owned(),
        severity: "ERROR".to_owned(),
        severity_number: 17,
        body: body.to_owned(),
        trace_id: Some(TRACE),
        span_id: Some(span(number, 0, "", (0, 0)).span_id),
        attributes: Vec::new(),
        position: LogPosition::default(),
    };
    let fixture = Fixture {
        logs: vec![log(4, "search failed"), log(3, "asked the model")],
        ..fixture(run())
    };
    let of_tool = fixture.clone().get(&url("?span=4&side=logs")).await.1;
    has(&of_tool, &["search failed", "+0.004 s"]);
    assert!(!of_tool.contains("asked the model"), "{of_tool}");
    let of_loop = fixture.get(&url("?span=2&side=logs")).await.1;
    has(&of_loop, &["search failed", "asked the model"]);
}

#[tokio::test]
async fn every_side_of_the_panel_can_be_opened() {
    for (side, expected) in [
        ("attributes", key::TOOL_ARGUMENTS),
        ("logs", "Nothing was logged."),
        ("events", "The span has no events."),
        ("raw", "\"span_id\": \"0000000000000004\""),
    ] {
        let path = url(&format!("?span=4&side={side}"));
        let (status, html) = fixture(run()).get(&path).await;
        assert_eq!(status, StatusCode::OK);
        has(&html, &[expected]);
    }
}

#[tokio::test]
async fn a_trace_without_its_root_says_so() {
    let (status, html) = fixture(run().split_off(1)).get(&url("")).await;
    assert_eq!(status, StatusCode::OK);
    has(
        &html,
        &[
            "Incomplete",
            "The root span has not arrived",
            "missing parent",
        ],
    );
}

#[tokio::test]
async fn a_trace_that_is_not_there_is_not_found_and_the_page_says_why() {
    for path in ["/traces/00000000000000000000000000000001", "/traces/oops"] {
        let (status, html) = Fixture::default().get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        has(
            &html,
            &["No such trace", "It may not have been exported yet"],
        );
    }
}

#[tokio::test]
async fn a_long_trace_is_shown_in_pages() {
    let mut spans = vec![span(1, 0, "agent.agentic_loop", (0, 100))];
    spans.extend((0..700_u16).map(|number| {
        let mut span = span(0, 1, "tool.x", (1, 2));
        span.span_id.0[5..7].copy_from_slice(&(number + 1).to_be_bytes());
        span
    }));
    let first = fixture(spans.clone()).get(&url("")).await.1;
    assert_eq!(first.matches(r#"data-testid="span-row""#).count(), 500);
    has(&first, &["Rows 1 to 500 of 701", "Next 201", "from=500"]);
    let second = fixture(spans).get(&url("?from=500")).await.1;
    assert_eq!(second.matches(r#"data-testid="span-row""#).count(), 201);
}

#[tokio::test]
async fn the_step_to_blame_is_compared_with_what_it_usually_takes_once_that_is_known() {
    let page = async |n| {
        let durations = Durations {
            n,
            p50_ns: 900_000_000,
            ..Durations::default()
        };
        let spans = vec![
            span(1, 0, "agent.agentic_loop", (0, 7_000)),
            span(2, 1, "tool.web_search", (500, 6_800)),
        ];
        let fixture = Fixture {
            spans,
            answers: Some(Answers {
                durations,
                ..Answers::default()
            }),
            ..Fixture::default()
        };
        fixture.get(&url("")).await.1
    };
    has(
        &page(500).await,
        &[
            "usually takes 900 ms",
            "(P50 of 500 in the day before)",
            "q=tool%3Aweb_search",
            "slower than 99 % of its calls",
            "a=previous",
        ],
    );
    let page = page(4).await;
    assert!(!page.contains("usually"), "{page}");
    assert!(!page.contains("slower than"), "{page}");
}
