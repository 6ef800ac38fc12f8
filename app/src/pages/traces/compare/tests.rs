use api::{
    attributes::key,
    traces::{Span, TraceId},
};
use http::StatusCode;

use crate::pages::fixture::{Fixture, TRACE, span};

fn said(mut span: Span, question: &str, answer: &str) -> Span {
    let message = |role: &str, text: &str| format!(r#"[{{"role":"{role}","content":"{text}"}}]"#);
    span.attributes = vec![
        (
            key::INPUT_MESSAGES.to_owned(),
            message("user", question).into(),
        ),
        (
            key::OUTPUT_MESSAGES.to_owned(),
            message("assistant", answer).into(),
        ),
    ];
    span
}

fn fixture() -> Fixture {
    Fixture {
        spans: vec![
            span(1, 0, "agent.agentic_loop", (0, 2000)),
            said(
                span(2, 1, "model.inference", (10, 400)),
                "Chips?",
                "<b>97</b> percent",
            ),
            span(3, 1, "tool.web_search", (400, 1900)),
        ],
        ..Fixture::default()
    }
}

#[tokio::test]
async fn a_run_compared_with_itself_has_no_differences() {
    let path = format!("/traces/compare?a={TRACE}&b={TRACE}");
    let (status, html) = fixture().get(&path).await;
    assert_eq!(status, StatusCode::OK);
    for part in [
        "A and B take equally long",
        "The same in both:",
        "&lt;b&gt;97&lt;/b&gt; percent",
        "web_search",
        "±0",
        "Swap A and B",
    ] {
        assert!(html.contains(part), "no {part:?} in {html}");
    }
    assert_eq!(html.matches("data-testid=\"compare-row\"").count(), 3);
}

#[tokio::test]
async fn what_cannot_be_compared_says_why_and_asks_for_two_runs() {
    let other = TraceId([1; 16]);
    let check = async |query: String, expected: &str| {
        let (status, html) = fixture().get(&format!("/traces/compare?{query}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{query}");
        assert!(html.contains(expected), "no {expected:?} in {html}");
        assert!(html.contains("name=\"a\""), "{html}");
    };
    check(format!("a={TRACE}&b={other}"), "There is no run 0101").await;
    check(format!("run={TRACE}"), "1 of two runs were chosen").await;
    check(format!("a={TRACE}"), "Run B is not chosen").await;
    check(
        format!("a=previous&b={TRACE}"),
        "no earlier run of the agent",
    )
    .await;
    check(format!("a=median&b={TRACE}"), "no other run of the agent").await;
    check("a=%3Ci%3E&b=x".to_owned(), "&lt;i&gt;").await;
}
