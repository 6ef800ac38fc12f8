//! One question to Jaeger over HTTP, and what came back.

use api::traces::ReadError;
use axum::http::StatusCode;
use reqwest::Url;
use serde_json::Value;

use super::JaegerSettings;

/// The largest answer that is read. A trace of 100,000 spans fits.
const MAX_ANSWER_BYTES: usize = 256 * 1024 * 1024;

/// Characters of an error's text that are passed on.
const MAX_REASON_CHARS: usize = 300;

/// Asks one Jaeger.
pub(super) struct Ask {
    client: reqwest::Client,
    settings: JaegerSettings,
}

/// What came back for a question that Jaeger could be asked.
#[derive(Debug)]
pub(super) enum Answer {
    /// JSON.
    Found(Vec<u8>),
    /// What was asked for does not exist.
    Nothing,
    /// Nobody answers at this path: this Jaeger is older or newer than it. Jaeger sends its user
    /// interface for paths that it does not know.
    Absent,
}

impl Ask {
    pub(super) fn new(client: reqwest::Client, mut settings: JaegerSettings) -> Self {
        let url = settings.url.trim_end_matches('/').len();
        settings.url.truncate(url);
        Self { client, settings }
    }

    /// Asks for `path` below the base path; `what` names the answer in errors.
    pub(super) async fn get(
        &self,
        what: &'static str,
        path: &str,
        params: &[(&str, String)],
    ) -> Result<Answer, ReadError> {
        let JaegerSettings {
            url,
            headers,
            timeout,
        } = &self.settings;
        let question = Url::parse_with_params(&format!("{url}{path}"), params);
        let request = self.client.get(question.map_err(|error| ReadError::Read {
            what,
            reason: format!("{url} is no URL: {error}"),
        })?);
        let sent = request.headers(headers.clone()).timeout(*timeout).send();
        let response = sent.await.map_err(|error| self.failed(what, &error))?;
        let status = response.status();
        let body = self.read(what, response).await?;
        self.judge(what, status, body)
    }

    async fn read(
        &self,
        what: &'static str,
        mut response: reqwest::Response,
    ) -> Result<Vec<u8>, ReadError> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.failed(what, &error))?
        {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                let mib = MAX_ANSWER_BYTES / 1024 / 1024;
                let reason = format!("Jaeger's answer is larger than {mib} MiB; ask for less");
                return Err(ReadError::Read { what, reason });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn judge(
        &self,
        what: &'static str,
        status: StatusCode,
        body: Vec<u8>,
    ) -> Result<Answer, ReadError> {
        let fail = |reason| Err(ReadError::Read { what, reason });
        let is_json = body.first().is_some_and(|first| *first == b'{');
        match status {
            StatusCode::OK if is_json => Ok(Answer::Found(body)),
            StatusCode::NOT_FOUND if is_json => Ok(Answer::Nothing),
            StatusCode::OK | StatusCode::NOT_FOUND => Ok(Answer::Absent),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => fail(format!(
                "{} refused to answer with {status}; check the token or the headers for it",
                self.settings.url
            )),
            StatusCode::NOT_IMPLEMENTED => Err(ReadError::Unsupported(reason(&body))),
            StatusCode::BAD_REQUEST => Err(ReadError::Unsupported(format!(
                "Jaeger refused the question: {}",
                reason(&body)
            ))),
            _ => fail(format!("Jaeger answered {status}: {}", reason(&body))),
        }
    }

    /// Neither generation of the API is at the address.
    pub(super) fn no_jaeger(&self, what: &'static str) -> ReadError {
        let reason = format!(
            "{} does not answer as Jaeger; check the address and its base path",
            self.settings.url
        );
        ReadError::Read { what, reason }
    }

    fn failed(&self, what: &'static str, error: &reqwest::Error) -> ReadError {
        let JaegerSettings { url, timeout, .. } = &self.settings;
        let reason = if error.is_timeout() {
            format!("{url} did not answer within {timeout:?}")
        } else if error.is_connect() {
            format!("{url} cannot be reached; check that Jaeger runs and that the URL is right")
        } else {
            format!("the exchange with {url} broke off")
        };
        ReadError::Read { what, reason }
    }
}

/// The text of an error in either generation's shape, or the beginning of the body.
fn reason(body: &[u8]) -> String {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let said = json["error"]["message"]
        .as_str()
        .or_else(|| json["errors"][0]["msg"].as_str())
        .map_or_else(
            || String::from_utf8_lossy(body).into_owned(),
            ToOwned::to_owned,
        );
    said.trim().chars().take(MAX_REASON_CHARS).collect()
}
