//! What forms are made of: the fields of each kind, and where in the object each of them is.
//!
//! A form knows some fields of an object and never touches the others. It is drawn from an object, and
//! what comes back are the fields that differ from what was drawn: creating is changing an object
//! that has nothing yet.

mod agent;
mod mcp_server;
mod model_api;
mod patch;
mod shared;
mod values;
mod words;
#[cfg(feature = "ssr")]
pub(crate) mod yaml;

pub use patch::{Change, changes, merge_patch, patched};
pub use values::Values;
#[cfg(feature = "ssr")]
pub(crate) use words::{HIDDEN, is_secret_name};

use api::{
    resources::{AgentSpec, McpServerSpec, ModelApiSpec},
    validation::{FieldError, validate_agent, validate_mcp_server, validate_model_api},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{kinds::Kind, rows};

/// A field of a form.
#[derive(Clone, Copy, Debug)]
pub struct FieldSpec {
    /// Name of the value when the form is posted, and id of the control.
    pub id: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// How to fill it in.
    pub hint: &'static str,
    /// Where it is in the object, as a JSON pointer.
    pub path: &'static str,
    /// Another place of the same meaning, written when the object has it already.
    pub alias: Option<&'static str>,
    /// What it holds.
    pub holds: Holds,
    /// Whether it may stay empty.
    pub required: bool,
    /// The field and value it depends on, such as `("mode", "Proxy")`.
    pub when: Option<(&'static str, &'static str)>,
}

/// What a field holds, which says how it is filled in and how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// One line of text.
    Line,
    /// Many lines of text.
    Text,
    /// Many lines of code.
    Code,
    /// A text that is never shown again.
    Hidden,
    /// A whole number between two others.
    Number(u32, u32),
    /// An amount of money, in dollars.
    Dollars,
    /// Yes or no; the second says which holds when nothing is written.
    Switch(bool),
    /// Yes, no, or as it is elsewhere.
    Inherited,
    /// One of a few values, each with its words; the first may be empty.
    Choice(&'static [(&'static str, &'static str)]),
    /// The name of another resource.
    Pick(Kind),
    /// Names of other resources.
    PickMany(Kind),
    /// A list of texts, one per line.
    Lines,
    /// Names and texts, one `key=value` per line.
    Pairs,
    /// Environment variables, one per line.
    Variables,
    /// A key of a Secret, as `name/key`.
    SecretKey,
    /// Whatever is there, as YAML.
    Yaml,
    /// Everything of the spec that no other field holds, as YAML.
    Rest,
}

/// Fields that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// What they are about.
    pub heading: &'static str,
    /// Whether most people need them.
    pub standing: Standing,
    /// The fields.
    pub fields: &'static [FieldSpec],
}

/// Whether most people need the fields of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// They do.
    Open,
    /// They do not: it is folded until somebody opens it, or something in it is set.
    Folded,
}

/// The sections of a kind's form.
pub fn sections(kind: Kind) -> &'static [Section] {
    match kind {
        Kind::Agent => &agent::SECTIONS,
        Kind::McpServer => &mcp_server::SECTIONS,
        Kind::ModelApi => &model_api::SECTIONS,
        Kind::Secret => &[],
    }
}

/// All fields of a kind's form.
pub fn fields(kind: Kind) -> impl Iterator<Item = &'static FieldSpec> {
    sections(kind).iter().flat_map(|section| section.fields)
}

/// The field that holds the place `path`, such as `spec.mcpServers[0]`, as errors name it.
pub fn field_at(kind: Kind, path: &str) -> Option<&'static FieldSpec> {
    let pointer = pointer(path);
    let holds = |field: &&FieldSpec| {
        let places = [Some(field.path), field.alias];
        let mut places = places.into_iter().flatten();
        let is_inside = |rest: &str| rest.is_empty() || rest.starts_with('/');
        field.holds != Holds::Rest
            && places.any(|place| pointer.strip_prefix(place).is_some_and(is_inside))
    };
    // The longest place is the nearest.
    fields(kind)
        .filter(holds)
        .max_by_key(|field| field.path.len())
}

/// `spec.mcpServers[0].x` as `/spec/mcpServers/0/x`.
fn pointer(path: &str) -> String {
    let parts = path
        .split(['.', '['])
        .map(|part| part.trim_end_matches(']'));
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    format!("/{}", parts.join("/"))
}

/// An object of a kind that has nothing yet.
pub fn nothing(kind: Kind, namespace: &str) -> Value {
    let mut object = json!({
        "apiVersion": kind.api_version(),
        "kind": kind.api_kind(),
        "metadata": {"namespace": namespace},
        "spec": {}
    });
    if kind == Kind::ModelApi {
        object["spec"]["mode"] = "Proxy".into();
    }
    object
}

/// Everything that is wrong with an object by our own rules, which are those of the API too.
pub fn problems(kind: Kind, object: &Value) -> Vec<FieldError> {
    let name = rows::name(object).unwrap_or_default();
    let spec = &object["spec"];
    match kind {
        Kind::Agent => checked(spec, |spec: &AgentSpec| validate_agent(&name, spec)),
        Kind::McpServer => checked(spec, |spec: &McpServerSpec| {
            validate_mcp_server(&name, spec)
        }),
        Kind::ModelApi => checked(spec, |spec: &ModelApiSpec| validate_model_api(&name, spec)),
        Kind::Secret => Vec::new(),
    }
}

/// A spec lacks fields that are required as long as nobody has filled them in; then the rules say
/// which, and the reader of the type would only say the first.
fn checked<S: for<'de> Deserialize<'de>>(
    spec: &Value,
    rules: impl FnOnce(&S) -> Vec<FieldError>,
) -> Vec<FieldError> {
    let mut spec = spec.clone();
    for required in ["modelAPI", "model", "runtime"] {
        if spec.get(required).is_none() {
            spec[required] = "".into();
        }
    }
    match S::deserialize(&spec) {
        Ok(spec) => rules(&spec),
        Err(error) => vec![FieldError {
            field: "spec".to_owned(),
            message: error.to_string(),
        }],
    }
}

#[cfg(test)]
mod tests;
