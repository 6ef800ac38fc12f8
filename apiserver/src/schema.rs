//! What a definition's schema says of an object: which fields exist, what absent ones become, which
//! values are valid.
//!
//! Structural schemas as Kubernetes defines them, except for CEL rules (`x-kubernetes-validations`) and
//! the merge strategies of lists: every list is replaced as a whole.

mod validate;

pub(crate) use self::validate::validate;

use serde_json::{Map, Value, json};

/// Fields that every object has and no schema needs to name.
const OF_EVERY_OBJECT: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Removes what the schema does not have from an object. Returns the paths of what was removed.
pub(crate) fn prune(schema: &Value, object: &mut Value) -> Vec<String> {
    let mut removed = Vec::new();
    let Some(fields) = object.as_object_mut() else {
        return removed;
    };
    if !keeps_unknown(schema) {
        remove_unknown(schema, fields, &OF_EVERY_OBJECT, "", &mut removed);
    }
    for (name, value) in fields {
        if !OF_EVERY_OBJECT.contains(&name.as_str())
            && let Some(schema) = field_schema(schema, name)
        {
            prune_at(schema, value, name, &mut removed);
        }
    }
    removed
}

fn prune_at(schema: &Value, value: &mut Value, path: &str, removed: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            if !keeps_unknown(schema) {
                remove_unknown(schema, fields, &[], path, removed);
            }
            for (name, value) in fields {
                if let Some(schema) = field_schema(schema, name) {
                    prune_at(schema, value, &format!("{path}.{name}"), removed);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                for (index, item) in items.iter_mut().enumerate() {
                    prune_at(schema, item, &format!("{path}[{index}]"), removed);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn remove_unknown(
    schema: &Value,
    fields: &mut Map<String, Value>,
    known: &[&str],
    path: &str,
    removed: &mut Vec<String>,
) {
    // A map with free keys has no unknown fields.
    if schema
        .get("additionalProperties")
        .is_some_and(|schema| schema != &json!(false))
    {
        return;
    }
    fields.retain(|name, _| {
        let keep = known.contains(&name.as_str()) || field_schema(schema, name).is_some();
        if !keep {
            let separator = if path.is_empty() { "" } else { "." };
            removed.push(format!("{path}{separator}{name}"));
        }
        keep
    });
}

/// Fills absent fields with the schema's defaults, which are filled in turn.
pub(crate) fn fill_defaults(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, schema) in properties(schema) {
                let nullable = schema.get("nullable") == Some(&json!(true));
                let absent = match fields.get(name) {
                    None => true,
                    Some(value) => value.is_null() && !nullable,
                };
                if absent && let Some(default) = schema.get("default") {
                    fields.insert(name.clone(), default.clone());
                }
            }
            for (name, value) in fields {
                if let Some(schema) = field_schema(schema, name) {
                    fill_defaults(schema, value);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                for item in items {
                    fill_defaults(schema, item);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn keeps_unknown(schema: &Value) -> bool {
    schema.get("x-kubernetes-preserve-unknown-fields") == Some(&json!(true))
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten()
}

/// The schema of a field: its own, or the one all free keys share.
fn field_schema<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    let own = schema.get("properties").and_then(|all| all.get(name));
    own.or_else(|| {
        let shared = schema.get("additionalProperties")?;
        shared.is_object().then_some(shared)
    })
}

#[cfg(test)]
mod tests;
