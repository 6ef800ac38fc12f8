//! Server-side apply: a client sends all it cares about, and what it no longer sends goes.
//!
//! `metadata.managedFields` says which fields each manager applied, in Kubernetes' own format. Limits:
//! lists have one owner as a whole (Kubernetes can merge some by key), and only applies are recorded,
//! not updates; a field that an update changes loses its owners.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    object,
    refusal::{Cause, Refusal},
};

/// A field, as the names that lead to it.
type Field = Vec<String>;

/// Who applies what, and to which part of the object.
#[derive(Clone, Debug)]
pub(crate) struct Application<'a> {
    pub(crate) manager: &'a str,
    pub(crate) force: Force,
    pub(crate) part: Part,
    pub(crate) now: Timestamp,
}

/// Whether fields are taken from their owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Force {
    /// They are.
    Take,
    /// The apply is refused instead.
    Refuse,
}

/// What a request writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Everything but the status, where that has its own path.
    Main,
    /// The status.
    Status,
}

impl Part {
    fn subresource(self) -> &'static str {
        match self {
            Self::Main => "",
            Self::Status => "status",
        }
    }
}

/// One entry of `managedFields`.
#[derive(Clone, Debug)]
struct Owner {
    manager: String,
    subresource: String,
    api_version: Value,
    time: Value,
    fields: BTreeSet<Field>,
}

/// The object after `config` has been applied to it.
pub(crate) fn applied(
    live: &Value,
    config: &Value,
    by: &Application<'_>,
) -> Result<Value, Refusal> {
    let mut owners = owners(live);
    let sent = fields_of(config);
    let is_same =
        |owner: &Owner| owner.manager == by.manager && owner.subresource == by.part.subresource();
    let (own, mut others): (Vec<Owner>, Vec<Owner>) = owners.drain(..).partition(is_same);
    let differs = |field: &Field| at(live, field) != at(config, field);

    let mut conflicts = Vec::new();
    for other in &mut others {
        let taken: Vec<Field> = other.fields.intersection(&sent).cloned().collect();
        let taken = taken.into_iter().filter(differs);
        for field in taken {
            conflicts.push(Cause {
                reason: "FieldManagerConflict",
                field: format!(".{}", field.join(".")),
                message: format!("conflict with \"{}\"", other.manager),
            });
            other.fields.remove(&field);
        }
    }
    if by.force == Force::Refuse && !conflicts.is_empty() {
        return Err(Refusal::apply_conflict(conflicts));
    }

    let mut result = live.clone();
    let given_up = own.iter().flat_map(|owner| &owner.fields);
    for field in given_up.filter(|field| !sent.contains(*field)) {
        if others.iter().all(|other| !other.fields.contains(field)) {
            remove(&mut result, field);
        }
    }
    merge(&mut result, config);
    others.push(Owner {
        manager: by.manager.to_owned(),
        subresource: by.part.subresource().to_owned(),
        api_version: live["apiVersion"].clone(),
        time: json!(object::time(by.now)),
        fields: sent,
    });
    write_owners(&mut result, &others);
    Ok(result)
}

/// Takes changed fields from their owners, after a write that was no apply.
pub(crate) fn disown_changed(previous: &Value, object: &mut Value) {
    let mut owners = owners(previous);
    for owner in &mut owners {
        owner
            .fields
            .retain(|field| at(previous, field) == at(object, field));
    }
    write_owners(object, &owners);
}

/// Every field of a configuration that can have an owner: values, lists, and empty maps.
fn fields_of(config: &Value) -> BTreeSet<Field> {
    let mut fields = BTreeSet::new();
    collect(config, &mut Vec::new(), &mut fields);
    fields
}

fn collect(value: &Value, path: &mut Field, fields: &mut BTreeSet<Field>) {
    // These say which object is meant, or are the system's own.
    const NOBODYS: [&[&str]; 9] = [
        &["apiVersion"],
        &["kind"],
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["metadata", "uid"],
        &["metadata", "resourceVersion"],
        &["metadata", "generation"],
        &["metadata", "creationTimestamp"],
        &["metadata", "managedFields"],
    ];
    if NOBODYS.iter().any(|nobodys| path == nobodys) {
        return;
    }
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (name, value) in map {
                path.push(name.clone());
                collect(value, path, fields);
                path.pop();
            }
        }
        _ if path.is_empty() || path == &["metadata"] => {}
        _ => {
            fields.insert(path.clone());
        }
    }
}

fn at<'a>(object: &'a Value, field: &Field) -> Option<&'a Value> {
    field.iter().try_fold(object, |value, name| value.get(name))
}

/// Removes a field, and the maps around it that become empty.
fn remove(object: &mut Value, field: &[String]) {
    let Some((name, rest)) = field.split_first() else {
        return;
    };
    let Some(map) = object.as_object_mut() else {
        return;
    };
    if rest.is_empty() {
        map.remove(name);
    } else if let Some(inner) = map.get_mut(name) {
        remove(inner, rest);
        if inner.as_object().is_some_and(Map::is_empty) {
            map.remove(name);
        }
    }
}

fn merge(live: &mut Value, config: &Value) {
    match config {
        Value::Object(config) if !config.is_empty() => {
            let live = object::map_mut(live);
            for (name, value) in config {
                merge(live.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        Value::Object(_) if live.is_object() => {}
        _ => live.clone_from(config),
    }
}

fn owners(object: &Value) -> Vec<Owner> {
    let entries = object.pointer("/metadata/managedFields");
    let entries = entries.and_then(Value::as_array).into_iter().flatten();
    let applied = entries.filter(|entry| entry["operation"] == json!("Apply"));
    let owners = applied.map(|entry| {
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let mut fields = BTreeSet::new();
        decode(&entry["fieldsV1"], &mut Vec::new(), &mut fields);
        Owner {
            manager: text("manager"),
            subresource: text("subresource"),
            api_version: entry["apiVersion"].clone(),
            time: entry["time"].clone(),
            fields,
        }
    });
    owners.collect()
}

fn write_owners(object: &mut Value, owners: &[Owner]) {
    let owning = owners.iter().filter(|owner| !owner.fields.is_empty());
    let entries: Vec<Value> = owning
        .map(|owner| {
            let mut entry = json!({
                "manager": owner.manager,
                "operation": "Apply",
                "apiVersion": owner.api_version,
                "time": owner.time,
                "fieldsType": "FieldsV1",
                "fieldsV1": encode(&owner.fields),
            });
            if !owner.subresource.is_empty() {
                entry["subresource"] = json!(owner.subresource);
            }
            entry
        })
        .collect();
    let entries = (!entries.is_empty()).then(|| json!(entries));
    object::set(object::metadata_mut(object), "managedFields", entries);
}

/// `spec.model` as `{"f:spec": {"f:model": {}}}`.
fn encode(fields: &BTreeSet<Field>) -> Value {
    let mut root = json!({});
    for field in fields {
        let mut inner = &mut root;
        for name in field {
            let map = object::map_mut(inner);
            inner = map.entry(format!("f:{name}")).or_insert_with(|| json!({}));
        }
    }
    root
}

fn decode(encoded: &Value, path: &mut Field, fields: &mut BTreeSet<Field>) {
    let names = encoded.as_object().into_iter().flatten();
    let mut is_leaf = true;
    for (name, inner) in names {
        if let Some(name) = name.strip_prefix("f:") {
            is_leaf = false;
            path.push(name.to_owned());
            decode(inner, path, fields);
            path.pop();
        }
    }
    if is_leaf && !path.is_empty() {
        fields.insert(path.clone());
    }
}

#[cfg(test)]
mod tests;
