//! The protobuf that `kubectl create namespace`, `secret` and `configmap` send: it has types for
//! these kinds, and uses their binary form without asking. Answers are JSON, which it accepts.
//!
//! Only the fields a client can set are read. The tags are Kubernetes' own.

use std::collections::BTreeMap;

use k8s_openapi::{
    ByteString,
    api::core::v1::{ConfigMap, Namespace, Secret},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use prost::Message;
use serde_json::Value;

/// The media type of this format.
pub(super) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

/// What every body begins with.
const MAGIC: &[u8] = b"k8s\0";

/// A body that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecodeError {
    /// Not this format.
    #[error("it does not begin as Kubernetes' protobuf does")]
    Magic,
    /// Not protobuf.
    #[error(transparent)]
    Protobuf(#[from] prost::DecodeError),
    /// Protobuf of a kind that is only read as JSON or YAML.
    #[error("objects of kind {0} are read as JSON or YAML only")]
    Kind(String),
    /// Not an object.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

#[derive(Clone, PartialEq, Message)]
struct Envelope {
    #[prost(message, optional, tag = "1")]
    type_meta: Option<TypeMeta>,
    #[prost(bytes = "vec", tag = "2")]
    raw: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct TypeMeta {
    #[prost(string, tag = "1")]
    api_version: String,
    #[prost(string, tag = "2")]
    kind: String,
}

#[derive(Clone, PartialEq, Message)]
struct Metadata {
    #[prost(string, optional, tag = "1")]
    name: Option<String>,
    #[prost(string, optional, tag = "2")]
    generate_name: Option<String>,
    #[prost(string, optional, tag = "3")]
    namespace: Option<String>,
    #[prost(btree_map = "string, string", tag = "11")]
    labels: BTreeMap<String, String>,
    #[prost(btree_map = "string, string", tag = "12")]
    annotations: BTreeMap<String, String>,
    #[prost(string, repeated, tag = "14")]
    finalizers: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct NamespaceBody {
    #[prost(message, optional, tag = "1")]
    metadata: Option<Metadata>,
}

#[derive(Clone, PartialEq, Message)]
struct SecretBody {
    #[prost(message, optional, tag = "1")]
    metadata: Option<Metadata>,
    #[prost(btree_map = "string, bytes", tag = "2")]
    data: BTreeMap<String, Vec<u8>>,
    #[prost(string, optional, tag = "3")]
    kind: Option<String>,
    #[prost(btree_map = "string, string", tag = "4")]
    string_data: BTreeMap<String, String>,
    #[prost(bool, optional, tag = "5")]
    immutable: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
struct ConfigMapBody {
    #[prost(message, optional, tag = "1")]
    metadata: Option<Metadata>,
    #[prost(btree_map = "string, string", tag = "2")]
    data: BTreeMap<String, String>,
    #[prost(btree_map = "string, bytes", tag = "3")]
    binary_data: BTreeMap<String, Vec<u8>>,
    #[prost(bool, optional, tag = "4")]
    immutable: Option<bool>,
}

/// Reads an object into the JSON it stands for.
pub(super) fn decode(body: &[u8]) -> Result<Value, DecodeError> {
    let envelope = body.strip_prefix(MAGIC).ok_or(DecodeError::Magic)?;
    let Envelope { type_meta, raw } = Envelope::decode(envelope)?;
    let kind = type_meta.unwrap_or_default().kind;
    let raw = raw.as_slice();
    let object = match kind.as_str() {
        "Namespace" => serde_json::to_value(namespace(NamespaceBody::decode(raw)?)),
        "Secret" => serde_json::to_value(secret(SecretBody::decode(raw)?)),
        "ConfigMap" => serde_json::to_value(config_map(ConfigMapBody::decode(raw)?)),
        _ => return Err(DecodeError::Kind(kind)),
    };
    Ok(object?)
}

fn namespace(body: NamespaceBody) -> Namespace {
    Namespace {
        metadata: metadata(body.metadata),
        ..Namespace::default()
    }
}

fn secret(body: SecretBody) -> Secret {
    Secret {
        metadata: metadata(body.metadata),
        data: bytes(body.data),
        type_: non_empty(body.kind),
        string_data: (!body.string_data.is_empty()).then_some(body.string_data),
        immutable: body.immutable,
    }
}

fn config_map(body: ConfigMapBody) -> ConfigMap {
    ConfigMap {
        metadata: metadata(body.metadata),
        data: (!body.data.is_empty()).then_some(body.data),
        binary_data: bytes(body.binary_data),
        immutable: body.immutable,
    }
}

fn metadata(metadata: Option<Metadata>) -> ObjectMeta {
    let metadata = metadata.unwrap_or_default();
    ObjectMeta {
        name: non_empty(metadata.name),
        generate_name: non_empty(metadata.generate_name),
        namespace: non_empty(metadata.namespace),
        labels: (!metadata.labels.is_empty()).then_some(metadata.labels),
        annotations: (!metadata.annotations.is_empty()).then_some(metadata.annotations),
        finalizers: (!metadata.finalizers.is_empty()).then_some(metadata.finalizers),
        ..ObjectMeta::default()
    }
}

fn bytes(values: BTreeMap<String, Vec<u8>>) -> Option<BTreeMap<String, ByteString>> {
    let values = values.into_iter();
    let values: BTreeMap<_, _> = values
        .map(|(key, value)| (key, ByteString(value)))
        .collect();
    (!values.is_empty()).then_some(values)
}

/// Go writes absent texts as empty ones.
fn non_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(kind: &str, raw: &impl Message) -> Vec<u8> {
        let envelope = Envelope {
            type_meta: Some(TypeMeta {
                api_version: "v1".to_owned(),
                kind: kind.to_owned(),
            }),
            raw: raw.encode_to_vec(),
        };
        [MAGIC, &envelope.encode_to_vec()].concat()
    }

    #[test]
    fn a_secret_is_the_json_it_stands_for() {
        let secret = SecretBody {
            metadata: Some(Metadata {
                name: Some("llm-api-key".to_owned()),
                namespace: Some(String::new()),
                ..Metadata::default()
            }),
            data: BTreeMap::from([("api-key".to_owned(), b"sk-1".to_vec())]),
            kind: Some("Opaque".to_owned()),
            ..SecretBody::default()
        };
        assert_eq!(
            decode(&body("Secret", &secret)).unwrap(),
            json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "llm-api-key"},
                "data": {"api-key": "c2stMQ=="}, "type": "Opaque",
            })
        );
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        assert!(matches!(decode(b"{}"), Err(DecodeError::Magic)));
        assert!(matches!(
            decode(b"k8s\0\xff\xff"),
            Err(DecodeError::Protobuf(_))
        ));
        let pod = body("Pod", &NamespaceBody::default());
        assert!(matches!(decode(&pod), Err(DecodeError::Kind(kind)) if kind == "Pod"));
    }
}
