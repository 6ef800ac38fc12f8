//! Takes traces out of a file that somebody chose.

use axum::{
    body::{Body, Bytes},
    extract::{
        FromRequest, Multipart, Path, Request, State,
        multipart::{Field, MultipartError},
    },
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use http_body_util::BodyExt;
use serde::Deserialize;
use tower::ServiceExt;

use super::Refused;
use crate::site::{CsrfToken, Ports, render_again};

/// The field that has the file.
pub(crate) const FILE: &str = "file";

/// The largest file, in bytes.
const MAX_BYTES: usize = 64 << 20;
/// What of a larger one is still read and thrown away: browsers show an answer only when they were heard
/// out.
const MAX_READ: usize = 1 << 30;

/// What became of a file.
#[derive(Clone, Debug)]
pub(crate) enum Imported {
    Taken(Taken),
    /// Why it was not taken.
    Refused(String),
}

/// What came in.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Taken {
    pub(crate) spans: u64,
    /// Spans without ids.
    pub(crate) rejected_spans: u64,
    /// Log records that were not there before.
    pub(crate) logs: u64,
    pub(crate) n_traces: u64,
    /// Ids of the first of them.
    pub(crate) traces: Vec<String>,
}

/// A file was not read or not taken.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the form was drawn for another browser")]
    CheckToken,
    #[error("No file was chosen.")]
    FindFile,
    #[error(
        "The file is larger than {} MB; split it between lines.",
        MAX_BYTES >> 20
    )]
    TakeSoMuch,
    #[error("{}", .0.body_text())]
    ReadForm(#[from] MultipartError),
    #[error("{reason}")]
    Take { status: StatusCode, reason: String },
}

impl Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::CheckToken => StatusCode::FORBIDDEN,
            Self::FindFile => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TakeSoMuch => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ReadForm(error) => error.status(),
            Self::Take { status, .. } => *status,
        }
    }
}

/// `POST /ns/{ns}/traces/import`.
pub(in crate::site) async fn post(
    State(ports): State<Ports>,
    Path(_): Path<String>,
    request: Request,
) -> Response {
    let (mut head, body) = request.into_parts();
    let request = Request::from_parts(head.clone(), body);
    // What is left describes a request without a body.
    head.headers.remove(header::CONTENT_LENGTH);
    let Some(files) = ports.files.clone() else {
        return (StatusCode::NOT_FOUND, "traces are kept elsewhere\n").into_response();
    };
    let form = match Multipart::from_request(request, &()).await {
        Ok(form) => form,
        Err(rejection) => return rejection.into_response(),
    };
    let own = CsrfToken::of(&head.headers);
    let outcome = match chosen(form, &own).await {
        Ok(file) => take(files, file).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(taken) => render_again(ports, head, StatusCode::OK, Imported::Taken(taken)).await,
        Err(Error::CheckToken) => {
            render_again(ports, head, StatusCode::FORBIDDEN, Refused::Token).await
        }
        Err(error) => {
            let refused = Imported::Refused(error.to_string());
            render_again(ports, head, error.status(), refused).await
        }
    }
}

/// The file of the form, whose token stands before it.
async fn chosen(mut form: Multipart, own: &CsrfToken) -> Result<Bytes, Error> {
    let mut is_ours = false;
    while let Some(field) = form.next_field().await? {
        match field.name() {
            Some(CsrfToken::FIELD) => {
                is_ours = own.is_sent_by(Some(&field.text().await?));
            }
            Some(FILE) if is_ours => {
                let file = read(field).await?;
                return (!file.is_empty()).then_some(file).ok_or(Error::FindFile);
            }
            Some(FILE) => return Err(Error::CheckToken),
            Some(_) | None => {}
        }
    }
    Err(if is_ours {
        Error::FindFile
    } else {
        Error::CheckToken
    })
}

async fn read(mut field: Field<'_>) -> Result<Bytes, Error> {
    let (mut file, mut n_read) = (Vec::new(), 0_usize);
    while let Some(chunk) = field.chunk().await? {
        n_read += chunk.len();
        if n_read <= MAX_BYTES {
            file.extend_from_slice(&chunk);
        } else if n_read > MAX_READ {
            break;
        } else {
            file = Vec::new();
        }
    }
    if n_read > MAX_BYTES {
        return Err(Error::TakeSoMuch);
    }
    Ok(file.into())
}

/// Hands the file to whoever keeps traces.
async fn take(files: axum::Router, file: Bytes) -> Result<Taken, Error> {
    let lost = |reason: String| Error::Take {
        status: StatusCode::BAD_GATEWAY,
        reason,
    };
    let request = Request::post("/api/import/traces").body(Body::from(file));
    let request = request.map_err(|error| lost(error.to_string()))?;
    // A router's error type has no values.
    let Ok(response) = files.oneshot(request).await;
    let status = response.status();
    let body = response.into_body().collect().await;
    let body = body.map_err(|error| lost(error.to_string()))?.to_bytes();
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(|error| lost(error.to_string()));
    }
    let reason = serde_json::from_slice::<Reason>(&body);
    let reason = reason.map_or_else(
        |_| format!("The store answered with HTTP {status}."),
        sentence,
    );
    Err(Error::Take { status, reason })
}

/// What the store says of a file that it does not take.
#[derive(Deserialize)]
struct Reason {
    error: String,
}

fn sentence(Reason { error }: Reason) -> String {
    let mut letters = error.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}
