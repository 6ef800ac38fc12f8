//! The state before a write, and the one after it: what carries over, what counts as a change.

use serde_json::Value;

use crate::{
    apply::Part,
    kinds::{Kind, StatusRule},
    object,
    refusal::{Cause, Refusal},
};

/// Drops from a configuration what its path does not write.
pub(super) fn only(config: &mut Value, part: Part, status: StatusRule) {
    let map = object::map_mut(config);
    match (part, status) {
        (Part::Main, StatusRule::Subresource) => {
            map.remove("status");
        }
        (Part::Main, StatusRule::Plain) => {}
        (Part::Status, _) => {
            map.retain(|name, _| matches!(name.as_str(), "apiVersion" | "kind" | "status"));
        }
    }
}

/// The next state with everything the client may not decide taken from the previous one.
pub(super) fn with_system_fields(
    previous: &Value,
    mut next: Value,
    part: Part,
    status: StatusRule,
) -> Value {
    let field = |name: &str| previous["metadata"].get(name).cloned();
    if part == Part::Status {
        let mut result = previous.clone();
        let map = object::map_mut(&mut result);
        object::set(map, "status", next.get("status").cloned());
        let owners = next.pointer("/metadata/managedFields").cloned();
        object::set(object::metadata_mut(&mut result), "managedFields", owners);
        return result;
    }
    if status == StatusRule::Subresource {
        let status = previous.get("status").cloned();
        object::set(object::map_mut(&mut next), "status", status);
    }
    let metadata = object::metadata_mut(&mut next);
    for name in [
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        object::set(metadata, name, field(name));
    }
    next
}

pub(super) fn check_finalizers(kind: &Kind, previous: &Value, next: &Value) -> Result<(), Refusal> {
    let known = object::finalizers(previous);
    let is_new = |finalizer: &&Value| !known.contains(finalizer);
    if object::is_deleting(previous) && object::finalizers(next).iter().any(|it| is_new(&it)) {
        let why = "no new finalizers can be added if the object is being deleted";
        let cause = Cause {
            reason: "FieldValueForbidden",
            field: "metadata.finalizers".to_owned(),
            message: format!("Forbidden: {why}"),
        };
        return Err(Refusal::invalid(kind, object::name(previous), vec![cause]));
    }
    Ok(())
}

/// Whether nothing changed but the time at which an apply was repeated.
pub(super) fn is_same(previous: &Value, next: &Value) -> bool {
    let timeless = |object: &Value| {
        let mut object = object.clone();
        let metadata = object::metadata_mut(&mut object);
        if let Some(entries) = metadata
            .get_mut("managedFields")
            .and_then(Value::as_array_mut)
        {
            for entry in entries {
                object::map_mut(entry).remove("time");
            }
        }
        object
    };
    timeless(previous) == timeless(next)
}
