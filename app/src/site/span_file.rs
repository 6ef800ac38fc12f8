//! The spans of a trace as a file, a line each: what a spreadsheet can add up.

use std::fmt::Write as _;

use api::{
    attributes::key,
    traces::{Span, SpanStatus, StepKind, Trace, TraceId, kind},
};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use serde_json::Value;

use super::{Failure, Ports, csv::quoted};
use crate::{
    pages::{
        period::written,
        traces::{
            known,
            layout::{self, Row, Transport, lay_out},
        },
    },
    untrusted::visible,
};

const HEADINGS: &str = "span_id,parent_id,service,kind,step,name,start,offset_ms,duration_ms,self_ms,\
                        critical_path_ms,status,error,input_tokens,output_tokens\n";

/// `/traces/{id}/spans.csv`: every span, parents before children.
pub(super) async fn get(
    State(ports): State<Ports>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let known = match TraceId::parse(&id) {
        Some(id) => known(&ports, id).await?,
        None => None,
    };
    let Some(known) = known else {
        return Ok((StatusCode::NOT_FOUND, "there is no such trace\n").into_response());
    };
    let name = format!(
        "attachment; filename=\"trace-{}-spans.csv\"",
        known.trace.id
    );
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, table(&known.trace)).into_response())
}

fn table(trace: &Trace) -> String {
    let layout = lay_out(trace, Transport::Shown);
    let self_times = layout::self_times(&trace.spans);
    let mut text = HEADINGS.to_owned();
    for row in &layout.rows {
        // The row of missing parents is no span.
        if let Some(index) = row.span {
            append(&mut text, &trace.spans[index], row, self_times[index]);
        }
    }
    text
}

fn append(text: &mut String, span: &Span, row: &Row, self_ns: u64) {
    let field = |text: &str| quoted(&visible(text));
    let number = |key| span.attribute(key).and_then(Value::as_u64);
    let tokens = |key| number(key).map(|n| n.to_string()).unwrap_or_default();
    let (status, error) = match &span.status {
        SpanStatus::Unset => ("unset", ""),
        SpanStatus::Ok => ("ok", ""),
        SpanStatus::Error(reason) => ("error", reason.as_str()),
    };
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{},{},{},{},{},{},{},{},{},{},{},{status},{},{},{}",
        span.span_id,
        span.parent_id.map(|id| id.to_string()).unwrap_or_default(),
        field(&span.service),
        row.kind.map_or("unknown", StepKind::as_str),
        field(&kind::title(span)),
        field(&span.name),
        written(span.start_ns),
        milliseconds(row.offset_ns),
        milliseconds(row.duration_ns),
        milliseconds(self_ns),
        milliseconds(row.on_path_ns),
        field(error),
        tokens(key::INPUT_TOKENS),
        tokens(key::OUTPUT_TOKENS),
    );
}

/// With all digits there are.
fn milliseconds(ns: u64) -> String {
    format!("{}.{:06}", ns / 1_000_000, ns % 1_000_000)
}

#[cfg(test)]
mod tests {
    use crate::pages::fixture::{Fixture, TRACE, span};

    use super::*;

    #[tokio::test]
    async fn every_span_is_a_line_with_its_times_and_tokens() {
        let mut called = span(2, 1, "tool.web_search", (500, 1750));
        called.status = SpanStatus::Error("=HYPERLINK(\"evil\")\nno".to_owned());
        called.attributes = vec![(key::INPUT_TOKENS.to_owned(), 7.into())];
        let fixture = Fixture {
            spans: vec![span(1, 0, "POST /v1/chat/completions", (0, 2000)), called],
            ..Fixture::default()
        };
        let (status, file) = fixture.get(&format!("/traces/{TRACE}/spans.csv")).await;
        assert_eq!(status, StatusCode::OK);
        let expected = [
            HEADINGS.trim_end(),
            "0000000000000001,,\"coordinator\",http,\"POST /v1/chat/completions\",\
             \"POST /v1/chat/completions\",2026-01-01T00:00:00Z,0.000000,2000.000000,750.000000,\
             750.000000,ok,\"\",,",
            "0000000000000002,0000000000000001,\"coordinator\",tool,\"web_search\",\
             \"tool.web_search\",2026-01-01T00:00:00.5Z,500.000000,1250.000000,1250.000000,\
             1250.000000,error,\" =HYPERLINK(\"\"evil\"\")\nno\",7,",
        ];
        assert_eq!(file.trim_end(), expected.join("\n"));
    }

    #[tokio::test]
    async fn a_trace_that_is_not_there_has_no_file() {
        for id in ["00000000000000000000000000000001", "oops"] {
            let (status, _) = Fixture::default()
                .get(&format!("/traces/{id}/spans.csv"))
                .await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{id}");
        }
    }
}
