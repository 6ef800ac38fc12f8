//! Reads the events of a streamed answer.

mod event;

use api::chat::ErrorDetail;
use serde_json::Value;

use super::run_state::Input;
use crate::sse::Lines;

/// What a piece of the stream means for the run.
pub(crate) fn inputs(lines: &mut Lines, piece: &[u8]) -> Vec<Input> {
    let data = lines.feed(piece);
    data.iter().flat_map(|data| read(data)).collect()
}

/// Reads what stands behind `data:`. Data of other programs say nothing.
fn read(data: &str) -> Vec<Input> {
    if data == "[DONE]" {
        return vec![Input::Ended];
    }
    let Ok(json) = serde_json::from_str::<Value>(data) else {
        return Vec::new();
    };
    if let Some(error) = event::error(&json) {
        return vec![Input::Failed(error)];
    }
    // In the chat stream of a run its events come inside chunks.
    match event::event(&json) {
        Some(event) => vec![Input::Event(Box::new(event))],
        None => read_chunk(&json),
    }
}

fn read_chunk(chunk: &Value) -> Vec<Input> {
    let mut inputs = vec![Input::Ids {
        session_id: event::optional(chunk, "session_id"),
        trace_id: event::optional(chunk, "trace_id"),
    }];
    let choices = chunk.get("choices").and_then(Value::as_array);
    for choice in choices.into_iter().flatten() {
        let Some(delta) = choice.get("delta") else {
            continue;
        };
        let event = delta.get("kaos").and_then(event::event);
        inputs.extend(event.map(|event| Input::Event(Box::new(event))));
        inputs.extend(event::optional(delta, "content").map(Input::Text));
    }
    inputs
}

/// The error in the body of an answer that is no stream.
pub(crate) fn read_error(status: u16, body: &str) -> ErrorDetail {
    let error = serde_json::from_str(body)
        .ok()
        .and_then(|json| event::error(&json));
    error.unwrap_or_else(|| ErrorDetail {
        message: format!("the agent answered with HTTP {status}: {}", body.trim()),
        kind: format!("http_{status}"),
        ..ErrorDetail::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = concat!(
        ": ping\n\n",
        r#"data: {"id":"c","session_id":"s","choices":[{"index":0,"delta":{"content":"Zürich"}}]}"#,
        "\r\n\n",
        r#"data: {"choices":[{"delta":{"kaos":{"seq":2,"agent":"a","type":"step.started","step":1,"max_steps":5,"span_id":"x"}}}]}"#,
        "\n\n",
        r#"data: {"error":{"message":"no","type":"server_error","trace_id":"t"}}"#,
        "\n\ndata: [DONE]\n\n",
    );

    fn kinds(inputs: &[Input]) -> Vec<&'static str> {
        let name = |input: &Input| match input {
            Input::Event(_) => "event",
            Input::Text(_) => "text",
            Input::Ids { .. } => "ids",
            Input::Failed(_) => "failed",
            Input::Broken(_) => "broken",
            Input::Stopped => "stopped",
            Input::Ended => "ended",
        };
        inputs.iter().map(name).collect()
    }

    #[test]
    fn events_are_the_same_however_the_stream_is_cut() {
        let whole = inputs(&mut Lines::default(), STREAM.as_bytes());
        let mut lines = Lines::default();
        let bytewise: Vec<Input> = STREAM
            .bytes()
            .flat_map(|byte| inputs(&mut lines, &[byte]))
            .collect();
        assert_eq!(whole, bytewise);
        let expected = ["ids", "text", "ids", "event", "failed", "ended"];
        assert_eq!(kinds(&whole), expected);
    }

    #[test]
    fn words_cut_inside_a_character_arrive_whole() {
        let inputs = inputs(&mut Lines::default(), STREAM.as_bytes());
        assert_eq!(inputs[1], Input::Text("Zürich".to_owned()));
    }

    #[test]
    fn the_events_of_a_run_are_read_without_chunks_around_them() {
        let line =
            "id: 3\ndata: {\"seq\":3,\"agent\":\"a\",\"type\":\"message.delta\",\"text\":\"x\"}\n";
        let inputs = inputs(&mut Lines::default(), line.as_bytes());
        assert_eq!(kinds(&inputs), ["event"]);
    }

    #[test]
    fn lines_that_are_no_json_are_passed_over() {
        let nothing = inputs(&mut Lines::default(), b"data: oops\nevent: x\n");
        assert!(nothing.is_empty());
    }

    #[test]
    fn an_answer_that_is_no_stream_is_an_error_with_its_status() {
        assert_eq!(read_error(504, "late").kind, "http_504");
        let body = r#"{"error":{"message":"no key","type":"invalid_request_error"}}"#;
        assert_eq!(read_error(400, body).message, "no key");
    }
}
