//! `google.rpc.Status`, which OTLP answers failures with, and the one detail it uses.

use prost::Message;

/// Codes of gRPC, as used over HTTP.
#[derive(Clone, Copy, Debug)]
pub(super) enum Code {
    InvalidArgument = 3,
    ResourceExhausted = 8,
    Unavailable = 14,
}

/// What went wrong.
#[derive(Clone, PartialEq, Message, serde::Serialize)]
pub(super) struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
    #[prost(string, tag = "2")]
    pub(super) message: String,
    #[prost(message, repeated, tag = "3")]
    #[serde(skip)]
    details: Vec<Detail>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Detail {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.RetryInfo`. Over gRPC a sender retries a full queue only when this is there.
#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Delay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, PartialEq, Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
}

impl RpcStatus {
    pub(super) fn new(code: Code, message: String) -> Self {
        Self {
            code: code as i32,
            message,
            details: Vec::new(),
        }
    }

    pub(super) fn retry_after(mut self, seconds: u32) -> Self {
        let info = RetryInfo {
            retry_delay: Some(Delay {
                seconds: seconds.into(),
            }),
        };
        self.details.push(Detail {
            type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
            value: info.encode_to_vec(),
        });
        self
    }
}
