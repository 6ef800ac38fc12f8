//! Kinds that a `CustomResourceDefinition` adds.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionSpec, CustomResourceDefinitionVersion,
};
use serde_json::{Value, json};

use super::{Column, Kind, Rules, Scope, StatusRule, built_in};
use crate::{object, refusal::Cause};

/// The kinds of a definition, one for each version that is served.
pub(super) fn kinds(definition: Value) -> impl Iterator<Item = Kind> {
    let name = object::name(&definition).to_owned();
    let definition = serde_json::from_value::<CustomResourceDefinition>(definition);
    let spec = match definition {
        Ok(definition) => Some(definition.spec),
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::error!(
                error,
                name,
                "a definition cannot be read; its kind is not served"
            );
            None
        }
    };
    spec.into_iter().flat_map(|spec| {
        let served = spec.versions.iter().filter(|version| version.served);
        served
            .map(|version| kind(&spec, version))
            .collect::<Vec<_>>()
    })
}

fn kind(spec: &CustomResourceDefinitionSpec, version: &CustomResourceDefinitionVersion) -> Kind {
    let names = &spec.names;
    let subresources = version.subresources.as_ref();
    let schema = version.schema.as_ref();
    let schema = schema.and_then(|schema| schema.open_api_v3_schema.as_ref());
    let schema = schema.and_then(|schema| serde_json::to_value(schema).ok());
    Kind {
        group: spec.group.clone(),
        version: version.name.clone(),
        name: names.kind.clone(),
        list_name: names
            .list_kind
            .clone()
            .unwrap_or_else(|| format!("{}List", names.kind)),
        plural: names.plural.clone(),
        singular: names
            .singular
            .clone()
            .unwrap_or_else(|| names.kind.to_ascii_lowercase()),
        short_names: names.short_names.clone().unwrap_or_default(),
        scope: match spec.scope.as_str() {
            "Cluster" => Scope::Cluster,
            _ => Scope::Namespaced,
        },
        status: match subresources.and_then(|subresources| subresources.status.as_ref()) {
            Some(_) => StatusRule::Subresource,
            None => StatusRule::Plain,
        },
        rules: Rules::Schema(Arc::new(
            schema.unwrap_or_else(|| json!({"type": "object"})),
        )),
        columns: columns(version),
    }
}

fn columns(version: &CustomResourceDefinitionVersion) -> Vec<Column> {
    let Some(columns) = &version.additional_printer_columns else {
        return vec![built_in::age()];
    };
    let columns = columns.iter().map(|column| Column {
        name: column.name.clone(),
        kind: column.type_.clone(),
        format: column.format.clone().unwrap_or_default(),
        description: column.description.clone().unwrap_or_default(),
        priority: column.priority.unwrap_or_default(),
        path: column.json_path.clone(),
    });
    columns.collect()
}

/// What is wrong with a definition, beyond its types.
pub(crate) fn check(definition: &Value) -> Vec<Cause> {
    let text = |pointer| object::text(definition, pointer).unwrap_or_default();
    let (plural, group) = (text("/spec/names/plural"), text("/spec/group"));
    let mut causes = Vec::new();
    for (field, pointer) in [
        ("spec.group", "/spec/group"),
        ("spec.names.plural", "/spec/names/plural"),
        ("spec.names.kind", "/spec/names/kind"),
    ] {
        if text(pointer).is_empty() {
            causes.push(Cause::required(field, ""));
        }
    }
    let name = object::name(definition);
    if name != format!("{plural}.{group}") {
        let why = "must be spec.names.plural+\".\"+spec.group";
        causes.push(Cause::invalid("metadata.name", &json!(name), why));
    }
    let versions = definition
        .pointer("/spec/versions")
        .and_then(Value::as_array);
    let stored = versions.into_iter().flatten();
    let stored = stored.filter(|version| version["storage"] == json!(true));
    if stored.count() != 1 {
        let why = "must have exactly one version marked as storage version";
        causes.push(Cause::invalid("spec.versions", &"[]", why));
    }
    causes
}

/// Says that the kind is served, which clients wait for.
pub(crate) fn establish(definition: &mut Value, now: Timestamp) {
    let condition = |kind: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": "True", "reason": reason, "message": message,
            "lastTransitionTime": object::time(now),
        })
    };
    let names = definition.pointer("/spec/names").cloned();
    let versions = definition
        .pointer("/spec/versions")
        .and_then(Value::as_array);
    let stored = versions.into_iter().flatten();
    let stored: Vec<Value> = stored
        .filter(|version| version["storage"] == json!(true))
        .map(|version| version["name"].clone())
        .collect();
    let status = json!({
        "acceptedNames": names,
        "storedVersions": stored,
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ],
    });
    object::map_mut(definition).insert("status".to_owned(), status);
}
