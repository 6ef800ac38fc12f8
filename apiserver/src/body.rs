//! Reading the body of a request: JSON or YAML, and of a bounded size.

mod protobuf;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use serde_json::{Value, json};

use crate::{kinds::Kind, object, refusal::Refusal};

/// No object is larger than this.
const MAX_BODY: usize = 3 * 1024 * 1024;

/// Media types of whole objects.
const OBJECT_TYPES: [&str; 3] = ["application/json", "application/yaml", protobuf::MEDIA_TYPE];

/// All of a body.
pub(crate) async fn collect(body: Body) -> Result<Bytes, Refusal> {
    axum::body::to_bytes(body, MAX_BODY)
        .await
        .map_err(|_| Refusal::too_large(MAX_BODY))
}

/// The media type of a request, without its parameters.
pub(crate) fn media_type(headers: &HeaderMap) -> &str {
    let sent = headers.get(header::CONTENT_TYPE);
    let sent = sent.and_then(|sent| sent.to_str().ok()).unwrap_or_default();
    sent.split(';').next().unwrap_or_default().trim()
}

/// Reads a value in any format.
///
/// The type has to be said: what a browser sends across origins without asking first (forms, plain
/// text, no type at all) is refused, or any web page could post to a server on its visitor's machine.
pub(crate) fn value(media_type: &str, body: &Bytes) -> Result<Value, Refusal> {
    match media_type {
        "application/yaml" | "application/x-yaml" | "text/yaml" => yaml(body),
        "application/json" => serde_json::from_slice(body).map_err(|error| {
            Refusal::bad_request(format!("the object provided is not JSON: {error}"))
        }),
        protobuf::MEDIA_TYPE => protobuf::decode(body).map_err(|error| {
            Refusal::bad_request(format!("the object provided cannot be read: {error}"))
        }),
        other => Err(Refusal::unsupported_media_type(other, &OBJECT_TYPES)),
    }
}

/// Reads a YAML value, which may be JSON.
pub(crate) fn yaml(body: &Bytes) -> Result<Value, Refusal> {
    serde_saphyr::from_slice(body)
        .map_err(|error| Refusal::bad_request(format!("the object provided is not YAML: {error}")))
}

/// Reads an object of a kind; its `apiVersion` and `kind` may be left out.
pub(crate) fn object(kind: &Kind, media_type: &str, body: &Bytes) -> Result<Value, Refusal> {
    let object = value(media_type, body)?;
    of_kind(kind, object)
}

/// Checks that a value is an object of a kind.
pub(crate) fn of_kind(kind: &Kind, mut object: Value) -> Result<Value, Refusal> {
    if !object::is_object(&object) {
        return Err(Refusal::bad_request(format!(
            "the object provided is not a {}: an object with metadata is needed",
            kind.name
        )));
    }
    let wanted_version = kind.api_version();
    let sent_version = object::text(&object, "/apiVersion").unwrap_or(&wanted_version);
    if sent_version != wanted_version {
        return Err(Refusal::bad_request(format!(
            "the API version in the data ({sent_version}) does not match the expected API version \
             ({wanted_version})"
        )));
    }
    let sent_kind = object::text(&object, "/kind").unwrap_or(&kind.name);
    if sent_kind != kind.name {
        return Err(Refusal::bad_request(format!(
            "the kind in the data ({sent_kind}) does not match the expected kind ({})",
            kind.name
        )));
    }
    let map = object::map_mut(&mut object);
    map.insert("apiVersion".to_owned(), json!(wanted_version));
    map.insert("kind".to_owned(), json!(kind.name));
    Ok(object)
}
