//! Checks values against a schema, and words what is wrong as Kubernetes does.

use regex::Regex;
use serde_json::{Value, json};

use super::field_schema;
use crate::refusal::Cause;

/// What is wrong with a value; empty when nothing is. `path` is where the value is.
pub(crate) fn validate(schema: &Value, value: &Value, path: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    check(schema, value, path, &mut causes);
    causes
}

fn check(schema: &Value, value: &Value, path: &str, causes: &mut Vec<Cause>) {
    if value.is_null() && schema.get("nullable") == Some(&json!(true)) {
        return;
    }
    if let Some(wrong_type) = type_problem(schema, value, path) {
        causes.push(wrong_type);
        return;
    }
    causes.extend(enum_problem(schema, value, path));
    match value {
        Value::String(text) => check_text(schema, text, path, causes),
        Value::Number(number) => check_number(schema, number, path, causes),
        Value::Array(items) => check_list(schema, items, path, causes),
        Value::Object(fields) => check_fields(schema, fields, path, causes),
        Value::Null | Value::Bool(_) => {}
    }
    check_combinations(schema, value, path, causes);
}

fn type_problem(schema: &Value, value: &Value, path: &str) -> Option<Cause> {
    let wanted = schema.get("type").and_then(Value::as_str);
    let int_or_string = schema.get("x-kubernetes-int-or-string") == Some(&json!(true));
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if is_integer(number) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = match wanted {
        _ if int_or_string => matches!(found, "integer" | "string"),
        None => true,
        Some("number") => matches!(found, "integer" | "number"),
        Some(wanted) => found == wanted,
    };
    let wanted = wanted.unwrap_or("integer,string");
    (!fits).then(|| Cause {
        reason: "FieldValueTypeInvalid",
        field: path.to_owned(),
        message: format!(
            "Invalid value: \"{found}\": {path} in body must be of type {wanted}: \"{found}\""
        ),
    })
}

/// JSON Schema calls `5.0` an integer, but clients' types do not, and one such object would keep them
/// from reading the whole list.
fn is_integer(number: &serde_json::Number) -> bool {
    number.is_i64() || number.is_u64()
}

fn enum_problem(schema: &Value, value: &Value, path: &str) -> Option<Cause> {
    let allowed = schema.get("enum")?.as_array()?;
    if allowed.contains(value) {
        return None;
    }
    let allowed: Vec<String> = allowed.iter().map(Value::to_string).collect();
    Some(Cause {
        reason: "FieldValueNotSupported",
        field: path.to_owned(),
        message: format!(
            "Unsupported value: {value}: supported values: {}",
            allowed.join(", ")
        ),
    })
}

fn check_text(schema: &Value, text: &str, path: &str, causes: &mut Vec<Cause>) {
    let value = json!(text);
    let mut wrong = |why: &str| {
        let why = format!("{path} in body {why}");
        causes.push(Cause::invalid(path, &value, &why));
    };
    let length = text.chars().count() as u64;
    if let Some(least) = bound(schema, "minLength").filter(|least| length < *least) {
        wrong(&format!("should be at least {least} chars long"));
    }
    if let Some(most) = bound(schema, "maxLength").filter(|most| length > *most) {
        wrong(&format!("should be at most {most} chars long"));
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        match Regex::new(pattern) {
            Ok(regex) if regex.is_match(text) => {}
            Ok(_) => wrong(&format!("should match '{pattern}'")),
            Err(_) => wrong(&format!("cannot be checked: '{pattern}' is no pattern")),
        }
    }
    let is_time = schema.get("format") == Some(&json!("date-time"));
    if is_time && text.parse::<jiff::Timestamp>().is_err() {
        wrong(&format!("must be of type date-time: {value}"));
    }
}

fn check_number(schema: &Value, number: &serde_json::Number, path: &str, causes: &mut Vec<Cause>) {
    let value = number.as_f64().unwrap_or_default();
    let limit = |name: &str| schema.get(name).and_then(Value::as_f64);
    let exclusive = |name: &str| schema.get(name) == Some(&json!(true));
    let mut wrong = |why: String| {
        let why = format!("{path} in body {why}");
        causes.push(Cause::invalid(path, number, &why));
    };
    if let Some(least) = limit("minimum") {
        if exclusive("exclusiveMinimum") && value <= least {
            wrong(format!("should be greater than {least}"));
        } else if value < least {
            wrong(format!("should be greater than or equal to {least}"));
        }
    }
    if let Some(most) = limit("maximum") {
        if exclusive("exclusiveMaximum") && value >= most {
            wrong(format!("should be less than {most}"));
        } else if value > most {
            wrong(format!("should be less than or equal to {most}"));
        }
    }
    if let Some(step) = limit("multipleOf").filter(|step| *step > 0.0)
        && (value / step).fract() != 0.0
    {
        wrong(format!("should be a multiple of {step}"));
    }
}

fn check_list(schema: &Value, items: &[Value], path: &str, causes: &mut Vec<Cause>) {
    let count = items.len() as u64;
    let mut wrong = |why: String| {
        let why = format!("{path} in body {why}");
        causes.push(Cause::invalid(path, &count, &why));
    };
    if let Some(least) = bound(schema, "minItems").filter(|least| count < *least) {
        wrong(format!("should have at least {least} items"));
    }
    if let Some(most) = bound(schema, "maxItems").filter(|most| count > *most) {
        wrong(format!("must have at most {most} items"));
    }
    if let Some(schema) = schema.get("items") {
        for (index, item) in items.iter().enumerate() {
            check(schema, item, &format!("{path}[{index}]"), causes);
        }
    }
}

fn check_fields(
    schema: &Value,
    fields: &serde_json::Map<String, Value>,
    path: &str,
    causes: &mut Vec<Cause>,
) {
    let separator = if path.is_empty() { "" } else { "." };
    let required = schema.get("required").and_then(Value::as_array);
    let required = required.into_iter().flatten().filter_map(Value::as_str);
    for name in required.filter(|name| !fields.contains_key(*name)) {
        causes.push(Cause::required(&format!("{path}{separator}{name}"), ""));
    }
    let count = fields.len() as u64;
    if let Some(least) = bound(schema, "minProperties").filter(|least| count < *least) {
        let why = format!("{path} in body should have at least {least} properties");
        causes.push(Cause::invalid(path, &count, &why));
    }
    if let Some(most) = bound(schema, "maxProperties").filter(|most| count > *most) {
        let why = format!("{path} in body should have at most {most} properties");
        causes.push(Cause::invalid(path, &count, &why));
    }
    for (name, value) in fields {
        if let Some(schema) = field_schema(schema, name) {
            check(schema, value, &format!("{path}{separator}{name}"), causes);
        }
    }
}

fn check_combinations(schema: &Value, value: &Value, path: &str, causes: &mut Vec<Cause>) {
    let branches = |name: &str| schema.get(name).and_then(Value::as_array);
    let fitting = |branches: &[Value]| {
        let fits = branches.iter().filter(|branch| fits(branch, value, path));
        fits.count()
    };
    for branch in branches("allOf").into_iter().flatten() {
        check(branch, value, path, causes);
    }
    let mut wrong = |why: &str| {
        let why = format!("{path} in body {why}");
        causes.push(Cause::invalid(path, &short(value), &why));
    };
    if branches("anyOf").is_some_and(|branches| fitting(branches) == 0) {
        wrong("must validate at least one schema (anyOf)");
    }
    if branches("oneOf").is_some_and(|branches| fitting(branches) != 1) {
        wrong("must validate one and only one schema (oneOf)");
    }
    if schema.get("not").is_some_and(|not| fits(not, value, path)) {
        wrong("must not validate the schema (not)");
    }
}

fn fits(schema: &Value, value: &Value, path: &str) -> bool {
    validate(schema, value, path).is_empty()
}

/// A value as an error shows it: objects and lists would be too long.
fn short(value: &Value) -> String {
    match value {
        Value::Object(_) => "\"object\"".to_owned(),
        Value::Array(_) => "\"array\"".to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

fn bound(schema: &Value, name: &str) -> Option<u64> {
    schema.get(name)?.as_u64()
}
