//! Reads what an agent remembers, from the agent itself.

use api::run::RunSummary;
use axum::{Router, body::Body};
use http::{Request, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};
use tower::ServiceExt;

use super::history::MemoryEvent;
use crate::url::Encoded;

/// More than an agent ever answers at once.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;

/// The agent did not tell what it remembers.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It answered with an error, or not at all.
    #[error("failed to read the memory of agent {agent}: it answered with HTTP {status}")]
    Answer { agent: String, status: StatusCode },
    /// Its answer cannot be read.
    #[error("failed to read the memory of agent {agent}: {reason}")]
    Read { agent: String, reason: String },
}

/// An agent whose memory is read.
#[derive(Clone, Copy)]
pub(crate) struct Remembering<'a> {
    /// Serves `/agents/{namespace}/{name}/…` and `/api/runs`.
    pub(crate) agents: &'a Router,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
}

#[derive(Deserialize)]
struct Events {
    #[serde(default)]
    events: Vec<MemoryEvent>,
}

#[derive(Deserialize)]
struct Sessions {
    #[serde(default)]
    sessions: Vec<String>,
}

#[derive(Deserialize)]
struct Runs {
    #[serde(default)]
    runs: Vec<RunSummary>,
}

impl Remembering<'_> {
    /// The events of a session, oldest first; the newest of all sessions without one.
    pub(crate) async fn events(self, session: Option<&str>) -> Result<Vec<MemoryEvent>, Error> {
        let of_session = session.map(|session| format!("&session_id={}", Encoded(session)));
        let query = of_session.unwrap_or_default();
        let answer: Events = self
            .get(self.path(&format!("memory/events?limit=1000{query}")))
            .await?;
        Ok(answer.events)
    }

    /// Ids of its sessions.
    pub(crate) async fn sessions(self) -> Result<Vec<String>, Error> {
        let answer: Sessions = self.get(self.path("memory/sessions")).await?;
        Ok(answer.sessions)
    }

    /// Its runs in a session that go on, newest first.
    pub(crate) async fn running(self, session: &str) -> Result<Vec<RunSummary>, Error> {
        let uri = format!(
            "/api/runs?state=running&namespace={}&agent={}&session={}",
            Encoded(self.namespace),
            Encoded(self.name),
            Encoded(session)
        );
        let answer: Runs = self.get(uri).await?;
        Ok(answer.runs)
    }

    fn path(self, path: &str) -> String {
        format!(
            "/agents/{}/{}/{path}",
            Encoded(self.namespace),
            Encoded(self.name)
        )
    }

    async fn get<T: DeserializeOwned>(self, uri: String) -> Result<T, Error> {
        let agent = || self.name.to_owned();
        let unreadable = |reason: String| Error::Read {
            agent: agent(),
            reason,
        };
        let request = Request::get(uri)
            .body(Body::empty())
            .map_err(|error| unreadable(error.to_string()))?;
        // A router's error type has no values.
        let Ok(response) = self.agents.clone().oneshot(request).await;
        if !response.status().is_success() {
            return Err(Error::Answer {
                agent: agent(),
                status: response.status(),
            });
        }
        let body = axum::body::to_bytes(response.into_body(), LONGEST_ANSWER)
            .await
            .map_err(|error| unreadable(error.to_string()))?;
        serde_json::from_slice(&body).map_err(|error| unreadable(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use axum::{Json, extract::RawQuery, routing::get};
    use serde_json::json;

    use super::*;

    fn agents() -> Router {
        let events = |RawQuery(query): RawQuery| async move {
            let content = query.unwrap_or_default();
            Json(json!({"events": [{"event_type": "user_message", "content": content}]}))
        };
        Router::new().route("/agents/{ns}/{name}/memory/events", get(events))
    }

    #[tokio::test]
    async fn a_session_is_asked_for_by_its_id_and_nothing_else() {
        let agents = agents();
        let agent = Remembering {
            agents: &agents,
            namespace: "team",
            name: "coordinator",
        };
        let events = agent.events(Some("s&limit=1")).await.unwrap();
        assert_eq!(events[0].content, "limit=1000&session_id=s%26limit%3D1");
    }

    #[tokio::test]
    async fn an_agent_that_is_not_there_is_an_error_with_its_status() {
        let agents = agents();
        let agent = Remembering {
            agents: &agents,
            namespace: "team",
            name: "coordinator",
        };
        let error = agent.sessions().await.unwrap_err();
        let message =
            "failed to read the memory of agent coordinator: it answered with HTTP 404 Not Found";
        assert_eq!(error.to_string(), message);
    }
}
