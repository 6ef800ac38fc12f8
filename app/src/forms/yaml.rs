//! YAML in fields, read and written by a real serialiser.

use serde_json::Value;

/// The value as YAML; nothing for an empty one.
pub(crate) fn written(value: &Value) -> String {
    let is_empty = match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    if is_empty {
        return String::new();
    }
    serde_saphyr::to_string(value).unwrap_or_default()
}

/// The value of a text, or what is wrong with it and where.
pub(crate) fn read(text: &str) -> Result<Value, String> {
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}
