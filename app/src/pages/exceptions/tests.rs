use api::{
    telemetry::{ExceptionGroupId, Occurrence},
    traces::{ReadError, SpanId},
};
use http::StatusCode;

use crate::pages::fixture::{Answers, Fixture, TRACE, span};

use super::*;

fn group() -> ExceptionGroup {
    ExceptionGroup {
        id: ExceptionGroupId(7),
        exception_type: "ValueError".to_owned(),
        template: "Tool <b>‹*›</b> not found".to_owned(),
        top_frame: "at tool.search (researcher)".to_owned(),
        n: 1_200,
        n_traces: 3,
        first_ns: 1_000,
        last_ns: 2_000,
        first_ever_ns: 1_000,
        services: vec!["researcher".to_owned()],
        counts: vec![0, 4, 1],
    }
}

fn occurrence(span: u8, message: &str) -> Occurrence {
    Occurrence {
        time_ns: 1_767_225_600_000_000_000,
        service: "researcher".to_owned(),
        trace_id: Some(TRACE),
        span_id: Some(SpanId([0, 0, 0, 0, 0, 0, 0, span])),
        message: message.to_owned(),
        stacktrace: "ValueError: Tool x not found\n    at tool.x (researcher)".to_owned(),
    }
}

fn fixture() -> Fixture {
    Fixture {
        spans: vec![span(1, 0, "agent.agentic_loop", (0, 10))],
        answers: Some(Answers {
            groups: vec![group()],
            occurrences: vec![
                occurrence(1, "Tool x not found"),
                occurrence(2, "Tool y not found"),
            ],
            ..Answers::default()
        }),
        ..Fixture::default()
    }
}

#[tokio::test]
async fn exceptions_of_one_kind_are_one_line_and_what_they_say_is_only_text() {
    let (status, html) = fixture().get("/ns/team/exceptions").await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        html.contains("/exceptions/0000000000000007?range=24h"),
        "{html}"
    );
    assert!(
        html.contains("Tool &lt;b&gt;‹*›&lt;/b&gt; not found"),
        "{html}"
    );
    assert!(html.contains("1,200"), "{html}");
}

#[tokio::test]
async fn what_is_done_with_is_not_listed_until_it_comes_back() {
    let decided = |decision| Fixture {
        decisions: BTreeMap::from([(ExceptionGroupId(7), decision)]),
        ..fixture()
    };
    // It happened last at 2,000.
    let resolved = Decision::Resolved { at_ns: 2_000 };
    let (_, html) = decided(resolved).get("/ns/team/exceptions").await;
    assert!(!html.contains("data-testid=\"exception\""), "{html}");
    assert!(html.contains("No open exceptions of team"), "{html}");
    assert!(html.contains("1 kind is not open."), "{html}");
    let path = "/ns/team/exceptions?status=resolved";
    let (_, html) = decided(resolved).get(path).await;
    assert!(html.contains(">Resolved<") && html.contains("name=\"reopen\""));

    let came_back = Decision::Resolved { at_ns: 1_999 };
    let (_, html) = decided(came_back).get("/ns/team/exceptions").await;
    assert!(html.contains(">Regressed<") && html.contains("name=\"resolve\""));
    let (_, html) = decided(Decision::Ignored)
        .get("/exceptions/0000000000000007")
        .await;
    assert!(html.contains(">Ignored<"), "{html}");
    let again = "aria-label=\"Open again ValueError: Tool &lt;b&gt;‹*›&lt;/b&gt; not found\"";
    assert!(html.contains(again), "{html}");
}

#[tokio::test]
async fn a_type_is_left_out_and_the_page_says_so() {
    let (_, html) = fixture().get("/ns/team/exceptions").await;
    assert!(html.contains("q=-type%3AValueError"), "{html}");
    let (_, html) = fixture()
        .get("/ns/team/exceptions?q=-type:ValueError")
        .await;
    assert!(!html.contains("data-testid=\"exception\""), "{html}");
    assert!(html.contains("1 kind is left out by the words."), "{html}");
}

#[tokio::test]
async fn without_exceptions_the_page_says_of_whom_and_when() {
    let nothing = Fixture {
        answers: Some(Answers::default()),
        ..Fixture::default()
    };
    let (_, html) = nothing
        .get("/ns/team/exceptions?range=1h&agent=analyst")
        .await;
    assert!(
        html.contains("No open exceptions of analyst in the last hour"),
        "{html}"
    );
}

#[tokio::test]
async fn a_backend_that_keeps_no_exceptions_says_so() {
    let (status, html) = Fixture::default().get("/ns/team/exceptions").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    let why = ReadError::Unsupported("a test keeps nothing".to_owned()).to_string();
    assert!(html.contains(&why), "{html}");
}

#[tokio::test]
async fn an_exception_leads_to_the_span_that_failed() {
    let (status, html) = fixture().get("/exceptions/0000000000000007").await;
    assert_eq!(status, StatusCode::OK);
    let view = format!("/traces/{TRACE}?span=0000000000000001&amp;side=exception");
    assert!(html.contains(&view), "{html}");
    assert!(html.contains("at tool.x (researcher)"), "{html}");

    let path = format!("/exceptions/0000000000000007?event={TRACE}:0000000000000002");
    let (_, html) = fixture().get(&path).await;
    let view = format!("/traces/{TRACE}?span=0000000000000002&amp;side=exception");
    assert!(html.contains(&view), "{html}");
}

#[tokio::test]
async fn an_exception_that_is_not_there_is_not_found() {
    for path in ["/exceptions/zebra", "/exceptions/00000000000000ff"] {
        let nothing = Fixture {
            answers: Some(Answers::default()),
            ..Fixture::default()
        };
        let (status, _) = nothing.get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}
