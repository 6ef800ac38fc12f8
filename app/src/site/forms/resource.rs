//! Creates and changes resources of our kinds: the forms of agents, MCP servers and model APIs.

mod draft;
mod edit;

pub(crate) use draft::{Draft, KEEP_CODE, NewSecret};
pub(crate) use edit::Conflict;

use api::validation::FieldError;
use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts};
use serde_json::Value;

use super::{Sent, done, no_such_kind};
use crate::{
    forms::{self, Values},
    kinds::Kind,
    preview::{Preview, Problem},
    site::{
        Ports,
        flash::{Deed, Flash},
        kubernetes::{self, Durability},
        render_again,
    },
};

/// What a form that was posted holds, and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Posted {
    pub(crate) values: Values,
    /// What the form showed before anybody changed it.
    pub(crate) drawn: Values,
    pub(crate) new_secret: NewSecret,
    pub(crate) problems: Vec<Problem>,
    pub(crate) conflicts: Vec<Conflict>,
}

/// Why nothing was written.
struct Refusal {
    status: StatusCode,
    problems: Vec<Problem>,
    conflicts: Vec<Conflict>,
}

impl Refusal {
    fn wrong(kind: Kind, errors: &[FieldError]) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            problems: errors
                .iter()
                .map(|error| Problem::of(kind, error))
                .collect(),
            conflicts: Vec::new(),
        }
    }

    /// What Kubernetes says against it, by field where it names one.
    fn by_kubernetes(kind: Kind, name: &str, error: &kube::Error) -> Self {
        let kube::Error::Api(status) = error else {
            return Self {
                status: StatusCode::BAD_GATEWAY,
                ..Self::wrong(kind, &[general(error.to_string())])
            };
        };
        let causes = status.details.as_ref();
        let causes = causes.map_or(&[][..], |details| &details.causes);
        let errors = if status.is_already_exists() {
            vec![FieldError {
                field: "metadata.name".to_owned(),
                message: format!(
                    "is taken: {} {name} exists already; choose another",
                    kind.noun()
                ),
            }]
        } else if causes.is_empty() {
            vec![general(status.message.clone())]
        } else {
            let error = |cause: &kube::core::response::StatusCause| FieldError {
                field: cause.field.clone(),
                message: cause.message.clone(),
            };
            causes.iter().map(error).collect()
        };
        Self {
            status: StatusCode::from_u16(status.code).unwrap_or(StatusCode::BAD_GATEWAY),
            ..Self::wrong(kind, &errors)
        }
    }
}

/// An error that belongs to no field.
fn general(message: String) -> FieldError {
    FieldError {
        field: String::new(),
        message,
    }
}

/// `POST /ns/{ns}/{plural}/new`.
pub(in crate::site) async fn create(
    State(ports): State<Ports>,
    Path((namespace, plural)): Path<(String, String)>,
    Sent { head, fields }: Sent,
) -> Response {
    let Some(kind) = Kind::of_plural(&plural) else {
        return no_such_kind();
    };
    let draft = Draft::new(kind, &namespace, &fields);
    let created = match fields.get("intent") {
        Some("preview") => Err(draft.check(&ports).await.into()),
        _ => write_new(&ports, &draft).await,
    };
    match created {
        Ok(()) => {
            let name = draft.name();
            let page = kind.href(&namespace, &name);
            let page = match fields.get("intent") {
                Some("chat") => format!("{page}/chat"),
                _ => page,
            };
            let deed = Deed::Created;
            done(&page, &flash(deed, kind, namespace, name))
        }
        Err(refusal) => again(ports, head, draft, refusal).await,
    }
}

/// `POST /ns/{ns}/{plural}/{name}/edit`.
pub(in crate::site) async fn change(
    State(ports): State<Ports>,
    Path((namespace, plural, name)): Path<(String, String, String)>,
    Sent { head, fields }: Sent,
) -> Response {
    let Some(kind) = Kind::of_plural(&plural) else {
        return no_such_kind();
    };
    let draft = match Draft::existing(&ports, kind, (&namespace, &name), &fields).await {
        Ok(draft) => draft,
        Err(failure) => return super::failed(ports, head, failure).await,
    };
    let saved = match fields.get("intent") {
        Some("preview") => Err(draft.check(&ports).await.into()),
        _ => edit::write(&ports, &draft).await,
    };
    match saved {
        Ok(()) => {
            let page = kind.href(&namespace, &name);
            done(&page, &flash(Deed::Saved, kind, namespace, name))
        }
        Err(refusal) => again(ports, head, draft, refusal).await,
    }
}

/// `POST /ns/{ns}/{plural}/_check`, with the name in the query when there is one: the preview.
pub(in crate::site) async fn check(
    State(ports): State<Ports>,
    Path((namespace, plural)): Path<(String, String)>,
    Sent { head, fields }: Sent,
) -> Response {
    let Some(kind) = Kind::of_plural(&plural) else {
        return no_such_kind();
    };
    let query = head.uri.query().map(crate::url::pairs).unwrap_or_default();
    let name = query.into_iter().find(|(key, _)| key == "name");
    let draft = match name {
        None => Draft::new(kind, &namespace, &fields),
        Some((_, name)) => {
            match Draft::existing(&ports, kind, (&namespace, &name), &fields).await {
                Ok(draft) => draft,
                Err(failure) => return failure.into_response(),
            }
        }
    };
    Json(draft.preview(&ports).await).into_response()
}

fn flash(deed: Deed, kind: Kind, namespace: String, object: String) -> Flash {
    Flash {
        deed,
        kind,
        namespace,
        object,
    }
}

/// The form again, with everything that was filled in and what is wrong with it.
async fn again(ports: Ports, head: Parts, draft: Draft, refusal: Refusal) -> Response {
    let Refusal {
        status,
        problems,
        conflicts,
    } = refusal;
    let posted = Posted {
        drawn: edit::redrawn(&draft, &conflicts),
        values: draft.values,
        new_secret: draft.new_secret.without_value(),
        problems,
        conflicts,
    };
    render_again(ports, head, status, posted).await
}

/// Creates the object, and before it the Secret it is to read.
async fn write_new(ports: &Ports, draft: &Draft) -> Result<(), Refusal> {
    let kind = draft.kind;
    let object = draft
        .object()
        .map_err(|errors| Refusal::wrong(kind, &errors))?;
    draft.functions(ports).await?;
    let name = draft.name();
    let refused = |error: kube::Error| Refusal::by_kubernetes(kind, &name, &error);
    let create = async |object: &Value, durability| {
        kubernetes::create(&ports.kube, kind, &draft.namespace, object, durability)
            .await
            .map_err(refused)
    };
    create(&object, Durability::DryRun).await?;
    draft.new_secret.create(ports, &draft.namespace).await?;
    create(&object, Durability::Kept).await
}

/// What only a preview was asked for.
impl From<Preview> for Refusal {
    fn from(preview: Preview) -> Self {
        Self {
            status: StatusCode::OK,
            problems: preview.errors,
            conflicts: Vec::new(),
        }
    }
}

/// The values that a new form begins with: those of another object, or those of the address.
pub(crate) fn prefilled(
    kind: Kind,
    namespace: &str,
    from: Option<&Value>,
    query: &[(String, String)],
) -> Values {
    let nothing = forms::nothing(kind, namespace);
    let mut values = Values::of(kind, from.unwrap_or(&nothing));
    if from.is_some() {
        values.set("name", "");
    }
    if kind == Kind::ModelApi && from.is_none() {
        values.set("models", "*");
    }
    for field in forms::fields(kind) {
        let given = query.iter().filter(|(name, _)| name == field.id);
        let given: Vec<_> = given.map(|(_, value)| value.as_str()).collect();
        if !given.is_empty() {
            values.set(field.id, given.join("\n"));
        }
    }
    values
}
