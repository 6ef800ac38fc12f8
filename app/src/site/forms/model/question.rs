//! Asks the models of the debugger, all at once, and says what they say while they say it.

use std::{convert::Infallible, time::Duration};

use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures::{
    FutureExt, SinkExt, Stream, StreamExt,
    channel::mpsc,
    future::{join_all, ready},
    stream,
};
use http::{HeaderName, header};
use serde_json::Value;

use crate::{
    components::answers::Said,
    kinds::Kind,
    rows::Id,
    site::{
        Ports,
        calls::{Call, Calls, Outcome},
        model::{Answer, End, Listener, ModelApi},
    },
};

/// How long an answer may take.
const WITHIN: Duration = Duration::from_mins(2);
/// Pieces that wait for who reads them; then models wait too.
const MOST_WAITING: usize = 16;
/// Proxies close connections that say nothing.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// One question, and the models it goes to.
pub(super) struct Question {
    pub(super) ports: Ports,
    pub(super) calls: Calls,
    pub(super) id: Id,
    /// As they are sent, one for each model.
    pub(super) requests: Vec<Value>,
}

impl Question {
    /// Asks and waits for the end: the page that shows what came of it.
    pub(super) async fn asked(self) -> String {
        let last = self.said().fold(String::new(), |href, said| {
            ready(match said {
                Said::Words { .. } => href,
                Said::End { href } => href,
            })
        });
        last.await
    }

    /// Asks, and answers with everything that is said as it is said. Who lets go of the answer ends
    /// the question.
    pub(super) fn streamed(self) -> Response {
        let event = |said: Said| {
            let event = Event::default().json_data(&said);
            // A comment is the harmless way to be wrong about it.
            Ok::<_, Infallible>(
                event.unwrap_or_else(|error| Event::default().comment(error.to_string())),
            )
        };
        let alive = KeepAlive::new().interval(KEEP_ALIVE).text("ping");
        let no_buffer = [
            (header::CACHE_CONTROL, "no-store"),
            (HeaderName::from_static("x-accel-buffering"), "no"),
        ];
        let stream = Sse::new(self.said().map(event)).keep_alive(alive);
        (no_buffer, stream).into_response()
    }

    /// Everything that is said, with the end last. Nothing is asked unless it is read.
    fn said(self) -> impl Stream<Item = Said> + Send + 'static {
        let (sender, said) = mpsc::channel(MOST_WAITING);
        let ask = self.ask(sender).into_stream().map(|()| None);
        stream::select(said.map(Some), ask).filter_map(ready)
    }

    async fn ask(self, mut said: mpsc::Sender<Said>) {
        let api = ModelApi {
            router: &self.ports.agents,
            id: &self.id,
        };
        let asked = (0..).zip(&self.requests).map(|(answer, request)| {
            let said = said.clone();
            api.ask(request, WITHIN, Listener { answer, said })
        });
        let answers = join_all(asked).await;
        let calls = self.requests.iter().zip(answers);
        let numbers: Vec<String> = calls
            .map(|(request, answer)| {
                let call = call(&self.ports, request, answer);
                let number = self.calls.add(Kind::ModelApi, &self.id, call);
                number.to_string()
            })
            .collect();
        let page = Kind::ModelApi.href(&self.id.namespace, &self.id.name);
        let href = format!("{page}/debug?call={}", numbers.join("&with="));
        // Who is gone asks the history.
        drop(said.send(Said::End { href }).await);
    }
}

fn call(ports: &Ports, request: &Value, answer: Answer) -> Call {
    let Answer {
        response,
        end,
        took,
    } = answer;
    Call {
        number: 0,
        what: request["model"].as_str().unwrap_or_default().to_owned(),
        at: ports.clock.now(),
        input: request.clone(),
        outcome: match end {
            End::Answered => Outcome::Success,
            End::Refused => Outcome::Refused,
            End::TimedOut => Outcome::Timeout,
        },
        request: request.clone(),
        response,
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    }
}
