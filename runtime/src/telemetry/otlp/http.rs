//! OTLP over HTTP with protobuf.

use std::{io::Write, time::Duration};

use flate2::{Compression, write::GzEncoder};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER},
};
use prost::Message;

use super::{OtlpCompression, OtlpError, OtlpTarget, cause};
use crate::telemetry::{Again, ReceiveError, preview};

/// One signal's endpoint.
pub(super) struct Http {
    client: reqwest::Client,
    target: OtlpTarget,
}

impl Http {
    pub(super) fn open(target: OtlpTarget) -> Result<Self, OtlpError> {
        reqwest::Url::parse(&target.url).map_err(|error| OtlpError::ParseUrl {
            url: target.url.clone(),
            reason: error.to_string(),
        })?;
        let client = reqwest::Client::builder().timeout(target.timeout).build()?;
        Ok(Self { client, target })
    }

    /// Sends one request; what the endpoint answers.
    pub(super) async fn send<R: Message + Default>(
        &self,
        request: &impl Message,
    ) -> Result<R, ReceiveError> {
        let OtlpTarget { url, headers, .. } = &self.target;
        let failed = |again, reason: String| ReceiveError {
            reason: format!("{url}: {reason}"),
            again,
        };
        let mut post = self.client.post(url).headers(headers.clone()).header(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-protobuf"),
        );
        let body = request.encode_to_vec();
        post = match self.target.compression {
            OtlpCompression::None => post.body(body),
            OtlpCompression::Gzip => post
                .header(CONTENT_ENCODING, HeaderValue::from_static("gzip"))
                .body(gzip(&body).map_err(|error| failed(Again::Never, error.to_string()))?),
        };
        let response = post
            .send()
            .await
            .map_err(|error| failed(Again::Soon, cause(error)))?;
        let status = response.status();
        let again = again(status, response.headers().get(RETRY_AFTER));
        let body = response
            .bytes()
            .await
            .map_err(|error| failed(Again::Soon, cause(error)))?;
        if !status.is_success() {
            let said = preview(&String::from_utf8_lossy(&body));
            return Err(failed(again, format!("HTTP {status} {said}")));
        }
        // Whoever answers something else has taken the request all the same.
        Ok(R::decode(body).unwrap_or_default())
    }
}

/// Which answers the protocol wants to be asked again.
fn again(status: StatusCode, retry_after: Option<&HeaderValue>) -> Again {
    let is_passing = matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    );
    let seconds = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
    match (is_passing, seconds) {
        (false, _) => Again::Never,
        (true, None) => Again::Soon,
        (true, Some(seconds)) => Again::After(Duration::from_secs(seconds)),
    }
}

fn gzip(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain)?;
    encoder.finish()
}
