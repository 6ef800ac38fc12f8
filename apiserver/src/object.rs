//! Reading and writing the parts of an object that every kind has.
//!
//! Objects are JSON, whatever their kind; [`is_object`] guards the door, so that the functions here
//! can rely on `metadata` being a map.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Whether `value` has the shape all objects share.
pub(crate) fn is_object(value: &Value) -> bool {
    value.is_object() && value.get("metadata").is_none_or(Value::is_object)
}

/// The text at a JSON pointer.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer)?.as_str()
}

/// The object's name; empty when it has none.
pub(crate) fn name(object: &Value) -> &str {
    text(object, "/metadata/name").unwrap_or_default()
}

/// The object's uid; empty when it has none.
pub(crate) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid").unwrap_or_default()
}

/// The object's labels.
pub(crate) fn labels(object: &Value) -> Option<&Map<String, Value>> {
    object.pointer("/metadata/labels")?.as_object()
}

/// Whether somebody still has to clean up before the object may go.
pub(crate) fn has_finalizers(object: &Value) -> bool {
    !finalizers(object).is_empty()
}

/// Who still has to clean up before the object may go.
pub(crate) fn finalizers(object: &Value) -> &[Value] {
    object
        .pointer("/metadata/finalizers")
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Whether the object is on its way out.
pub(crate) fn is_deleting(object: &Value) -> bool {
    text(object, "/metadata/deletionTimestamp").is_some()
}

/// The uids of the object's owners.
pub(crate) fn owners(object: &Value) -> impl Iterator<Item = &str> {
    let owners = object.pointer("/metadata/ownerReferences");
    let owners = owners.and_then(Value::as_array).into_iter().flatten();
    owners.filter_map(|owner| owner.get("uid")?.as_str())
}

/// The object's metadata, for writing. Anything that is no map is replaced by one.
pub(crate) fn metadata_mut(object: &mut Value) -> &mut Map<String, Value> {
    map_mut(map_mut(object).entry("metadata").or_insert(Value::Null))
}

/// `value` as a map; replaced by an empty one when it is something else.
pub(crate) fn map_mut(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    value
        .as_object_mut()
        .expect("the value has just been made a map")
}

/// Sets a field, or removes it when there is no value.
pub(crate) fn set(map: &mut Map<String, Value>, field: &str, value: Option<Value>) {
    match value {
        Some(value) => map.insert(field.to_owned(), value),
        None => map.remove(field),
    };
}

/// A time as Kubernetes writes it: UTC, whole seconds.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Everything of the object but what the system keeps about it: what a user can mean by "changed".
pub(crate) fn substance(object: &Value) -> Value {
    let mut substance = object.clone();
    let map = map_mut(&mut substance);
    map.remove("metadata");
    map.remove("status");
    substance
}
