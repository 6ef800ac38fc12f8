//! What every write passes before it is stored: unknown fields dropped, defaults filled, rules checked.

use api::{
    resources::{
        AgentSpec, AgentStatus, GROUP, McpServerSpec, McpServerStatus, ModelApiSpec, ModelApiStatus,
    },
    validation::{self, FieldError},
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    kinds::{self, Kind, Rules},
    object,
    params::UnknownFields,
    refusal::{Cause, Refusal},
    schema,
};

/// Names that are part of a path are at most this long.
const MAX_NAME: usize = 253;
/// Names that are DNS labels are at most this long.
const MAX_LABEL: usize = 63;

/// How a write wants to be treated.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    pub(crate) unknown_fields: UnknownFields,
    pub(crate) field_manager: Option<String>,
}

/// What the client is told beside the answer.
pub(crate) type Warnings = Vec<String>;

/// Checks and completes an object that is about to replace `previous`, or to be created.
///
/// Rules that only got stricter since the object was stored do not keep it from changing elsewhere: an
/// unchanged spec is not checked again, or nobody could take the finalizer off.
pub(crate) fn admit(
    kind: &Kind,
    mut object: Value,
    previous: Option<&Value>,
    unknown_fields: UnknownFields,
    warnings: &mut Warnings,
) -> Result<Value, Refusal> {
    let unknown = match &kind.rules {
        Rules::Typed(read_and_write) => {
            let read = read_and_write(object.clone()).map_err(|error| unreadable(kind, &error))?;
            let unknown = missing_from(&read, &object);
            object = read;
            unknown
        }
        Rules::Schema(schema) => {
            let mut unknown = check_metadata(kind, &mut object)?;
            unknown.extend(schema::prune(schema, &mut object));
            schema::fill_defaults(schema, &mut object);
            unknown
        }
    };
    match unknown_fields {
        UnknownFields::Refuse if !unknown.is_empty() => {
            return Err(Refusal::unknown_fields(kind, &unknown));
        }
        UnknownFields::Warn => {
            warnings.extend(
                unknown
                    .iter()
                    .map(|field| format!("unknown field \"{field}\"")),
            );
        }
        UnknownFields::Refuse | UnknownFields::Ignore => {}
    }
    let mut causes = problems(kind, &object);
    if previous.is_some_and(|previous| object::substance(previous) == object::substance(&object)) {
        causes.retain(|cause| cause.field.starts_with("status"));
    }
    if causes.is_empty() {
        Ok(object)
    } else {
        Err(Refusal::invalid(kind, object::name(&object), causes))
    }
}

fn unreadable(kind: &Kind, error: &serde_json::Error) -> Refusal {
    let Kind { name, version, .. } = kind;
    Refusal::bad_request(format!(
        "{name} in version \"{version}\" cannot be handled as a {name}: {error}"
    ))
}

/// Metadata has the same type in every kind, so no schema describes it.
fn check_metadata(kind: &Kind, object: &mut Value) -> Result<Vec<String>, Refusal> {
    let sent = object.get("metadata").cloned().unwrap_or_else(|| json!({}));
    let read = serde_json::from_value::<ObjectMeta>(sent.clone())
        .and_then(serde_json::to_value)
        .map_err(|error| unreadable(kind, &error))?;
    let unknown = missing_from(&read, &sent);
    object::map_mut(object).insert("metadata".to_owned(), read);
    let unknown = unknown.iter().map(|path| format!("metadata.{path}"));
    Ok(unknown.collect())
}

/// Paths of fields that were sent but not understood. Empty values may go without notice.
fn missing_from(read: &Value, sent: &Value) -> Vec<String> {
    let mut missing = Vec::new();
    collect_missing(read, sent, "", &mut missing);
    // Secrets' own field for writing, which is understood and becomes `data`.
    missing.retain(|path| path != "stringData");
    missing
}

fn collect_missing(read: &Value, sent: &Value, path: &str, missing: &mut Vec<String>) {
    match (read, sent) {
        (Value::Object(read), Value::Object(sent)) => {
            let separator = if path.is_empty() { "" } else { "." };
            for (name, sent) in sent {
                let path = format!("{path}{separator}{name}");
                match read.get(name) {
                    Some(read) => collect_missing(read, sent, &path, missing),
                    None if is_empty(sent) => {}
                    None => missing.push(path),
                }
            }
        }
        (Value::Array(read), Value::Array(sent)) => {
            for (index, (read, sent)) in read.iter().zip(sent).enumerate() {
                collect_missing(read, sent, &format!("{path}[{index}]"), missing);
            }
        }
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn problems(kind: &Kind, object: &Value) -> Vec<Cause> {
    let name = object::name(object);
    let mut causes = Vec::new();
    let is_ours = kind.group == GROUP;
    if !is_ours && let Some(problem) = name_problem(kind, name) {
        causes.push(Cause::invalid("metadata.name", &json!(name), &problem));
    }
    match &kind.rules {
        Rules::Schema(schema) => {
            let by_schema = schema::validate(schema, object, "");
            let ours = if is_ours {
                own_rules(kind, object, &by_schema)
            } else {
                Vec::new()
            };
            // Where both object, ours says it for people.
            let is_said = |cause: &Cause| ours.iter().any(|own| own.field == cause.field);
            causes.extend(by_schema.into_iter().filter(|cause| !is_said(cause)));
            causes.extend(ours);
        }
        Rules::Typed(_) if kind.plural == kinds::DEFINITIONS => {
            causes.extend(kinds::check_definition(object));
        }
        Rules::Typed(_) => {}
    }
    causes
}

fn name_problem(kind: &Kind, name: &str) -> Option<String> {
    if kind.place("", name).is_namespace() {
        return validation::name_problem(name, MAX_LABEL);
    }
    if name.len() > MAX_NAME {
        return Some(format!("must be no more than {MAX_NAME} characters"));
    }
    name.split('.')
        .any(|label| validation::name_problem(label, MAX_NAME).is_some())
        .then(|| {
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
             '-' or '.', and must start and end with an alphanumeric character"
                .to_owned()
        })
}

/// The rules of our three kinds that no schema can say.
fn own_rules(kind: &Kind, object: &Value, by_schema: &[Cause]) -> Vec<Cause> {
    let checked = match kind.name.as_str() {
        "Agent" => check::<AgentSpec, AgentStatus>(object, validation::validate_agent),
        "ModelAPI" => check::<ModelApiSpec, ModelApiStatus>(object, validation::validate_model_api),
        "MCPServer" => {
            check::<McpServerSpec, McpServerStatus>(object, validation::validate_mcp_server)
        }
        _ => Ok(Vec::new()),
    };
    match checked {
        Ok(errors) => errors.iter().map(|error| cause_of(object, error)).collect(),
        Err(cause) if by_schema.is_empty() => vec![cause],
        // The schema has named the field already.
        Err(_) => Vec::new(),
    }
}

fn cause_of(object: &Value, error: &FieldError) -> Cause {
    if let Some(rest) = error.message.strip_prefix("is required") {
        return Cause::required(&error.field, rest.trim_start_matches([':', ' ']));
    }
    Cause::invalid(
        &error.field,
        &value_at(object, &error.field),
        &error.message,
    )
}

/// Checks a spec, and that both parts are of their types: one object that is not would keep clients
/// from reading the whole list.
fn check<Spec: DeserializeOwned, Status: DeserializeOwned>(
    object: &Value,
    rules: fn(&str, &Spec) -> Vec<FieldError>,
) -> Result<Vec<FieldError>, Cause> {
    let wrong = |part: &str, error: &serde_json::Error| {
        Cause::invalid(part, &json!("object"), &error.to_string())
    };
    let spec = object.get("spec").cloned().unwrap_or(Value::Null);
    let spec = serde_json::from_value(spec).map_err(|error| wrong("spec", &error))?;
    let status = object.get("status").cloned().unwrap_or(Value::Null);
    serde_json::from_value::<Option<Status>>(status).map_err(|error| wrong("status", &error))?;
    Ok(rules(object::name(object), &spec))
}

/// The value at a path such as `spec.mcpServers[0]`.
fn value_at(object: &Value, path: &str) -> Value {
    let pointer = path.replace(['.', '['], "/").replace(']', "");
    let value = object.pointer(&format!("/{pointer}"));
    match value {
        Some(Value::Object(_)) => json!("object"),
        Some(value) => value.clone(),
        None => json!(""),
    }
}
