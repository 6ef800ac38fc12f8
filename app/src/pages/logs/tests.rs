use api::traces::{LogPosition, LogRecord, SpanId};
use http::StatusCode;

use crate::pages::fixture::{Fixture, TRACE, has};

fn log(severity: (&str, i32), body: &str) -> LogRecord {
    LogRecord {
        time_ns: 1_767_225_600_123_000_000,
        service: "researcher".to_owned(),
        severity: severity.0.to_owned(),
        severity_number: severity.1,
        body: body.to_owned(),
        trace_id: Some(TRACE),
        span_id: Some(SpanId([0, 0, 0, 0, 0, 0, 0, 1])),
        attributes: vec![("tool".to_owned(), "web_search".into())],
        position: LogPosition {
            segment: 1,
            ordinal: 7,
        },
    }
}

fn fixture() -> Fixture {
    Fixture {
        logs: vec![log(("ERROR", 17), "Tool <script>x</script>\u{202E} failed")],
        ..Fixture::default()
    }
}

#[tokio::test]
async fn a_line_shows_when_how_bad_who_and_leads_to_its_span() {
    let (status, html) = fixture().get("/ns/team/logs?range=all").await;
    assert_eq!(status, StatusCode::OK);
    has(
        &html,
        &[
            "2026-01-01 00:00:00.123",
            "ERROR",
            "researcher",
            "Tool &lt;script&gt;x&lt;/script&gt;⟨U+202E⟩ failed",
            "web_search",
            &format!("/traces/{TRACE}?span=0000000000000001&amp;side=logs"),
            "line=1767225600123000000-1-7",
            "All 1 line of all time, the newest first.",
        ],
    );
}

#[tokio::test]
async fn a_line_in_full_leads_on_and_filters_by_its_values() {
    let path = "/ns/team/logs?range=all&line=1767225600123000000-1-7";
    let (_, html) = fixture().get(path).await;
    has(
        &html,
        &[
            "data-testid=\"log-detail\"",
            "Open span",
            "Open trace",
            "is=tool%3Dweb_search",
            "not=service%3Dresearcher",
        ],
    );
}

#[tokio::test]
async fn lines_without_a_value_are_left_out_and_the_condition_can_be_dropped() {
    let (_, html) = fixture()
        .get("/ns/team/logs?range=all&not=tool%3Dweb_search")
        .await;
    assert!(!html.contains("data-testid=\"log\""), "{html}");
    has(&html, &["tool is not web_search", "Drop this condition"]);
}

#[tokio::test]
async fn without_logs_the_page_says_how_to_get_more() {
    let (_, html) = Fixture::default().get("/ns/team/logs?range=1h").await;
    has(
        &html,
        &[
            "No logs of team in the last hour are like that",
            "LOG_LEVEL=debug",
        ],
    );
}

#[tokio::test]
async fn lines_are_to_be_had_as_a_file_of_json() {
    let (status, text) = fixture().get("/ns/team/logs.ndjson?range=all").await;
    assert_eq!(status, StatusCode::OK);
    let line: LogRecord = serde_json::from_str(text.trim_end()).unwrap();
    assert_eq!(line, fixture().logs[0]);
    let (_, none) = fixture()
        .get("/ns/team/logs.ndjson?range=all&is=tool%3Dadd")
        .await;
    assert_eq!(none, "");
}
