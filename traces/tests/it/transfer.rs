//! Traces out of one store and into another.

use api::traces::{LogQuery, LogReader, LogRecord, TraceId, TraceReader};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use opentelemetry_proto::tonic::common::v1::any_value::Value as OtlpValue;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use serde_json::json;
use traces::{Store, transfer};

use crate::support::{
    Running, attribute, bytes, call, export, export_logs, failed, folder, get, log, span, text,
    trace_id, with,
};

async fn post(router: &Router, body: impl Into<Body>) -> (StatusCode, serde_json::Value) {
    let request = Request::post("/api/import/traces").body(body.into());
    let response = call(router, request.unwrap()).await;
    let status = response.status();
    let body = bytes(response).await;
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

async fn file(router: &Router, query: &str) -> (StatusCode, Vec<u8>) {
    let uri = format!("/api/export/traces?{query}");
    let response = call(router, Request::get(uri).body(Body::empty()).unwrap()).await;
    (response.status(), bytes(response).await)
}

/// Two traces of a session and one of none, with everything that spans can have.
async fn filled(store: &Store) {
    let mut rich = with(
        failed(span(1, 1, None), "no"),
        vec![
            text("session.id", "s1"),
            attribute("half", OtlpValue::DoubleValue(0.5)),
            attribute("bytes", OtlpValue::BytesValue(vec![0, 255])),
            attribute("large", OtlpValue::IntValue(i64::MAX)),
        ],
    );
    "a=b".clone_into(&mut rich.trace_state);
    rich.dropped_attributes_count = 3;
    rich.events = vec![Event {
        time_unix_nano: 5,
        name: "exception".to_owned(),
        attributes: vec![text("exception.type", "ü")],
        dropped_attributes_count: 1,
    }];
    rich.links = vec![Link {
        trace_id: vec![9; 16],
        span_id: vec![9; 8],
        ..Link::default()
    }];
    let mut request = export("a", vec![rich]);
    "https://example.com/resource".clone_into(&mut request.resource_spans[0].schema_url);
    let scope = &mut request.resource_spans[0].scope_spans[0];
    "https://example.com/scope".clone_into(&mut scope.schema_url);
    store.write_traces(&request).await.unwrap();
    let of_session = with(span(2, 2, None), vec![text("session.id", "s1")]);
    let request = export("a", vec![of_session, span(2, 3, Some(2))]);
    store.write_traces(&request).await.unwrap();
    let request = export("b", vec![span(3, 4, None)]);
    store.write_traces(&request).await.unwrap();
    let mut noted = log(2, 2, 9, "a note <ü>");
    noted.attributes = vec![attribute("n", OtlpValue::IntValue(3))];
    noted.observed_time_unix_nano = 7;
    "note".clone_into(&mut noted.event_name);
    // Said twice, it is there twice.
    let of_a = export_logs("a", vec![noted.clone(), noted, log(2, 3, 17, "it failed")]);
    store.write_logs(&of_a).await.unwrap();
    let of_b = export_logs(
        "b",
        vec![log(2, 3, 5, "also"), log(3, 4, 9, "of no session")],
    );
    store.write_logs(&of_b).await.unwrap();
}

#[tokio::test]
async fn what_was_exported_is_the_same_after_an_import() {
    let (first, second) = (folder(), folder());
    let (from, to) = (Running::open(&first), Running::open(&second));
    filled(&from.store).await;
    let (out, into) = (transfer(from.store.clone()), transfer(to.store.clone()));
    let (status, session) = file(&out, "session=s1").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        session.split(|byte| *byte == b'\n').count(),
        4,
        "a line for each trace, and one for the logs of one"
    );
    let (status, answer) = post(&into, session.clone()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!((&answer["spans"], &answer["logs"]), (&json!(3), &json!(4)));
    assert_eq!(answer["nTraces"], 2);
    // The newest was written first.
    assert_eq!(answer["traces"], json!([trace_id(2), trace_id(1)]));
    let of_trace = |id| LogQuery {
        trace_id: Some(id),
        ..LogQuery::default()
    };
    for n in 1..=3 {
        let id: TraceId = trace_id(n);
        let (sent, came) = (from.store.trace(id).await, to.store.trace(id).await);
        let expected = if n == 3 { None } else { sent.unwrap() };
        assert_eq!(came.unwrap(), expected);
        let logs = of_trace(id);
        let (sent, came) = (from.store.logs(&logs).await, to.store.logs(&logs).await);
        let words = |logs: Vec<LogRecord>| logs.into_iter().map(|log| log.body).collect::<Vec<_>>();
        let expected = if n == 3 {
            Vec::new()
        } else {
            words(sent.unwrap())
        };
        assert_eq!(words(came.unwrap()), expected);
    }
    // To the last byte, and also when it is imported twice.
    let (_, again) = post(&into, session.clone()).await;
    assert_eq!(again["logs"], 0);
    assert_eq!(file(&into, "session=s1").await.1, session);
    let one = format!("trace={}", trace_id(1));
    let (_, one) = file(&out, &one).await;
    let document: serde_json::Value = serde_json::from_slice(&one).unwrap();
    assert_eq!(
        document["resourceSpans"][0]["schemaUrl"],
        "https://example.com/resource"
    );
    let both = format!("trace={},{}", trace_id(1), trace_id(3));
    let (_, both) = file(&out, &both).await;
    let both = String::from_utf8(both).unwrap();
    assert!(both.contains("span-1") && both.contains("span-4") && !both.contains("span-2"));
    let (_, found) = file(&out, "service=b&attribute=host.name%3Dhost-of-b").await;
    assert!(String::from_utf8(found).unwrap().contains("span-4"));
    from.shut_down().await;
    to.shut_down().await;
}

#[tokio::test]
async fn traces_go_out_in_the_shape_that_jaeger_opens() {
    let folder = folder();
    let running = Running::open(&folder);
    filled(&running.store).await;
    let (files, jaeger) = (
        transfer(running.store.clone()),
        traces::jaeger(running.store.clone()),
    );
    let id = trace_id(1);
    let uri = format!("/api/export/traces?trace={id}&format=jaeger");
    let response = call(&files, Request::get(uri).body(Body::empty()).unwrap()).await;
    let name = response.headers()["content-disposition"].to_str().unwrap();
    let expected = format!("attachment; filename=\"trace-{id}.jaeger.json\"");
    assert_eq!(name, expected);
    assert_eq!(response.headers()["content-type"], "application/json");
    let one: serde_json::Value = serde_json::from_slice(&bytes(response).await).unwrap();
    let (_, answer) = get(&jaeger, &format!("/api/traces/{id}")).await;
    assert_eq!(one["data"], answer["data"], "what its query API answers");
    let all = format!("trace={id},{},{}&format=jaeger", trace_id(9), trace_id(3));
    let (_, all) = file(&files, &all).await;
    let all: serde_json::Value = serde_json::from_slice(&all).unwrap();
    let ids: Vec<_> = all["data"].as_array().unwrap().iter().collect();
    let ids: Vec<_> = ids.into_iter().map(|trace| &trace["traceID"]).collect();
    assert_eq!(ids, [&json!(id), &json!(trace_id(3))]);
    running.shut_down().await;
}

#[tokio::test]
async fn a_file_that_is_none_is_told_what_is_wrong_with_it() {
    let folder = folder();
    let running = Running::open(&folder);
    let router = transfer(running.store.clone());
    for wrong in [
        "trace=xyz",
        "attribute=x",
        "from=yesterday",
        "unknown=1",
        "format=pdf",
    ] {
        let (status, _) = file(&router, wrong).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    let (status, body) = get(&router, "/api/export/traces?service=nobody").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(body["error"], "no trace matches");
    let (status, body) = post(&router, "{\"resourceSpans\":[]}\n{\"resourceSp").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let reason = body["error"].as_str().unwrap();
    assert!(reason.starts_with("document 2 of the file"), "{reason}");
    let (status, body) = post(&router, vec![b' '; (64 << 20) + 1]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{body}");
    assert_eq!(post(&router, "").await.1["spans"], 0);
    running.shut_down().await;
}
