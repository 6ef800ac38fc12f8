//! What is served, for clients that ask before they act.

use serde_json::{Value, json};

use crate::{
    kinds::{self, Kind, Kinds, Scope, StatusRule},
    refusal::Refusal,
    target::GroupVersion,
};

const VERBS: [&str; 8] = [
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];

/// The version of Kubernetes whose protocol this is.
pub(crate) fn version() -> Value {
    json!({
        "major": "1",
        "minor": "34",
        "gitVersion": concat!("v1.34.0+kaos-", env!("CARGO_PKG_VERSION")),
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}

/// The versions of the core group.
pub(crate) fn core_versions() -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [],
    })
}

/// All groups but the core one.
pub(crate) fn groups(kinds: &Kinds) -> Value {
    let mut names: Vec<String> = Vec::new();
    for GroupVersion { group, .. } in kinds.versions() {
        if !group.is_empty() && !names.contains(&group) {
            names.push(group);
        }
    }
    let groups: Vec<Value> = names.iter().map(|name| group_of(kinds, name)).collect();
    json!({"apiVersion": "v1", "kind": "APIGroupList", "groups": groups})
}

/// One group.
pub(crate) fn group(kinds: &Kinds, name: &str) -> Result<Value, Refusal> {
    let served = kinds.versions().iter().any(|api| api.group == name);
    if name.is_empty() || !served {
        return Err(Refusal::no_such_path());
    }
    let mut group = group_of(kinds, name);
    group["apiVersion"] = json!("v1");
    group["kind"] = json!("APIGroup");
    Ok(group)
}

fn group_of(kinds: &Kinds, name: &str) -> Value {
    let versions: Vec<Value> = kinds
        .versions()
        .iter()
        .filter(|api| api.group == name)
        .map(|api| {
            let GroupVersion { group, version } = api;
            json!({"groupVersion": kinds::api_version(group, version), "version": version})
        })
        .collect();
    json!({"name": name, "preferredVersion": versions.first(), "versions": versions})
}

/// The kinds of a group in a version.
pub(crate) fn resources(kinds: &Kinds, api: &GroupVersion) -> Result<Value, Refusal> {
    let mut resources = Vec::new();
    for kind in kinds.of(api) {
        resources.push(resource(kind));
        if kind.status == StatusRule::Subresource {
            resources.push(json!({
                "name": format!("{}/status", kind.plural),
                "singularName": "",
                "namespaced": kind.scope == Scope::Namespaced,
                "kind": kind.name,
                "verbs": ["get", "patch", "update"],
            }));
        }
    }
    if resources.is_empty() {
        return Err(Refusal::no_such_path());
    }
    Ok(json!({
        "apiVersion": "v1",
        "kind": "APIResourceList",
        "groupVersion": kinds::api_version(&api.group, &api.version),
        "resources": resources,
    }))
}

fn resource(kind: &Kind) -> Value {
    json!({
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.scope == Scope::Namespaced,
        "kind": kind.name,
        "verbs": VERBS,
        "shortNames": kind.short_names,
    })
}
