//! The `OpenAPI` documents that `kubectl` reads: to learn that it may leave validation to us, and for
//! `kubectl explain`.

use serde_json::{Map, Value, json};

use crate::{
    kinds::{Kind, Kinds, Rules, Scope},
    refusal::Refusal,
    target::GroupVersion,
};

/// Where the document of each group and version is.
///
/// Clients put their own prefix before addresses that begin with `/openapi/v3`, so these are right
/// wherever the router is mounted.
pub(crate) fn index(kinds: &Kinds) -> Value {
    let paths: Map<String, Value> = kinds
        .versions()
        .iter()
        .map(|api| {
            let root = root(api);
            let address = format!("/openapi/v3{root}");
            (
                root.trim_start_matches('/').to_owned(),
                json!({"serverRelativeURL": address}),
            )
        })
        .collect();
    json!({"paths": paths})
}

/// The document of one group and version.
pub(crate) fn document(kinds: &Kinds, api: &GroupVersion) -> Result<Value, Refusal> {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for kind in kinds.of(api) {
        let root = root(api);
        let place = match kind.scope {
            Scope::Cluster => "",
            Scope::Namespaced => "/namespaces/{namespace}",
        };
        let path = format!("{root}{place}/{}/{{name}}", kind.plural);
        paths.insert(path, operations(kind));
        schemas.insert(schema_name(kind), schema(kind));
    }
    if paths.is_empty() {
        return Err(Refusal::no_such_path());
    }
    Ok(json!({
        "openapi": "3.0.0",
        "info": {"title": "KAOS", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "components": {"schemas": schemas},
    }))
}

fn root(api: &GroupVersion) -> String {
    let GroupVersion { group, version } = api;
    if group.is_empty() {
        format!("/api/{version}")
    } else {
        format!("/apis/{group}/{version}")
    }
}

fn operations(kind: &Kind) -> Value {
    let names = json!({"group": kind.group, "version": kind.version, "kind": kind.name});
    let parameter = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}});
    let answer = json!({"200": {"description": "OK", "content": {"application/json": {
        "schema": {"$ref": format!("#/components/schemas/{}", schema_name(kind))},
    }}}});
    json!({
        "get": {
            "x-kubernetes-action": "get",
            "x-kubernetes-group-version-kind": names,
            "responses": answer,
        },
        "patch": {
            "x-kubernetes-action": "patch",
            "x-kubernetes-group-version-kind": names,
            "parameters": [
                parameter("dryRun"), parameter("fieldManager"), parameter("fieldValidation"),
            ],
            "responses": answer,
        },
    })
}

/// `tools.kaos.v1alpha1.Agent`.
fn schema_name(kind: &Kind) -> String {
    let group: Vec<&str> = match kind.group.as_str() {
        "" => vec!["io", "k8s", "api", "core"],
        group => group.rsplit('.').collect(),
    };
    format!("{}.{}.{}", group.join("."), kind.version, kind.name)
}

fn schema(kind: &Kind) -> Value {
    let mut schema = match &kind.rules {
        Rules::Schema(schema) => schema.as_ref().clone(),
        Rules::Typed(_) => json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true}),
    };
    schema["x-kubernetes-group-version-kind"] =
        json!([{"group": kind.group, "version": kind.version, "kind": kind.name}]);
    schema
}
