//! Reading the body of a request.

use std::error::Error;

use axum::body::{Body, to_bytes};
use bytes::Bytes;
use http::StatusCode;
use http_body_util::LengthLimitError;

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It goes on after the limit.
    #[error("the body is longer than {limit} bytes")]
    TooLarge {
        /// In bytes.
        limit: usize,
    },
    /// It did not come to its end.
    #[error("the body broke off: {0}")]
    BreakOff(String),
}

impl BodyError {
    /// The HTTP status that tells the same.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BreakOff(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// Its code in an error as OpenAI writes them.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "body_too_large",
            Self::BreakOff(_) => "body_incomplete",
        }
    }
}

/// The whole body, which may have so many bytes.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, BodyError> {
    let error = match to_bytes(body, limit).await {
        Ok(bytes) => return Ok(bytes),
        Err(error) => error,
    };
    if error
        .source()
        .is_some_and(<dyn Error>::is::<LengthLimitError>)
    {
        return Err(BodyError::TooLarge { limit });
    }
    Err(BodyError::BreakOff(error.to_string()))
}

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    #[tokio::test]
    async fn a_body_may_be_as_long_as_the_limit_and_no_longer() {
        assert_eq!(read(Body::from("four"), 4).await.unwrap(), "four");
        let error = read(Body::from("fiver"), 4).await.unwrap_err();
        assert_eq!(
            (error.status().as_u16(), error.code()),
            (413, "body_too_large")
        );
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_told_apart_from_a_long_one() {
        let pieces = [Ok("half"), Err(std::io::Error::other("reset"))];
        let error = read(Body::from_stream(stream::iter(pieces)), 9).await;
        let error = error.unwrap_err();
        assert_eq!(
            (error.status().as_u16(), error.code()),
            (400, "body_incomplete")
        );
        assert_eq!(error.to_string(), "the body broke off: reset");
    }
}
