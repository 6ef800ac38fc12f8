//! The few kinds of Kubernetes itself that are served without a definition.

use k8s_openapi::{
    ByteString,
    api::{
        core::v1::{ConfigMap, Event, Namespace, Secret},
        events::v1::Event as NewEvent,
    },
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Column, DEFINITIONS, DEFINITIONS_GROUP, Kind, NAMESPACES, Rules, Scope, StatusRule};

/// All of them.
pub(super) fn kinds() -> Vec<Kind> {
    let namespaced = kind(
        "",
        "ConfigMap",
        "configmaps",
        Rules::Typed(typed::<ConfigMap>),
    );
    vec![
        Kind {
            scope: Scope::Cluster,
            status: StatusRule::Subresource,
            short_names: vec!["ns".to_owned()],
            columns: vec![column("Status", ".status.phase"), age()],
            ..kind(
                "",
                "Namespace",
                NAMESPACES,
                Rules::Typed(typed::<Namespace>),
            )
        },
        Kind {
            short_names: vec!["cm".to_owned()],
            ..namespaced
        },
        Kind {
            columns: vec![column("Type", ".type"), age()],
            ..kind("", "Secret", "secrets", Rules::Typed(secret))
        },
        Kind {
            short_names: vec!["ev".to_owned()],
            columns: event_columns(".involvedObject.kind", ".message"),
            ..kind("", "Event", "events", Rules::Typed(typed::<Event>))
        },
        Kind {
            columns: event_columns(".regarding.kind", ".note"),
            ..kind(
                "events.k8s.io",
                "Event",
                "events",
                Rules::Typed(typed::<NewEvent>),
            )
        },
        Kind {
            scope: Scope::Cluster,
            status: StatusRule::Subresource,
            short_names: vec!["crd".to_owned(), "crds".to_owned()],
            columns: vec![Column {
                name: "Created At".to_owned(),
                kind: "string".to_owned(),
                ..age()
            }],
            ..kind(
                DEFINITIONS_GROUP,
                "CustomResourceDefinition",
                DEFINITIONS,
                Rules::Typed(typed::<CustomResourceDefinition>),
            )
        },
    ]
}

fn kind(group: &str, name: &str, plural: &str, rules: Rules) -> Kind {
    Kind {
        group: group.to_owned(),
        version: "v1".to_owned(),
        name: name.to_owned(),
        list_name: format!("{name}List"),
        plural: plural.to_owned(),
        singular: name.to_ascii_lowercase(),
        short_names: Vec::new(),
        scope: Scope::Namespaced,
        status: StatusRule::Plain,
        rules,
        columns: vec![age()],
    }
}

fn event_columns(object: &str, message: &str) -> Vec<Column> {
    vec![
        column("Type", ".type"),
        column("Reason", ".reason"),
        column("Object", object),
        column("Message", message),
        age(),
    ]
}

fn column(name: &str, path: &str) -> Column {
    Column {
        name: name.to_owned(),
        kind: "string".to_owned(),
        format: String::new(),
        description: String::new(),
        priority: 0,
        path: path.to_owned(),
    }
}

/// The column every kind has.
pub(super) fn age() -> Column {
    Column {
        kind: "date".to_owned(),
        ..column("Age", ".metadata.creationTimestamp")
    }
}

/// Reads and writes back, which drops what the type does not have.
fn typed<T: DeserializeOwned + Serialize>(object: Value) -> serde_json::Result<Value> {
    serde_json::to_value(serde_json::from_value::<T>(object)?)
}

/// A Secret's `stringData` is for writing only: it becomes `data`.
fn secret(object: Value) -> serde_json::Result<Value> {
    let mut secret: Secret = serde_json::from_value(object)?;
    if let Some(texts) = secret.string_data.take() {
        let texts = texts
            .into_iter()
            .map(|(key, text)| (key, ByteString(text.into_bytes())));
        secret.data.get_or_insert_default().extend(texts);
    }
    secret.type_.get_or_insert_with(|| "Opaque".to_owned());
    serde_json::to_value(secret)
}
