//! Asks a model API one question, as the debugger of models does.
//!
//! It goes through the program's own router, so that keys stay where they are. The answer is read as
//! it streams, because only then is it known when its first word came.

use std::time::{Duration, Instant};

use axum::{Router, body::Body};
use futures::{SinkExt, StreamExt, channel::mpsc};
use http::{Request, StatusCode, header};
use serde_json::{Map, Value, json};
use tower::ServiceExt;

use crate::{components::answers::Said, rows::Id, sse::Lines, url::Encoded};

/// More than a page ever shows.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// A model API behind the program's own router.
#[derive(Clone, Copy)]
pub(crate) struct ModelApi<'a> {
    pub(crate) router: &'a Router,
    pub(crate) id: &'a Id,
}

/// Who hears an answer while it comes.
pub(crate) struct Listener {
    /// Which of the answers to one question this is, from 0.
    pub(crate) answer: u8,
    pub(crate) said: mpsc::Sender<Said>,
}

impl Listener {
    async fn hear(&mut self, text: String, first_token_ms: u64) {
        let answer = self.answer;
        let words = Said::Words {
            answer,
            text,
            first_token_ms,
        };
        // The answer is kept, whether or not somebody still listens.
        drop(self.said.send(words).await);
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// What was said, what it used, when its first word came; or `error` and the status.
    pub(crate) response: Value,
    pub(crate) end: End,
    pub(crate) took: Duration,
}

/// How a question ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Answered,
    Refused,
    TimedOut,
}

impl ModelApi<'_> {
    /// The models it says it has.
    pub(crate) async fn models(self, within: Duration) -> Result<Vec<String>, String> {
        let listed = async {
            let request = Request::get(self.uri("models"))
                .body(Body::empty())
                .map_err(|error| error.to_string())?;
            // A router's error type has no values.
            let Ok(response) = self.router.clone().oneshot(request).await;
            let status = response.status();
            let body = axum::body::to_bytes(response.into_body(), LONGEST_ANSWER)
                .await
                .map_err(|error| error.to_string())?;
            if !status.is_success() {
                return Err(format!("it answered with HTTP {status}"));
            }
            let body: Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
            let models = body["data"].as_array().into_iter().flatten();
            let ids = models.filter_map(|model| model["id"].as_str());
            Ok(ids.map(ToOwned::to_owned).collect())
        };
        let late = |_| format!("it did not answer within {} s", within.as_secs());
        tokio::time::timeout(within, listed).await.map_err(late)?
    }

    /// Asks, and reads the answer to its end.
    pub(crate) async fn ask(self, request: &Value, within: Duration, listener: Listener) -> Answer {
        let begun = Instant::now();
        let answered = self.answer(request, begun, listener);
        let answered = tokio::time::timeout(within, answered).await;
        let (end, response) = match answered {
            Ok(Ok(response)) => (End::Answered, response),
            Ok(Err(response)) => (End::Refused, response),
            Err(_) => {
                let message = format!("no answer within {} s", within.as_secs());
                (End::TimedOut, json!({"error": message}))
            }
        };
        Answer {
            response,
            end,
            took: begun.elapsed(),
        }
    }

    async fn answer(
        self,
        request: &Value,
        begun: Instant,
        mut listener: Listener,
    ) -> Result<Value, Value> {
        let failed = |message: String| json!({"error": message});
        let request = Request::post(self.uri("chat/completions"))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(request.to_string()))
            .map_err(|error| failed(error.to_string()))?;
        let Ok(response) = self.router.clone().oneshot(request).await;
        let status = response.status();
        if status != StatusCode::OK {
            let body = axum::body::to_bytes(response.into_body(), LONGEST_ANSWER).await;
            let body = body.map_err(|error| failed(error.to_string()))?;
            let body = String::from_utf8_lossy(&body).into_owned();
            let body = serde_json::from_str(&body).unwrap_or(Value::String(body));
            let message = body["error"]["message"].as_str().or(body.as_str());
            let message = message.unwrap_or("the model API refused the request");
            return Err(json!({
                "error": message, "status": status.as_u16(), "body": body,
            }));
        }
        let mut heard = Heard::default();
        let mut stream = response.into_body().into_data_stream();
        let mut lines = Lines::default();
        let mut size = 0;
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|error| failed(error.to_string()))?;
            size += piece.len();
            if size > LONGEST_ANSWER {
                return Err(failed("the answer is longer than 4 MB".to_owned()));
            }
            for data in lines.feed(&piece) {
                if let Some((text, first_token_ms)) = heard.take_in(&data, begun) {
                    listener.hear(text, first_token_ms).await;
                }
            }
        }
        heard.end()
    }

    fn uri(self, path: &str) -> String {
        let Id { namespace, name } = self.id;
        format!(
            "/modelapis/{}/{}/v1/{path}",
            Encoded(namespace),
            Encoded(name)
        )
    }
}

/// What has been read of a streamed answer.
#[derive(Default)]
struct Heard {
    text: String,
    first_token_ms: Option<u64>,
    calls: Vec<Value>,
    rest: Map<String, Value>,
    error: Option<Value>,
}

impl Heard {
    /// Takes in a chunk: its words, and when the first word came, in milliseconds.
    fn take_in(&mut self, data: &str, begun: Instant) -> Option<(String, u64)> {
        let chunk: Value = serde_json::from_str(data).ok()?;
        if !chunk["error"].is_null() {
            self.error = Some(chunk["error"].clone());
        }
        let choice = &chunk["choices"][0];
        let text = choice["delta"]["content"].as_str().unwrap_or_default();
        let calls = choice["delta"]["tool_calls"].as_array();
        if self.first_token_ms.is_none() && (!text.is_empty() || calls.is_some()) {
            let ms = begun.elapsed().as_millis();
            self.first_token_ms = Some(u64::try_from(ms).unwrap_or(u64::MAX));
        }
        self.text.push_str(text);
        self.calls.extend(calls.into_iter().flatten().cloned());
        for (name, value) in [
            ("model", &chunk["model"]),
            ("usage", &chunk["usage"]),
            ("finish_reason", &choice["finish_reason"]),
        ] {
            if !value.is_null() {
                self.rest.insert(name.to_owned(), value.clone());
            }
        }
        let words = (!text.is_empty()).then(|| text.to_owned())?;
        Some((words, self.first_token_ms?))
    }

    fn end(mut self) -> Result<Value, Value> {
        if let Some(error) = self.error {
            let message = error["message"].as_str().unwrap_or("the stream failed");
            return Err(json!({"error": message, "body": error}));
        }
        self.rest.insert("text".to_owned(), self.text.into());
        if let Some(first) = self.first_token_ms {
            self.rest.insert("first_token_ms".to_owned(), first.into());
        }
        if !self.calls.is_empty() {
            self.rest.insert("tool_calls".to_owned(), self.calls.into());
        }
        Ok(Value::Object(self.rest))
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::post;

    use super::*;

    fn id() -> Id {
        Id {
            namespace: "team".to_owned(),
            name: "llm".to_owned(),
        }
    }

    /// What comes of it, and the words that were heard on the way.
    async fn ask(answer: (StatusCode, &'static str)) -> (Answer, Vec<Said>) {
        let path = "/modelapis/team/llm/v1/chat/completions";
        let router = Router::new().route(path, post(move || async move { answer }));
        let api = ModelApi {
            router: &router,
            id: &id(),
        };
        let (said, heard) = mpsc::channel(16);
        let listener = Listener { answer: 1, said };
        let answer = api
            .ask(&json!({"model": "m"}), Duration::from_secs(30), listener)
            .await;
        (answer, heard.collect().await)
    }

    #[tokio::test]
    async fn a_streamed_answer_is_put_together_with_its_usage() {
        let stream = concat!(
            "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\n",
            "data: {\"choices\":[],\"usage\":{\"total_tokens\":7}}\n\n",
            "data: [DONE]\n\n",
        );
        let (answer, heard) = ask((StatusCode::OK, stream)).await;
        assert_eq!(answer.end, End::Answered);
        assert_eq!(answer.response["text"], "Hello");
        assert_eq!(answer.response["finish_reason"], "stop");
        assert_eq!(answer.response["usage"]["total_tokens"], 7);
        let first_token_ms = answer.response["first_token_ms"].as_u64().unwrap();
        let words = |text: &str| Said::Words {
            answer: 1,
            text: text.to_owned(),
            first_token_ms,
        };
        assert_eq!(heard, [words("Hel"), words("lo")]);
    }

    #[tokio::test]
    async fn a_refusal_keeps_the_providers_status_and_body() {
        let body = "{\"error\":{\"message\":\"invalid key\"}}";
        let (answer, heard) = ask((StatusCode::UNAUTHORIZED, body)).await;
        assert!(heard.is_empty());
        assert_eq!(answer.end, End::Refused);
        assert_eq!(answer.response["status"], 401);
        assert_eq!(answer.response["error"], "invalid key");
    }
}
