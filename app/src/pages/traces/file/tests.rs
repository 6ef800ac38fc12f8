use api::{
    attributes::{key, span as name},
    traces::{LogPosition, LogRecord, Span, SpanEvent, SpanStatus},
};
use http::StatusCode;
use serde_json::{Value, json};

use crate::pages::fixture::{Fixture, TRACE, has, span};

const EVIL: &str = "</title></style><script>alert(1)</script><img src=\"http://evil.example/?q=1\">\
                    \u{202E}![](http://evil.example)";

fn with(mut span: Span, attributes: &[(&str, Value)]) -> Span {
    let own = attributes.iter();
    span.attributes
        .extend(own.map(|(key, value)| ((*key).to_owned(), value.clone())));
    span
}

/// A run in which everything that a model or a program can say is hostile.
fn run() -> Vec<Span> {
    let said = json!([{"role": EVIL, "content": EVIL}]);
    let mut tool = with(
        span(4, 2, "tool.web_search", (400, 1900)),
        &[
            (key::TOOL_NAME, EVIL.into()),
            (key::TOOL_ARGUMENTS, EVIL.into()),
            (key::TOOL_RESULT, EVIL.into()),
            (EVIL, EVIL.into()),
        ],
    );
    tool.status = SpanStatus::Error(EVIL.to_owned());
    tool.events = vec![SpanEvent {
        time_ns: tool.end_ns,
        name: key::EXCEPTION.to_owned(),
        attributes: vec![
            (key::EXCEPTION_TYPE.to_owned(), EVIL.into()),
            (key::EXCEPTION_MESSAGE.to_owned(), EVIL.into()),
            (key::EXCEPTION_STACKTRACE.to_owned(), EVIL.into()),
        ],
    }];
    let mut delegation = with(
        span(5, 2, "delegate.researcher", (1900, 1950)),
        &[
            (key::DELEGATION_TASK, EVIL.into()),
            (key::DELEGATION_ANSWER, EVIL.into()),
        ],
    );
    delegation.service = EVIL.to_owned();
    let mut root = span(1, 0, "agent.agentic_loop", (0, 2000));
    root.service = EVIL.to_owned();
    root.status = SpanStatus::Error(EVIL.to_owned());
    root.resource = vec![(key::SERVICE_NAMESPACE.to_owned(), "team".into())];
    root.attributes = vec![(
        key::REPLAY_TRACE_ID.to_owned(),
        Value::String("cd".repeat(16)),
    )];
    let mut step = span(2, 1, "agent.step.1", (0, 2000));
    step.status = SpanStatus::Error(EVIL.to_owned());
    vec![
        root,
        step,
        with(
            span(3, 2, name::MODEL, (10, 400)),
            &[
                (key::INPUT_MESSAGES, said.to_string().into()),
                (key::OUTPUT_MESSAGES, said),
                (key::REQUEST_MODEL, EVIL.into()),
                (key::INPUT_TOKENS, 7.into()),
            ],
        ),
        tool,
        delegation,
    ]
}

fn log(number: u8, body: &str) -> LogRecord {
    LogRecord {
        time_ns: run()[0].start_ns + 4_000_000,
        service: "coordinator".to_owned(),
        severity: EVIL.to_owned(),
        severity_number: 17,
        body: body.to_owned(),
        trace_id: Some(TRACE),
        span_id: Some(span(number, 0, "", (0, 0)).span_id),
        attributes: Vec::new(),
        position: LogPosition::default(),
    }
}

async fn file(fixture: Fixture) -> String {
    let (status, html) = fixture.get(&format!("/traces/{TRACE}/trace.html")).await;
    assert_eq!(status, StatusCode::OK, "{html}");
    html
}

#[tokio::test]
async fn a_file_has_what_the_page_has_of_every_span() {
    let fixture = Fixture {
        spans: run(),
        logs: vec![log(4, "search failed"), log(9, "of no span that is here")],
        ..Fixture::default()
    };
    let html = file(fixture).await;
    has(
        &html,
        &[
            "Failed because of ",
            "<a href=\"#0000000000000004\">",
            "3 error spans",
            "Replay of an earlier run. ",
            "It holds what models and tools were told",
            "Logs of this span",
            "7 in / ? out",
            ".columns > * + *",
        ],
    );
    assert_eq!(html.matches("data-testid=\"span-row\"").count(), 5);
    assert_eq!(html.matches("data-testid=\"span-panel\"").count(), 5);
    assert_eq!(html.matches(">search failed<").count(), 2, "span and all");
    assert_eq!(html.matches("of no span that is here").count(), 1);
    let open = html.matches("<details open").count();
    assert_eq!(open, 1, "the span that explains the run");
}

#[tokio::test]
async fn nothing_that_was_said_is_more_than_text_and_nothing_is_loaded() {
    let fixture = Fixture {
        spans: run(),
        logs: vec![log(4, EVIL)],
        ..Fixture::default()
    };
    let html = file(fixture).await;
    has(&html, &["&lt;script&gt;alert(1)", "⟨U+202E⟩"]);
    let lower = html.to_lowercase();
    for loaded in [
        "<script",
        "<img",
        "<iframe",
        "<link",
        "<object",
        "<base",
        "<form",
        "url(",
        "@import",
        "@font-face",
        "\u{202E}",
    ] {
        assert!(!lower.contains(loaded), "{loaded} in {html}");
    }
    for end in ["</style>", "</title>"] {
        assert_eq!(html.matches(end).count(), 1, "no text writes {end}");
    }
    // Every link leads to a part of the file.
    for link in html.split("href=\"").skip(1) {
        assert!(link.starts_with('#'), "{}", &link[..link.len().min(60)]);
    }
    has(
        &html,
        &["http-equiv=\"Content-Security-Policy\" content=\"default-src "],
    );
}

#[tokio::test]
async fn a_file_says_what_it_leaves_out() {
    let mut spans = vec![span(1, 0, "agent.agentic_loop", (0, 9_000))];
    spans.extend((0..5_400_u16).map(|number| {
        let mut span = span(0, 1, "tool.x", (1, 2));
        span.span_id.0[5..7].copy_from_slice(&(number + 1).to_be_bytes());
        span
    }));
    let html = file(Fixture {
        spans,
        ..Fixture::default()
    })
    .await;
    has(
        &html,
        &[
            "The first 5,000 of 5,401 rows are here.",
            "500 of 5,401 rows can be opened: with more the file would be too large.",
        ],
    );
    assert_eq!(html.matches("data-testid=\"span-row\"").count(), 5_000);
    assert_eq!(html.matches("data-testid=\"span-panel\"").count(), 500);
    assert!(!html.contains("It holds what models"), "{html}");
}

#[tokio::test]
async fn a_trace_that_is_not_there_has_no_file() {
    for id in ["00000000000000000000000000000001", "oops"] {
        let path = format!("/traces/{id}/trace.html");
        let (status, _) = Fixture::default().get(&path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{id}");
    }
}
