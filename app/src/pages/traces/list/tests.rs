use api::{
    attributes::key,
    traces::{Span, SpanStatus},
};
use http::StatusCode;

use crate::pages::fixture::{Fixture, TRACE, has, span};

fn run() -> Vec<Span> {
    let mut model = span(3, 2, "model.inference", (10, 400));
    let asked = r#"[{"role":"user","content":"What of <b>chips</b>?"}]"#;
    model.attributes = vec![(key::INPUT_MESSAGES.to_owned(), asked.into())];
    vec![
        span(1, 0, "POST /v1/chat/completions", (0, 2000)),
        span(2, 1, "agent.agentic_loop", (0, 2000)),
        model,
        span(4, 2, "tool.web_search", (400, 1900)),
    ]
}

fn fixture() -> Fixture {
    Fixture {
        spans: run(),
        ..Fixture::default()
    }
}

async fn list(query: &str) -> String {
    fixture().get(&format!("/ns/team/traces?{query}")).await.1
}

#[tokio::test]
async fn a_row_says_what_was_asked_of_whom_and_what_took_longest() {
    let (status, html) = fixture().get("/ns/team/traces?range=all").await;
    assert_eq!(status, StatusCode::OK);
    has(
        &html,
        &[
            &format!("href=\"/traces/{TRACE}\""),
            "What of &lt;b&gt;chips&lt;/b&gt;?",
            "web_search 1.50 s",
            "2.00 s",
            "2026-01-01 00:00:00",
            "1 M · 1 T · 0 D",
            "Searched all of all time: 1 run matches.",
        ],
    );
}

#[tokio::test]
async fn a_namespace_lists_its_own_traces_and_leads_to_the_newest_when_it_is_old() {
    let other = fixture().get("/ns/other/traces").await.1;
    has(
        &other,
        &["No traces of other in the last 24 hours", "Choose an agent"],
    );
    let all = fixture().get("/ns/_all/traces?range=all").await.1;
    has(&all, &["2.00 s"]);
}

#[tokio::test]
async fn conditions_are_met_or_the_page_offers_to_drop_one() {
    let html = list("range=all&q=tool:web_search+-agent:analyst+chips").await;
    has(
        &html,
        &["data-testid=\"trace-row\"", "each trace was looked at for"],
    );
    let html = list("range=all&q=duration:%3E5s+chips").await;
    has(
        &html,
        &[
            "No trace of team in all time meets all conditions",
            "Without <code>duration:&gt;5s</code>",
            "q=%22chips%22",
            "Show all traces",
        ],
    );
}

#[tokio::test]
async fn a_query_that_is_not_understood_is_shown_with_its_mistake() {
    let html = list("q=agent:a+status:%3Cred%3E").await;
    has(
        &html,
        &[
            "<code>agent:a status:<mark>&lt;red&gt;</mark>",
            "status: expects ok, error or incomplete.",
            "aria-invalid=\"true\"",
        ],
    );
    assert!(!html.contains("data-testid=\"trace-row\""));
}

#[tokio::test]
async fn a_list_that_may_lack_traces_says_so_and_leads_on() {
    let cut = Fixture {
        most: Some(1),
        ..fixture()
    };
    let cut = cut.get("/ns/team/traces?range=all").await.1;
    has(
        &cut,
        &[
            "Searched the newest 1 traces of all time: 1 run matches.",
            &format!("cursor=1767225600000000000-{TRACE}"),
        ],
    );
    let cursor = format!("range=all&cursor=1767225600000000000-{TRACE}");
    let older = list(&cursor).await;
    assert!(!older.contains("data-testid=\"trace-row\""));
    has(&older, &["Back to the newest"]);
}

#[tokio::test]
async fn facets_bars_and_orders_are_links() {
    let html = list("range=all").await;
    has(
        &html,
        &[
            "q=agent%3Acoordinator&amp;range=all",
            "q=tool%3Aweb_search&amp;range=all",
            "q=duration%3A%3E%3D1s%20duration%3A%3C5s",
            "from=2026-01-01T00%3A00%3A00Z&amp;to=",
            "sort=-duration",
        ],
    );
    let html = list("range=all&q=agent:coordinator").await;
    has(
        &html,
        &["href=\"/ns/team/traces?range=all\" aria-current=\"true\""],
    );
}

#[tokio::test]
async fn every_point_of_the_scatter_is_a_link_and_failures_have_a_shape() {
    let mut spans = run();
    spans[3].status = SpanStatus::Error("refused".to_owned());
    let failed = Fixture {
        spans,
        ..Fixture::default()
    };
    let html = failed.get("/ns/team/traces?range=all&view=scatter").await.1;
    has(
        &html,
        &["scatter-point--failed", "coordinator, 2.00 s, with errors"],
    );
}

#[tokio::test]
async fn a_file_has_the_traces_of_the_list_and_none_when_nothing_matches() {
    use axum::{Router, http::Uri, routing::get};

    let echo = get(|uri: Uri| async move { uri.to_string() });
    let with_files = || Fixture {
        files: Some(Router::new().route("/api/export/traces", echo.clone())),
        ..fixture()
    };
    let page = with_files()
        .get("/ns/team/traces?q=tool:web_search&range=all")
        .await
        .1;
    let file = "/ns/team/traces.jsonl?q=tool%3Aweb_search&amp;range=all";
    has(&page, &[&format!("href=\"{file}\""), "Import file"]);
    let (status, asked) = with_files().get(&file.replace("&amp;", "&")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(asked, format!("/api/export/traces?trace={TRACE}"));
    let (status, _) = with_files().get("/ns/other/traces.jsonl?range=all").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, why) = with_files()
        .get("/ns/team/traces.jsonl?q=duration:5s")
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(why.contains("such as >5s"), "{why}");
    // Where traces are read from elsewhere, nothing is offered.
    let page = list("range=all").await;
    assert!(
        !page.contains("Export") && !page.contains("Import"),
        "{page}"
    );
}
