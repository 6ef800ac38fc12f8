//! Creates Secrets and changes their keys. Values go in and never come out.

use api::validation::name_problem;
use axum::{
    extract::{Path, State},
    response::Response,
};
use http::{StatusCode, request::Parts};
use serde_json::{Map, Value, json};

use super::{Fields, Sent, done};
use crate::{
    kinds::Kind,
    rows::Id,
    site::{
        Ports,
        flash::{Deed, Flash},
        kubernetes::{self, Durability},
        render_again,
    },
};

/// What the form of a Secret held, without values, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SecretForm {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) keys: Vec<String>,
    /// Each with the id of its field; empty for what belongs to none.
    pub(crate) errors: Vec<(&'static str, String)>,
}

/// The keys and values of the rows that are filled in.
fn rows(fields: &Fields) -> Vec<(String, String)> {
    let keys = fields
        .all("key")
        .into_iter()
        .map(|key| key.trim().to_owned());
    let rows = keys.zip(fields.all("value"));
    rows.filter(|(key, value)| !key.is_empty() || !value.is_empty())
        .collect()
}

fn key_problem(key: &str) -> Option<String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (key.is_empty() || !key.chars().all(is_allowed))
        .then(|| format!("\"{key}\" is no key: use letters, digits, hyphens, dots and underscores"))
}

fn problems(form: &SecretForm, rows: &[(String, String)]) -> Vec<(&'static str, String)> {
    let wrong_part = |part: &str| name_problem(part, 253);
    let name = form.name.split('.').find_map(wrong_part);
    let name = name.map(|message| ("name", message));
    let keys = rows.iter().filter_map(|(key, _)| key_problem(key));
    let keys = keys.map(|message| ("keys", message));
    name.into_iter().chain(keys).collect()
}

/// `POST /ns/{ns}/secrets/new`.
pub(in crate::site) async fn create(
    State(ports): State<Ports>,
    Path(namespace): Path<String>,
    Sent { head, fields }: Sent,
) -> Response {
    let rows = rows(&fields);
    let mut form = SecretForm {
        name: fields.text("name"),
        kind: fields.text("type"),
        keys: rows.iter().map(|(key, _)| key.clone()).collect(),
        errors: Vec::new(),
    };
    form.errors = problems(&form, &rows);
    if !form.errors.is_empty() {
        return again(ports, head, StatusCode::UNPROCESSABLE_ENTITY, form).await;
    }
    let kind = if form.kind.is_empty() {
        "Opaque"
    } else {
        &form.kind
    };
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": form.name, "namespace": namespace},
        "type": kind,
        "stringData": texts(rows)
    });
    let durability = Durability::Kept;
    let created =
        kubernetes::create(&ports.kube, Kind::Secret, &namespace, &secret, durability).await;
    match created {
        Ok(()) => said(Deed::Created, namespace, form.name),
        Err(error) => refused(ports, head, form, &error).await,
    }
}

/// `POST /ns/{ns}/secrets/{name}/edit`.
pub(in crate::site) async fn change(
    State(ports): State<Ports>,
    Path((namespace, name)): Path<(String, String)>,
    Sent { head, fields }: Sent,
) -> Response {
    let mut set = rows(&fields);
    set.extend(fields.0.iter().filter_map(|(field, value)| {
        let key = field.strip_prefix("set.")?;
        (!value.is_empty()).then(|| (key.to_owned(), value.clone()))
    }));
    let mut form = SecretForm {
        name: name.clone(),
        ..SecretForm::default()
    };
    form.errors = problems(&form, &set);
    if !form.errors.is_empty() {
        return again(ports, head, StatusCode::UNPROCESSABLE_ENTITY, form).await;
    }
    let gone = fields.all("remove").into_iter();
    let gone: Map<String, Value> = gone.map(|key| (key, Value::Null)).collect();
    let patch = json!({"data": gone, "stringData": texts(set)});
    let id = Id {
        namespace: namespace.clone(),
        name: name.clone(),
    };
    let durability = Durability::Kept;
    match kubernetes::merge(&ports.kube, Kind::Secret, &id, &patch, durability).await {
        Ok(()) => said(Deed::Saved, namespace, name),
        Err(error) => refused(ports, head, form, &error).await,
    }
}

fn texts(rows: Vec<(String, String)>) -> Map<String, Value> {
    let texts = rows.into_iter();
    texts.map(|(key, value)| (key, value.into())).collect()
}

fn said(deed: Deed, namespace: String, object: String) -> Response {
    let page = Kind::Secret.href(&namespace, &object);
    let kind = Kind::Secret;
    done(
        &page,
        &Flash {
            deed,
            kind,
            namespace,
            object,
        },
    )
}

async fn refused(ports: Ports, head: Parts, mut form: SecretForm, error: &kube::Error) -> Response {
    let (status, error) = match error {
        kube::Error::Api(status) if status.is_already_exists() => (
            StatusCode::CONFLICT,
            ("name", "is taken: choose another".to_owned()),
        ),
        kube::Error::Api(status) => (
            StatusCode::from_u16(status.code).unwrap_or(StatusCode::BAD_GATEWAY),
            ("", status.message.clone()),
        ),
        other => (StatusCode::BAD_GATEWAY, ("", other.to_string())),
    };
    form.errors.push(error);
    again(ports, head, status, form).await
}

async fn again(ports: Ports, head: Parts, status: StatusCode, form: SecretForm) -> Response {
    render_again(ports, head, status, form).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_not_filled_in_are_passed_over_and_keys_are_checked() {
        let pairs = [("key", "a"), ("key", ""), ("value", "1"), ("value", "")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let fields = Fields(pairs.to_vec());
        assert_eq!(rows(&fields), [("a".to_owned(), "1".to_owned())]);
        assert!(key_problem("api-key").is_none());
        assert!(key_problem("a b").is_some() && key_problem("").is_some());
    }
}
