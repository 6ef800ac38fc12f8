//! The transport of servers from before 2025: a stream of events down, and POSTs up to the address
//! that its first event names.

use std::{error::Error as StdError, future::ready, io};

use bytes::Bytes;
use eventsource_stream::Eventsource;
use futures::{Sink, Stream, StreamExt, sink};
use http::{HeaderMap, StatusCode, header::ACCEPT};
use reqwest::{Client, Response, Url};
use serde::{Serialize, de::DeserializeOwned};

use super::MAX_MESSAGE;

/// Why a server cannot be reached this way.
#[derive(Debug, thiserror::Error)]
pub(super) enum SseError {
    #[error("the address is not a URL")]
    ParseUrl,
    #[error(transparent)]
    Request(reqwest::Error),
    #[error("it answers {0}")]
    Status(StatusCode),
    #[error("its first event does not say where to send messages")]
    NameEndpoint,
    #[error("it wants messages to be sent to another server, {0}")]
    Elsewhere(String),
}

impl SseError {
    /// What the server answered, if it was an HTTP error.
    pub(super) fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status(status) => Some(*status),
            Self::Request(_) | Self::ParseUrl | Self::NameEndpoint | Self::Elsewhere(_) => None,
        }
    }
}

/// Connects to the stream at `url`: where to put messages, and where they come from.
pub(super) async fn connect<Up, Down>(
    http: &Client,
    url: &str,
    headers: &HeaderMap,
) -> Result<
    (
        impl Sink<Up, Error = SseError> + Send + Unpin + use<Up, Down>,
        impl Stream<Item = Down> + Send + Unpin + use<Up, Down>,
    ),
    SseError,
>
where
    Up: Serialize + Send + 'static,
    Down: DeserializeOwned + Send + 'static,
{
    let base = Url::parse(url).map_err(|_| SseError::ParseUrl)?;
    let request = http.get(base.clone()).headers(headers.clone());
    let response = request.header(ACCEPT, "text/event-stream").send().await;
    let response = accepted(response.map_err(SseError::Request)?)?;
    let events = bounded(response.bytes_stream()).eventsource();
    let mut events = Box::pin(
        events
            .take_while(|event| ready(event.is_ok()))
            .filter_map(|event| ready(event.ok())),
    );
    let endpoint = match events.next().await {
        Some(event) if event.event == "endpoint" => base.join(event.data.trim()),
        Some(_) | None => return Err(SseError::NameEndpoint),
    };
    let endpoint = endpoint.map_err(|_| SseError::NameEndpoint)?;
    // The headers may hold credentials, which are for that server alone.
    if endpoint.origin() != base.origin() {
        let origin = endpoint.origin().ascii_serialization();
        return Err(SseError::Elsewhere(origin));
    }

    let up = (http.clone(), endpoint, headers.clone());
    let up = sink::unfold(up, async |(http, endpoint, headers), message: Up| {
        let request = http.post(endpoint.clone()).headers(headers.clone());
        let response = request.json(&message).send().await;
        accepted(response.map_err(SseError::Request)?)?;
        Ok((http, endpoint, headers))
    });
    let down = events.filter_map(async |event| serde_json::from_str(&event.data).ok());
    Ok((Box::pin(up), Box::pin(down)))
}

fn accepted(response: Response) -> Result<Response, SseError> {
    if response.status().is_success() {
        Ok(response)
    } else {
        Err(SseError::Status(response.status()))
    }
}

/// The same bytes, until an event is too long.
fn bounded<E: StdError + Send + Sync + 'static>(
    bytes: impl Stream<Item = Result<Bytes, E>> + Send,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    let mut line_bytes = 0;
    bytes.map(move |chunk| {
        let chunk = chunk.map_err(io::Error::other)?;
        // Events of MCP are one line of data each.
        match chunk.iter().rposition(|byte| *byte == b'\n') {
            Some(at) => line_bytes = chunk.len() - at - 1,
            None => line_bytes += chunk.len(),
        }
        if line_bytes > MAX_MESSAGE {
            return Err(io::Error::other("an event is too long"));
        }
        Ok(chunk)
    })
}
