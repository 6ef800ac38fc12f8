//! Traces out of a file that somebody chose.

use axum::{Json, body::Bytes, routing::post};
use serde_json::json;

use super::*;

/// A store that takes whatever is no `bad`.
fn files() -> Router {
    let take = post(|body: Bytes| async move {
        if body.starts_with(b"bad") {
            let error = json!({ "error": "document 1 of the file is no <OTLP>" });
            return (StatusCode::BAD_REQUEST, Json(error));
        }
        let n_traces = u64::from(!body.starts_with(b"none"));
        let id = "ab".repeat(16);
        let taken = json!({
            "spans": 12, "rejectedSpans": 1, "logs": 4, "nTraces": n_traces, "traces": [id],
        });
        (StatusCode::OK, Json(taken))
    });
    Router::new().route("/api/import/traces", take)
}

async fn import(csrf: &str, file: &[u8]) -> Answer {
    let dashboard = router(Ports {
        files: Some(files()),
        ..ports(&Cluster::default())
    });
    let mut body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--x\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--x--\r\n");
    let request = Request::post("/ns/team/traces/import")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=x")
        .header(header::COOKIE, "kaos_csrf=token")
        .body(Body::from(body))
        .unwrap();
    Answer::of(dashboard.oneshot(request).await.unwrap()).await
}

#[tokio::test]
async fn a_file_says_what_came_in_and_leads_to_its_traces() {
    let page = import("token", b"{}").await;
    assert_eq!(page.status, StatusCode::OK);
    page.shows("12 spans and 4 new log records of 1 trace came in.");
    page.shows("1 span without ids left out.");
    page.shows(&format!("href=\"/traces/{}\"", "ab".repeat(16)));
}

#[tokio::test]
async fn a_file_that_is_none_says_why_it_was_not_taken() {
    let page = import("token", b"bad").await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    page.shows("Document 1 of the file is no &lt;OTLP&gt;.");
    page.shows("Import file");
    let page = import("token", b"none").await;
    page.shows("There are no spans and no log records of traces in it.");
    let page = import("token", b"").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.shows("No file was chosen.");
    let large = vec![b' '; (64 << 20) + 1];
    let page = import("token", &large).await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
    page.shows("The file is larger than 64 MB; split it between lines.");
}

#[tokio::test]
async fn a_form_of_another_browser_brings_nothing_in() {
    let page = import("guessed", b"{}").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(!page.text.contains("came in"), "{}", page.text);
}
