//! What a new database holds: the namespaces every cluster has, and the definitions of our kinds.

use api::resources::{Agent, MCPServer, ModelAPI};
use kube::CustomResourceExt;
use serde_json::{Value, json};

use crate::{
    ApiServer,
    admission::Manner,
    apply::{Force, Part},
    kinds::{DEFINITIONS, DEFINITIONS_GROUP, NAMESPACES},
    params::UnknownFields,
    patch::Patch,
    refusal::Refusal,
    store::Durability,
    target::GroupVersion,
    write::Writing,
};

/// Namespaces that are there from the start and stay.
pub(crate) const PERMANENT_NAMESPACES: [&str; 2] = ["default", "kube-system"];

/// Writes what is missing; definitions are brought up to this program's version.
pub(crate) fn plant(server: &ApiServer) -> Result<(), Refusal> {
    for name in PERMANENT_NAMESPACES {
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        apply(server, &GroupVersion::new("", "v1"), NAMESPACES, namespace)?;
    }
    for definition in [Agent::crd(), ModelAPI::crd(), MCPServer::crd()] {
        let definition = serde_json::to_value(definition)
            .map_err(|error| Refusal::internal(&error.to_string()))?;
        let api = GroupVersion::new(DEFINITIONS_GROUP, "v1");
        apply(server, &api, DEFINITIONS, definition)?;
    }
    server.reload_kinds()
}

fn apply(
    server: &ApiServer,
    api: &GroupVersion,
    plural: &str,
    object: Value,
) -> Result<(), Refusal> {
    let kinds = server.kinds();
    let Some(kind) = kinds.find(api, plural) else {
        return Err(Refusal::no_such_path());
    };
    let manner = Manner {
        unknown_fields: UnknownFields::Ignore,
        field_manager: Some("kaos".to_owned()),
    };
    let name = crate::object::name(&object).to_owned();
    let now = server.inner.clock.now();
    server.write_now(Durability::Keep, |tx| {
        let mut writing = Writing {
            tx,
            kind,
            namespace: "",
            manner: &manner,
            now,
            warnings: Vec::new(),
        };
        let patch = Patch::Apply(object);
        writing
            .patch(&name, Part::Main, &patch, Force::Take)
            .map(drop)
    })
}
