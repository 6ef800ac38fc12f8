//! Goes on with a recorded run from one of its calls of a model, and leads to what is different.

mod messages;
#[cfg(test)]
mod tests;

pub(crate) use messages::{Change, Messages, Origin, ROLES, SAID, role_field, text_field};

use std::time::Duration;

use api::{
    chat::ChatRequest,
    replay::{Calls, FIELD, OWN_FIELD, RecordedCall, Replay},
    traces::{SpanId, TraceId},
};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;
use serde_json::{Map, json};

use super::{Fields, Sent, chat::start};
use crate::{
    pages::traces::{Dangers, Recording, TraceUrl},
    site::{Ports, render_again},
    url,
};

/// The name of what may be called though it needs to be allowed.
pub(crate) const ALLOWED: &str = "allowed";
/// Ticked by who wants to replay without calling what is not allowed.
pub(crate) const LEAVES_OUT: &str = "leaves-out";
/// How long the new run is waited for; one that takes longer is shown while it goes on.
const WITHIN: Duration = Duration::from_secs(90);
/// How often it is looked for.
const EVERY: Duration = Duration::from_millis(250);

/// What the form of a replay held, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReplayForm {
    pub(crate) messages: Messages,
    /// The recorded results of calls, in their order.
    pub(crate) results: Vec<String>,
    pub(crate) model: String,
    pub(crate) temperature: String,
    /// Whether calls are made, or answered with what was recorded.
    pub(crate) makes_calls: bool,
    /// What may be called though it needs to be allowed.
    pub(crate) allowed: Vec<String>,
    /// Whether what is not allowed is to be left out without asking again.
    leaves_out: bool,
    /// The message that is gone on with, after messages were added or left out.
    pub(crate) next: Option<usize>,
    /// Why the agent refused all of it.
    pub(crate) refused: Option<String>,
    /// Name of a field, and what is wrong with it.
    problems: Vec<(String, &'static str)>,
}

impl ReplayForm {
    /// As it was recorded.
    pub(crate) fn of(recording: &Recording) -> Self {
        Self {
            messages: Messages::of(recording),
            results: recording
                .results
                .iter()
                .map(|call| call.result.clone())
                .collect(),
            model: recording.model.clone(),
            ..Self::default()
        }
    }

    /// The name of the field of a recorded result.
    pub(crate) fn result(place: usize) -> String {
        format!("result-{place}")
    }

    /// What is wrong with a field; nothing when it is empty.
    pub(crate) fn problem(&self, field: &str) -> &'static str {
        let mut problems = self.problems.iter();
        let problem = problems.find(|(name, _)| *name == field);
        problem.map_or("", |(_, message)| message)
    }

    fn read(fields: &Fields, recording: &Recording) -> Self {
        let edited = |name: String, recorded: String| match fields.get(&name) {
            Some(text) => text.replace("\r\n", "\n"),
            None => recorded,
        };
        let results = recording.results.iter().enumerate();
        let results = results.map(|(place, call)| edited(Self::result(place), call.result.clone()));
        Self {
            messages: Messages::read(fields, recording),
            results: results.collect(),
            model: fields.text("model"),
            temperature: fields.text("temperature"),
            makes_calls: fields.get("calls") == Some("made"),
            allowed: fields.all(ALLOWED),
            leaves_out: fields.get(LEAVES_OUT).is_some(),
            ..Self::default()
        }
    }

    /// The request to the agent; none when something is wrong with the form.
    fn request(
        &mut self,
        trace: TraceId,
        recording: &Recording,
        dangers: &Dangers,
    ) -> Option<ChatRequest> {
        let mut rest = Map::new();
        self.problems = self.messages.problems(recording);
        let mut wrong = |field: &str, message| self.problems.push((field.to_owned(), message));
        if self.makes_calls && !self.leaves_out && !dangers.are_allowed(&self.allowed) {
            wrong(ALLOWED, "Tick each that may be called, or replay dry");
        }
        if self.model.is_empty() {
            wrong("model", "Name the model to ask");
        }
        if !self.temperature.is_empty() {
            match self.temperature.parse::<f64>() {
                Ok(number) if (0.0..=2.0).contains(&number) => {
                    rest.insert("temperature".to_owned(), number.into());
                }
                _ => wrong("temperature", "A number from 0 to 2"),
            }
        }
        if !self.problems.is_empty() {
            return None;
        }
        let calls = if self.makes_calls {
            Calls::Made {
                allowed: self.allowed.clone(),
            }
        } else {
            let results = recording.results.iter().zip(&self.results);
            let edited = |(call, result): (&RecordedCall, &String)| RecordedCall {
                result: result.clone(),
                ..call.clone()
            };
            Calls::Recorded {
                results: results.map(edited).collect(),
            }
        };
        let replay = Replay {
            trace_id: trace.to_string(),
            span_id: recording.span.to_string(),
            model: (self.model != recording.model).then(|| self.model.clone()),
            calls,
        };
        rest.insert(OWN_FIELD.to_owned(), json!({ FIELD: replay }));
        Some(ChatRequest {
            messages: self.messages.written(recording),
            stream: Some(true),
            rest,
            ..ChatRequest::default()
        })
    }
}

/// `POST /traces/{id}/replay?span=`.
pub(in crate::site) async fn post(
    State(ports): State<Ports>,
    Path(id): Path<String>,
    Sent { head, fields }: Sent,
) -> Response {
    let pairs = head.uri.query().map(url::pairs).unwrap_or_default();
    let span = pairs.iter().find(|(name, _)| name == "span");
    let span = span.and_then(|(_, text)| SpanId::parse(text));
    let trace = match (TraceId::parse(&id), span) {
        (Some(id), Some(_)) => match ports.traces.trace(id).await {
            Ok(trace) => trace,
            Err(error) => return super::failed(ports, head, error.into()).await,
        },
        (_, _) => None,
    };
    // The page itself says what is wrong with a trace or a span that cannot be replayed.
    let page = Redirect::to(&head.uri.to_string());
    let Some((trace, span)) = trace.zip(span) else {
        return page.into_response();
    };
    let Ok(recording) = Recording::of(&trace, span) else {
        return page.into_response();
    };
    let mut form = ReplayForm::read(&fields, &recording);
    if let Some(change) = fields.get("intent").and_then(Change::read) {
        form.next = Some(form.messages.change(change, &recording));
        return render_again(ports, head, StatusCode::OK, form).await;
    }
    // What calls nothing is not held up by servers that do not answer.
    let dangers = if form.makes_calls {
        Dangers::of(&ports, &recording.agent).await
    } else {
        Ok(Dangers::default())
    };
    let dangers = match dangers {
        Ok(dangers) => dangers,
        Err(failure) => return super::failed(ports, head, failure).await,
    };
    let Some(asked) = form.request(trace.id, &recording, &dangers) else {
        return render_again(ports, head, StatusCode::UNPROCESSABLE_ENTITY, form).await;
    };
    let agent = &recording.agent;
    match start(&ports, &agent.namespace, &agent.name, &asked).await {
        Ok(begun) => Redirect::to(&shown(&ports, trace.id, &begun.trace_id).await).into_response(),
        Err(message) => {
            form.refused = Some(message);
            render_again(ports, head, StatusCode::BAD_GATEWAY, form).await
        }
    }
}

/// Where the new run is seen: beside the old one once it has ended, by itself while it goes on.
async fn shown(ports: &Ports, old: TraceId, new: &str) -> String {
    let Some(id) = TraceId::parse(new) else {
        return TraceUrl::of(old).to_string();
    };
    let ended = async {
        // The first span ends, and is stored, last. A store that fails is asked again.
        loop {
            let trace = ports.traces.trace(id).await.ok().flatten();
            if trace.is_some_and(|trace| trace.spans.iter().any(|span| span.parent_id.is_none())) {
                return;
            }
            tokio::time::sleep(EVERY).await;
        }
    };
    match tokio::time::timeout(WITHIN, ended).await {
        Ok(()) => url::with_query("/traces/compare", &[("a", &old.to_string()), ("b", new)]),
        Err(_) => TraceUrl::of(id).to_string(),
    }
}
