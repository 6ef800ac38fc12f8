//! One event of a run, read field by field.
//!
//! What serde derives for an enum of so many kinds was a quarter of all that the page of a conversation
//! fetches. A field that is missing is empty, and a kind that is unknown is no event.

use api::{
    chat::{ErrorDetail, Usage},
    money::Usd,
    run::{RunEvent, RunEventKind},
};
use serde_json::Value;

/// The event that this JSON is.
pub(super) fn event(json: &Value) -> Option<RunEvent> {
    let path = json.get("path").and_then(Value::as_array);
    Some(RunEvent {
        seq: json.get("seq")?.as_u64()?,
        at_ms: number(json, "at_ms"),
        agent: text(json, "agent"),
        path: path.map_or_else(Vec::new, |spans| spans.iter().map(words).collect()),
        kind: kind(json)?,
    })
}

/// What went wrong, as the body of an error says it.
pub(super) fn error(json: &Value) -> Option<ErrorDetail> {
    let json = json.get("error").filter(|error| error.is_object())?;
    Some(ErrorDetail {
        message: text(json, "message"),
        kind: text(json, "type"),
        param: optional(json, "param"),
        code: optional(json, "code"),
        trace_id: optional(json, "trace_id"),
    })
}

/// A text that may be missing.
pub(super) fn optional(json: &Value, name: &str) -> Option<String> {
    json.get(name)?.as_str().map(str::to_owned)
}

fn kind(json: &Value) -> Option<RunEventKind> {
    let of = json.get("type")?.as_str()?;
    Some(match of {
        "run.started" => RunEventKind::RunStarted {
            run_id: text(json, "run_id"),
            trace_id: text(json, "trace_id"),
            session_id: text(json, "session_id"),
            span_id: text(json, "span_id"),
        },
        "step.started" => RunEventKind::StepStarted {
            step: count(json, "step"),
            max_steps: count(json, "max_steps"),
            span_id: text(json, "span_id"),
        },
        "message.delta" => RunEventKind::MessageDelta {
            text: text(json, "text"),
        },
        "run.finished" => RunEventKind::RunFinished {
            finish_reason: text(json, "finish_reason"),
            usage: usage(json),
            duration_ms: number(json, "duration_ms"),
        },
        "run.error" => RunEventKind::RunError {
            error: text(json, "error"),
            message: text(json, "message"),
        },
        _ => return kind_of_model(of, json).or_else(|| kind_of_call(of, json)),
    })
}

/// What happened to a question to the model.
fn kind_of_model(of: &str, json: &Value) -> Option<RunEventKind> {
    let span_id = text(json, "span_id");
    let error = text(json, "error");
    let status = || json.get("status")?.as_u64()?.try_into().ok();
    Some(match of {
        "model.started" => RunEventKind::ModelStarted {
            model: text(json, "model"),
            span_id,
        },
        "model.retrying" => RunEventKind::ModelRetrying {
            span_id,
            model: text(json, "model"),
            attempt: count(json, "attempt"),
            wait_ms: number(json, "wait_ms"),
            status: status(),
            error,
        },
        "model.fallback" => RunEventKind::ModelFallback {
            span_id,
            from: text(json, "from"),
            to: text(json, "to"),
            status: status(),
            error,
        },
        "model.finished" => RunEventKind::ModelFinished {
            span_id,
            usage: usage(json),
            duration_ms: number(json, "duration_ms"),
            calls: count(json, "calls"),
        },
        "model.failed" => RunEventKind::ModelFailed {
            span_id,
            error,
            duration_ms: number(json, "duration_ms"),
        },
        _ => return None,
    })
}

/// What happened to a call of a tool or of another agent.
fn kind_of_call(of: &str, json: &Value) -> Option<RunEventKind> {
    let (name, target) = (text(json, "name"), text(json, "target"));
    let (span_id, error) = (text(json, "span_id"), text(json, "error"));
    let duration_ms = number(json, "duration_ms");
    Some(match of {
        "tool.started" => RunEventKind::ToolStarted {
            name,
            arguments: json.get("arguments").cloned().unwrap_or_default(),
            span_id,
        },
        "tool.finished" => RunEventKind::ToolFinished {
            name,
            span_id,
            result: text(json, "result"),
            duration_ms,
        },
        "tool.failed" => RunEventKind::ToolFailed {
            name,
            span_id,
            error,
            duration_ms,
        },
        "delegate.started" => RunEventKind::DelegateStarted {
            target,
            task: text(json, "task"),
            span_id,
        },
        "delegate.finished" => RunEventKind::DelegateFinished {
            target,
            span_id,
            answer: text(json, "answer"),
            duration_ms,
        },
        "delegate.failed" => RunEventKind::DelegateFailed {
            target,
            span_id,
            error,
            duration_ms,
        },
        _ => return None,
    })
}

fn usage(json: &Value) -> Usage {
    let usage = json.get("usage").unwrap_or(&Value::Null);
    let prompt = usage.get("prompt_tokens_details").unwrap_or(&Value::Null);
    let completion = usage
        .get("completion_tokens_details")
        .unwrap_or(&Value::Null);
    let cost = usage.get("cost").and_then(Value::as_f64);
    Usage {
        prompt_tokens: number(usage, "prompt_tokens"),
        completion_tokens: number(usage, "completion_tokens"),
        total_tokens: number(usage, "total_tokens"),
        cached_tokens: number(prompt, "cached_tokens"),
        cache_write_tokens: number(prompt, "cache_write_tokens"),
        reasoning_tokens: number(completion, "reasoning_tokens"),
        cost: cost.map(Usd::from_dollars),
    }
}

fn text(json: &Value, name: &str) -> String {
    json.get(name).map(words).unwrap_or_default()
}

fn words(json: &Value) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

fn number(json: &Value, name: &str) -> u64 {
    json.get(name).and_then(Value::as_u64).unwrap_or_default()
}

fn count(json: &Value, name: &str) -> u32 {
    u32::try_from(number(json, name)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use api::chat::ErrorBody;
    use serde_json::json;

    use super::*;

    /// Every kind as it is on the wire, with all its fields.
    fn kinds() -> Vec<Value> {
        let usage = json!({
            "prompt_tokens": 40, "completion_tokens": 12, "total_tokens": 52, "cost": 0.0004,
            "prompt_tokens_details": { "cached_tokens": 9, "cache_write_tokens": 3 },
            "completion_tokens_details": { "reasoning_tokens": 5 },
        });
        vec![
            json!({ "type": "run.started", "run_id": "r", "trace_id": "t", "session_id": "s", "span_id": "x" }),
            json!({ "type": "step.started", "step": 1, "max_steps": 5, "span_id": "x" }),
            json!({ "type": "model.started", "model": "m", "span_id": "x" }),
            json!({ "type": "model.retrying", "span_id": "x", "model": "m", "attempt": 2, "wait_ms": 70, "status": 429, "error": "late" }),
            json!({ "type": "model.fallback", "span_id": "x", "from": "m", "to": "n", "status": 500, "error": "late" }),
            json!({ "type": "model.finished", "span_id": "x", "usage": usage, "duration_ms": 8, "calls": 2 }),
            json!({ "type": "model.failed", "span_id": "x", "error": "late", "duration_ms": 8 }),
            json!({ "type": "tool.started", "name": "n", "arguments": { "a": [1] }, "span_id": "x" }),
            json!({ "type": "tool.finished", "name": "n", "span_id": "x", "result": "r", "duration_ms": 8 }),
            json!({ "type": "tool.failed", "name": "n", "span_id": "x", "error": "late", "duration_ms": 8 }),
            json!({ "type": "delegate.started", "target": "b", "task": "t", "span_id": "x" }),
            json!({ "type": "delegate.finished", "target": "b", "span_id": "x", "answer": "a", "duration_ms": 8 }),
            json!({ "type": "delegate.failed", "target": "b", "span_id": "x", "error": "late", "duration_ms": 8 }),
            json!({ "type": "message.delta", "text": "Zürich" }),
            json!({ "type": "run.finished", "finish_reason": "stop", "usage": usage, "duration_ms": 8 }),
            json!({ "type": "run.error", "error": "Cancelled", "message": "stopped" }),
        ]
    }

    #[test]
    fn an_event_of_every_kind_is_read_as_serde_reads_it() {
        for mut json in kinds() {
            json["seq"] = json!(3);
            json["at_ms"] = json!(1_700_000_000_000_u64);
            json["agent"] = json!("a");
            json["path"] = json!(["p", "q"]);
            let expected: RunEvent = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(serde_json::to_value(&expected).unwrap(), json);
            assert_eq!(event(&json), Some(expected));
        }
    }

    #[test]
    fn what_may_be_missing_may_be_missing() {
        for kind in [
            json!({ "type": "run.started", "run_id": "r", "trace_id": "t", "session_id": "s" }),
            json!({ "type": "model.retrying", "span_id": "x", "model": "m", "attempt": 2, "wait_ms": 70, "error": "late" }),
            json!({ "type": "model.finished", "span_id": "x", "usage": {}, "duration_ms": 8, "calls": 0 }),
        ] {
            let mut json = kind;
            json["seq"] = json!(1);
            json["agent"] = json!("a");
            let expected: RunEvent = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(event(&json), Some(expected));
        }
    }

    #[test]
    fn a_kind_of_a_newer_version_is_no_event() {
        let json = json!({ "seq": 1, "agent": "a", "type": "run.dreamt" });
        assert_eq!(event(&json), None);
    }

    #[test]
    fn an_error_is_read_as_serde_reads_it() {
        let json = json!({ "error": {
            "message": "no key", "type": "server_error", "param": "model", "code": "c", "trace_id": "t",
        } });
        let expected: ErrorBody = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(error(&json), Some(expected.error));
    }
}
