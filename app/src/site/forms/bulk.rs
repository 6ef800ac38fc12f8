//! What is done with several resources at once.

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use http::StatusCode;

use super::{Fields, Sent, done, failed, no_such_kind};
use crate::{
    kinds::Kind,
    rows::Id,
    site::{
        Failure, Ports,
        flash::{Deed, Flash},
        kubernetes, manifest,
    },
    url::Encoded,
};

pub(in crate::site) async fn post(
    State(ports): State<Ports>,
    Path((namespace, plural)): Path<(String, String)>,
    Sent { head, fields }: Sent,
) -> Response {
    let Some(kind) = Kind::of_plural(&plural) else {
        return no_such_kind();
    };
    let list = kind.list_href(&namespace);
    let chosen = selected(&fields);
    if chosen.is_empty() {
        return Redirect::to(&list).into_response();
    }
    let done = match fields.get("action") {
        Some("delete") => {
            let names = chosen
                .iter()
                .map(|id| format!("select={}", Encoded(&written(id))));
            let query = names.collect::<Vec<_>>().join("&");
            return Redirect::to(&format!("{list}/_delete?{query}")).into_response();
        }
        Some("export") => export(&ports, kind, &chosen).await,
        Some("label") => {
            let label = fields.text("label");
            label_all(&ports, kind, &chosen, &label).await.map(|()| {
                let deed = Deed::LabelledMany;
                many(deed, kind, &namespace, chosen.len())
            })
        }
        _ => return (StatusCode::BAD_REQUEST, "this form has no such action\n").into_response(),
    };
    match done {
        Ok(response) => response,
        Err(failure) => failed(ports, head, failure).await,
    }
}

/// Deletes all that the page of the question named.
pub(in crate::site) async fn delete(
    State(ports): State<Ports>,
    Path((namespace, plural)): Path<(String, String)>,
    Sent { head, fields }: Sent,
) -> Response {
    let Some(kind) = Kind::of_plural(&plural) else {
        return no_such_kind();
    };
    let chosen = selected(&fields);
    for id in &chosen {
        if let Err(failure) = kubernetes::delete(&ports.kube, kind, &id.namespace, &id.name).await {
            return failed(ports, head, failure).await;
        }
    }
    many(Deed::DeletedMany, kind, &namespace, chosen.len())
}

/// `namespace/name` of everything that is ticked; what is no name is passed over.
pub(crate) fn ids_of(values: &[String]) -> Vec<Id> {
    let id = |value: &String| {
        let (namespace, name) = value.split_once('/')?;
        let is_name = |text: &str| {
            text.split('.')
                .all(|part| api::validation::name_problem(part, 253).is_none())
        };
        (is_name(namespace) && is_name(name)).then(|| Id {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    };
    values.iter().filter_map(id).collect()
}

fn selected(fields: &Fields) -> Vec<Id> {
    ids_of(&fields.all("select"))
}

fn written(id: &Id) -> String {
    format!("{}/{}", id.namespace, id.name)
}

fn many(deed: Deed, kind: Kind, namespace: &str, count: usize) -> Response {
    let flash = Flash {
        deed,
        kind,
        namespace: namespace.to_owned(),
        object: count.to_string(),
    };
    done(&kind.list_href(namespace), &flash)
}

/// All of them in one file, without secrets.
async fn export(ports: &Ports, kind: Kind, chosen: &[Id]) -> Result<Response, Failure> {
    let mut documents = Vec::new();
    for id in chosen {
        let found = kubernetes::object(&ports.kube, kind, &id.namespace, &id.name).await?;
        // One that is gone by now is not in the file.
        documents.extend(found.and_then(|object| manifest::exported(object).ok()));
    }
    Ok((manifest::headers(kind.plural()), documents.join("---\n")).into_response())
}

async fn label_all(ports: &Ports, kind: Kind, chosen: &[Id], label: &str) -> Result<(), Failure> {
    let (key, value) = match label.split_once('=') {
        Some((key, value)) => (key.trim(), serde_json::json!(value.trim())),
        None => (label.trim().trim_end_matches('-'), serde_json::Value::Null),
    };
    let patch = serde_json::json!({"metadata": {"labels": {key: value}}});
    for id in chosen {
        kubernetes::patch(&ports.kube, kind, id, &patch).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_taken_from_what_is_posted() {
        let values = ["team/analyst", "team/a.b", "../x/y", "team", "Team/a"];
        let found = ids_of(&values.map(str::to_owned));
        let names: Vec<_> = found.iter().map(written).collect();
        assert_eq!(names, ["team/analyst", "team/a.b"]);
    }
}
