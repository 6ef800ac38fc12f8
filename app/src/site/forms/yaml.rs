//! Replaces an object by what somebody wrote as YAML.

use axum::{
    extract::{Path, State},
    response::Response,
};
use http::StatusCode;
use serde_json::Value;

use super::{Sent, done, no_such_kind};
use crate::{
    diff::{DiffLine, diff},
    forms::{HIDDEN, yaml},
    kinds::Kind,
    rows::{Id, name, namespace},
    site::{
        Ports,
        flash::{Deed, Flash},
        kubernetes::{self, Durability},
        manifest, render_again,
    },
};

/// What was written, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct YamlForm {
    pub(crate) text: String,
    /// What is wrong, each with its line or its field.
    pub(crate) errors: Vec<String>,
    /// What would be different.
    pub(crate) diff: Vec<DiffLine>,
    /// The API has nothing against it.
    pub(crate) is_checked: bool,
}

/// `POST /ns/{ns}/{plural}/{name}/yaml`.
pub(in crate::site) async fn post(
    State(ports): State<Ports>,
    Path((namespace, plural, name)): Path<(String, String, String)>,
    Sent { head, fields }: Sent,
) -> Response {
    let Some(kind) = Kind::of_plural(&plural) else {
        return no_such_kind();
    };
    let live = match kubernetes::get(&ports.kube, kind, &namespace, &name).await {
        Ok(live) => live,
        Err(failure) => return super::failed(ports, head, failure).await,
    };
    let id = Id { namespace, name };
    let text = fields.get("yaml").unwrap_or_default().replace("\r\n", "\n");
    let durability = match fields.get("intent") {
        Some("write") => Durability::Kept,
        _ => Durability::DryRun,
    };
    let written = write(&ports, kind, &id, &live, (&text, durability)).await;
    let form = match written {
        Ok(_) if durability == Durability::Kept => {
            let Id { namespace, name } = id;
            return done(
                &format!("{}/yaml", kind.href(&namespace, &name)),
                &Flash {
                    deed: Deed::Saved,
                    kind,
                    namespace,
                    object: name,
                },
            );
        }
        Ok(diff) => YamlForm {
            text,
            diff,
            is_checked: true,
            errors: Vec::new(),
        },
        Err(errors) => YamlForm {
            text,
            errors,
            ..YamlForm::default()
        },
    };
    let status = if form.errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    render_again(ports, head, status, form).await
}

/// Writes or tries the text; what it changes, or everything that is wrong.
async fn write(
    ports: &Ports,
    kind: Kind,
    id: &Id,
    live: &Value,
    (text, durability): (&str, Durability),
) -> Result<Vec<DiffLine>, Vec<String>> {
    let mut object = yaml::read(text).map_err(|message| vec![message])?;
    check_identity(kind, id, &object)?;
    restore(&mut object, live);
    kubernetes::replace(&ports.kube, kind, id, &object, durability)
        .await
        .map_err(|error| causes(&error))?;
    let shown = |object: Value| manifest::shown(object).unwrap_or_default();
    Ok(diff(&shown(live.clone()), &shown(object)))
}

/// An object cannot become another one.
fn check_identity(kind: Kind, id: &Id, object: &Value) -> Result<(), Vec<String>> {
    let is_kind = object["kind"] == kind.api_kind();
    let is_object = name(object).as_ref() == Some(&id.name)
        && namespace(object).as_ref() == Some(&id.namespace);
    if is_kind && is_object {
        return Ok(());
    }
    Err(vec![format!(
        "kind, metadata.name and metadata.namespace must stay {}, {} and {}",
        kind.api_kind(),
        id.name,
        id.namespace
    )])
}

/// Puts back what the page hid: every hidden text becomes what the object has in its place, and the
/// parts the page leaves out stay.
fn restore(object: &mut Value, live: &Value) {
    for left_out in [
        "/metadata/managedFields",
        "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration",
    ] {
        if let (Some(value), Some((parent, key))) =
            (live.pointer(left_out), left_out.rsplit_once('/'))
            && let Some(Value::Object(map)) = object.pointer_mut(parent)
        {
            map.insert(key.replace("~1", "/"), value.clone());
        }
    }
    unhide(object, live);
}

fn unhide(value: &mut Value, live: &Value) {
    match value {
        Value::String(text) if text == HIDDEN => *value = live.clone(),
        Value::Object(map) => {
            for (key, value) in map {
                unhide(value, &live[key.as_str()]);
            }
        }
        // Entries with names keep their names when others come or go.
        Value::Array(items) => {
            let known = live.as_array().map_or(&[][..], Vec::as_slice);
            for (index, item) in items.iter_mut().enumerate() {
                let named = known
                    .iter()
                    .find(|one| one.get("name").is_some() && one.get("name") == item.get("name"));
                let same = named.or_else(|| known.get(index)).unwrap_or(&Value::Null);
                unhide(item, same);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn causes(error: &kube::Error) -> Vec<String> {
    let kube::Error::Api(status) = error else {
        return vec![error.to_string()];
    };
    let causes = status.details.as_ref();
    let causes = causes.map_or(&[][..], |details| &details.causes);
    if status.code == 409 {
        return vec![format!(
            "It was changed by somebody else meanwhile. Copy what you wrote, open this page again \
             and put it in there. ({})",
            status.message
        )];
    }
    if causes.is_empty() {
        return vec![status.message.clone()];
    }
    causes
        .iter()
        .map(|cause| format!("{}: {}", cause.field, cause.message))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_page_hid_is_put_back_where_it_was() {
        let live = json!({
            "metadata": {"name": "a", "managedFields": [{"manager": "kubectl"}]},
            "spec": {"container": {"env": [
                {"name": "LEVEL", "value": "debug"}, {"name": "TOKEN", "value": "t-1"}
            ]}}
        });
        let mut object = json!({
            "metadata": {"name": "a"},
            "spec": {"container": {"env": [{"name": "TOKEN", "value": HIDDEN}]}}
        });
        restore(&mut object, &live);
        assert_eq!(object["spec"]["container"]["env"][0]["value"], "t-1");
        assert_eq!(object["metadata"]["managedFields"][0]["manager"], "kubectl");
    }

    #[test]
    fn an_object_stays_itself() {
        let id = Id {
            namespace: "team".to_owned(),
            name: "a".to_owned(),
        };
        let object = |kind: &str, name: &str| json!({"kind": kind, "metadata": {"name": name, "namespace": "team"}});
        assert!(check_identity(Kind::Agent, &id, &object("Agent", "a")).is_ok());
        assert!(check_identity(Kind::Agent, &id, &object("Agent", "b")).is_err());
        assert!(check_identity(Kind::Agent, &id, &object("Secret", "a")).is_err());
    }
}
