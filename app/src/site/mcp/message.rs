//! JSON-RPC messages out of an HTTP body: one JSON text, or server-sent events.

use http::{HeaderMap, header};
use serde_json::Value;

/// More than a page ever shows.
const LONGEST: usize = 16 * 1024 * 1024;

/// What has come of a body and is no whole message yet.
pub(super) struct Messages {
    form: Form,
    rest: Vec<u8>,
    /// The data of the event that is being read.
    data: String,
}

enum Form {
    Json,
    Events,
}

impl Messages {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let kind = headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        Self {
            form: if kind.starts_with("text/event-stream") {
                Form::Events
            } else {
                Form::Json
            },
            rest: Vec::new(),
            data: String::new(),
        }
    }

    /// The messages that a piece completes.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Result<Vec<Value>, String> {
        if self.rest.len() + self.data.len() + piece.len() > LONGEST {
            return Err("it is larger than 16 MB".to_owned());
        }
        self.rest.extend_from_slice(piece);
        match self.form {
            Form::Json => Ok(Vec::new()),
            Form::Events => self.events(),
        }
    }

    /// The message that the end completes.
    pub(super) fn end(&mut self) -> Result<Option<Value>, String> {
        match self.form {
            Form::Json => serde_json::from_slice(&self.rest)
                .map(Some)
                .map_err(|error| error.to_string()),
            Form::Events => Ok(None),
        }
    }

    fn events(&mut self) -> Result<Vec<Value>, String> {
        let mut messages = Vec::new();
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\r', '\n']);
            if let Some(data) = line.strip_prefix("data:") {
                self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
            } else if line.is_empty() && !self.data.trim().is_empty() {
                let data = std::mem::take(&mut self.data);
                messages.push(serde_json::from_str(&data).map_err(|error| error.to_string())?);
            }
        }
        Ok(messages)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn messages(kind: &'static str) -> Messages {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        Messages::of(&headers)
    }

    #[test]
    fn events_are_messages_however_they_are_cut() {
        let stream =
            ": hello\nid: 1\ndata: \n\nevent: message\ndata: {\"id\":2,\"result\":{}}\r\n\r\n";
        let mut messages = messages("text/event-stream");
        let found: Vec<_> = stream
            .bytes()
            .flat_map(|byte| messages.feed(&[byte]).unwrap())
            .collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0]["id"], 2);
    }

    #[test]
    fn one_json_text_is_one_message() {
        let mut messages = messages("application/json");
        assert!(messages.feed(b"{\"id\":").unwrap().is_empty());
        messages.feed(b"1}").unwrap();
        assert_eq!(messages.end().unwrap().unwrap()["id"], 1);
        assert!(self::messages("application/json").end().is_err());
    }
}
