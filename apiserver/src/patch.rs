//! The formats of patches.

use bytes::Bytes;
use serde_json::Value;

use crate::{body, kinds::Kind, refusal::Refusal};

const MERGE: &str = "application/merge-patch+json";
const JSON: &str = "application/json-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

/// A patch that has been read.
#[derive(Clone, Debug)]
pub(crate) enum Patch {
    /// RFC 7386, and strategic merges of kinds in which both mean the same.
    Merge(Value),
    /// RFC 6902.
    Json(json_patch::Patch),
    /// Server-side apply.
    Apply(Value),
}

impl Patch {
    /// Reads a patch by its media type.
    pub(crate) fn parse(kind: &Kind, media_type: &str, body: &Bytes) -> Result<Self, Refusal> {
        match media_type {
            MERGE => Ok(Self::Merge(body::value("application/json", body)?)),
            JSON => serde_json::from_slice(body)
                .map(Self::Json)
                .map_err(|error| {
                    Refusal::bad_request(format!("the body is no list of JSON patches: {error}"))
                }),
            STRATEGIC if !kind.is_defined() => {
                let mut patch = body::value("application/json", body)?;
                drop_directives(&mut patch);
                Ok(Self::Merge(patch))
            }
            APPLY => Ok(Self::Apply(body::yaml(body)?)),
            other => {
                let accepted: &[&str] = if kind.is_defined() {
                    &[JSON, MERGE, APPLY]
                } else {
                    &[JSON, MERGE, STRATEGIC, APPLY]
                };
                Err(Refusal::unsupported_media_type(other, accepted))
            }
        }
    }
}

/// The object after a patch other than an apply.
pub(crate) fn patched(mut object: Value, patch: &Patch) -> Result<Value, Refusal> {
    match patch {
        Patch::Merge(patch) | Patch::Apply(patch) => json_patch::merge(&mut object, patch),
        Patch::Json(patch) => json_patch::patch(&mut object, patch).map_err(|error| {
            Refusal::unprocessable(format!("the server rejected our request: {error}"))
        })?,
    }
    Ok(object)
}

/// Strategic merges carry instructions about the order of lists, which are lists of the built-in
/// kinds' metadata only and come whole.
fn drop_directives(patch: &mut Value) {
    if let Value::Object(fields) = patch {
        fields.retain(|name, _| !name.starts_with('$'));
        fields.values_mut().for_each(drop_directives);
    }
}
