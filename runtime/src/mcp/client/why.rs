//! What went wrong with a server, read from rmcp's errors and said for people.
//!
//! URLs are not repeated as they are: some have a key in them.

use std::error::Error as StdError;

use http::StatusCode;
use rmcp::{
    ServiceError,
    model::ErrorCode,
    service::ClientInitializeError,
    transport::streamable_http_client::{
        AuthRequiredError, HttpStatusError, InsufficientScopeError, StreamableHttpError,
    },
};

use super::{MAX_MESSAGE, sse::SseError};
use crate::mcp::McpError;

/// Bytes of a server's own words.
const MAX_WORDS: usize = 500;

/// The error of a connection that did not come about.
pub(super) fn not_connected(server: &str, error: &ClientInitializeError) -> McpError {
    let server = server.to_owned();
    match (error, status(error)) {
        (_, Some(status)) if is_unknown_caller(status) => McpError::NeedsCredentials {
            server,
            reason: format!("it answers {status}"),
        },
        (ClientInitializeError::JsonRpcError(error), _) => McpError::Refuse {
            message: shortened(&error.message),
        },
        (ClientInitializeError::ConnectionClosed(_), _) => McpError::Connect {
            server,
            reason: "it closed the connection before it had answered".to_owned(),
        },
        (_, status) => McpError::Connect {
            server,
            reason: said(error, status),
        },
    }
}

/// The error of an event stream that did not come about.
pub(super) fn no_event_stream(server: &str, error: SseError) -> McpError {
    let server = server.to_owned();
    match error.status() {
        Some(status) if is_unknown_caller(status) => McpError::NeedsCredentials {
            server,
            reason: format!("it answers {status}"),
        },
        Some(_) | None => McpError::Connect {
            server,
            reason: match error {
                SseError::Request(error) => of_request(&error),
                other => other.to_string(),
            },
        },
    }
}

/// The error of a list of tools that did not come.
pub(super) fn not_listed(server: &str, error: ServiceError) -> McpError {
    let status = status(&error);
    let server = server.to_owned();
    match status {
        Some(status) if is_unknown_caller(status) => McpError::NeedsCredentials {
            server,
            reason: format!("it answers {status} when asked for its tools"),
        },
        Some(_) | None => McpError::Connect {
            server,
            reason: format!("its tools cannot be listed: {}", of_service(error, status)),
        },
    }
}

/// The error of a call that was not answered with a result.
pub(super) fn not_called(server: &str, tool: String, error: ServiceError) -> McpError {
    let status = status(&error);
    let server = server.to_owned();
    match status {
        Some(status) if is_unknown_caller(status) => McpError::NeedsCredentials {
            server,
            reason: format!("it answers {status} to a call of \"{tool}\""),
        },
        Some(_) | None if matches!(error, ServiceError::TransportClosed) => {
            McpError::Break { server, tool }
        }
        Some(_) | None => McpError::Call {
            server,
            tool,
            reason: of_service(error, status),
        },
    }
}

/// Whether a server turns down the usual way to begin, which the newest version no longer has.
pub(super) fn speaks_another_version(error: &ClientInitializeError) -> bool {
    matches!(error, ClientInitializeError::JsonRpcError(error)
        if [ErrorCode::METHOD_NOT_FOUND, ErrorCode::UNSUPPORTED_PROTOCOL_VERSION].contains(&error.code))
}

/// Whether the connection, and not the call, is what failed.
pub(super) fn may_be_broken(error: &ServiceError) -> bool {
    matches!(
        error,
        ServiceError::TransportSend(_) | ServiceError::TransportClosed
    )
}

/// The HTTP error that a server answered, wherever it is in the chain of causes.
pub(super) fn status(error: &(dyn StdError + 'static)) -> Option<StatusCode> {
    causes(error).find_map(|cause| {
        if cause.is::<AuthRequiredError>() {
            return Some(StatusCode::UNAUTHORIZED);
        }
        if cause.is::<InsufficientScopeError>() {
            return Some(StatusCode::FORBIDDEN);
        }
        if let Some(error) = cause.downcast_ref::<HttpStatusError>() {
            return StatusCode::from_u16(error.status).ok();
        }
        match cause.downcast_ref::<StreamableHttpError<reqwest::Error>>()? {
            StreamableHttpError::Client(error) => error.status(),
            StreamableHttpError::HttpStatus(error) => StatusCode::from_u16(error.status).ok(),
            // Other statuses are only words there.
            StreamableHttpError::UnexpectedServerResponse(words) => {
                words.strip_prefix("HTTP ")?.get(..3)?.parse().ok()
            }
            _ => None,
        }
    })
}

fn is_unknown_caller(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

fn of_service(error: ServiceError, status: Option<StatusCode>) -> String {
    match error {
        ServiceError::McpError(error) => shortened(&error.message),
        ServiceError::TransportClosed => "the connection is closed".to_owned(),
        ServiceError::UnexpectedResponse => {
            "its answer is no result; what it asks for, agents cannot give".to_owned()
        }
        other => said(&other, status),
    }
}

fn said(error: &(dyn StdError + 'static), status: Option<StatusCode>) -> String {
    if let Some(status) = status {
        return format!("it answers {status}");
    }
    let found = causes(error).find_map(|cause| {
        if let Some(error) = cause.downcast_ref::<reqwest::Error>() {
            return Some(of_request(error));
        }
        match cause.downcast_ref::<StreamableHttpError<reqwest::Error>>()? {
            StreamableHttpError::Client(error) => Some(of_request(error)),
            StreamableHttpError::ResponseBodyTooLarge { .. } => {
                let megabytes = MAX_MESSAGE / 1024 / 1024;
                Some(format!(
                    "its answer is larger than {megabytes} MiB; ask for less"
                ))
            }
            StreamableHttpError::UnexpectedContentType(kind) => {
                let kind = kind.as_deref().unwrap_or("something unnamed");
                Some(format!("it answers with {kind}, which is not MCP"))
            }
            other => Some(shortened(&other.to_string())),
        }
    });
    found.unwrap_or_else(|| shortened(&error.to_string()))
}

/// What became of a request, without its URL.
fn of_request(error: &reqwest::Error) -> String {
    if error.is_connect() {
        return "nobody answers at its URL; check that it runs and that the URL is right"
            .to_owned();
    }
    if error.is_timeout() {
        return "it took too long to answer".to_owned();
    }
    let innermost = causes(error).last().filter(|_| error.source().is_some());
    innermost.map_or_else(|| "the exchange broke off".to_owned(), ToString::to_string)
}

/// An error and its causes, outermost first.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error))
}

fn cause<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    // rmcp does not name this one as the source.
    if let Some(ClientInitializeError::TransportError { error, .. }) = error.downcast_ref() {
        return Some(error.error.as_ref());
    }
    error.source()
}

fn shortened(words: &str) -> String {
    let end = words.floor_char_boundary(MAX_WORDS);
    if end < words.len() {
        format!("{}…", &words[..end])
    } else {
        words.to_owned()
    }
}
