//! Why a request is refused, as the `Status` object Kubernetes answers with.
//!
//! Clients decide by `reason` and `code`, people read `message`: all three are worded as Kubernetes
//! words them.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Status, StatusCause, StatusDetails};

use crate::{kinds::Kind, store::StoreError};

/// A `Status` that says no. Boxed, because results carry it everywhere.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.message())]
pub(crate) struct Refusal(Box<Status>);

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(crate) reason: &'static str,
    pub(crate) field: String,
    pub(crate) message: String,
}

impl Cause {
    /// A value that breaks a rule.
    pub(crate) fn invalid(field: &str, value: &impl std::fmt::Display, why: &str) -> Self {
        Self {
            reason: "FieldValueInvalid",
            field: field.to_owned(),
            message: format!("Invalid value: {value}: {why}"),
        }
    }

    /// A value that is missing.
    pub(crate) fn required(field: &str, why: &str) -> Self {
        let separator = if why.is_empty() { "" } else { ": " };
        Self {
            reason: "FieldValueRequired",
            field: field.to_owned(),
            message: format!("Required value{separator}{why}"),
        }
    }
}

impl Refusal {
    fn new(code: StatusCode, reason: &str, message: impl Into<String>) -> Self {
        Self(Box::new(Status {
            code: Some(i32::from(code.as_u16())),
            message: Some(message.into()),
            reason: Some(reason.to_owned()),
            status: Some("Failure".to_owned()),
            ..Status::default()
        }))
    }

    fn about(mut self, group: &str, kind: &str, name: &str) -> Self {
        let details = self.0.details.get_or_insert_default();
        let non_empty = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        details.group = non_empty(group);
        details.kind = non_empty(kind);
        details.name = non_empty(name);
        self
    }

    fn caused_by(mut self, causes: Vec<Cause>) -> Self {
        let causes = causes.into_iter().map(|cause| StatusCause {
            field: Some(cause.field),
            message: Some(cause.message),
            reason: Some(cause.reason.to_owned()),
        });
        let details = self.0.details.get_or_insert_default();
        details.causes = Some(causes.collect());
        self
    }

    /// No such object.
    pub(crate) fn not_found(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", kind.qualified_plural());
        Self::new(StatusCode::NOT_FOUND, "NotFound", message).about(&kind.group, &kind.plural, name)
    }

    /// No such namespace, said of an object that was to live in it.
    pub(crate) fn no_namespace(name: &str) -> Self {
        let message = format!("namespaces \"{name}\" not found");
        Self::new(StatusCode::NOT_FOUND, "NotFound", message).about("", "namespaces", name)
    }

    /// No such path or kind.
    pub(crate) fn no_such_path() -> Self {
        let message = "the server could not find the requested resource";
        Self::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    /// The name is taken.
    pub(crate) fn already_exists(kind: &Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", kind.qualified_plural());
        Self::new(StatusCode::CONFLICT, "AlreadyExists", message).about(
            &kind.group,
            &kind.plural,
            name,
        )
    }

    /// The object is not what the client thinks it is.
    pub(crate) fn conflict(kind: &Kind, name: &str, why: &str) -> Self {
        let plural = kind.qualified_plural();
        let message = format!("Operation cannot be fulfilled on {plural} \"{name}\": {why}");
        Self::new(StatusCode::CONFLICT, "Conflict", message).about(&kind.group, &kind.plural, name)
    }

    /// The client read the object before somebody else changed it.
    pub(crate) fn modified(kind: &Kind, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version \
                   and try again";
        Self::conflict(kind, name, why)
    }

    /// Other managers own fields that an apply would change.
    pub(crate) fn apply_conflict(causes: Vec<Cause>) -> Self {
        let plural = if causes.len() == 1 { "" } else { "s" };
        let listed: Vec<String> = causes
            .iter()
            .map(|cause| format!("{}: {}", cause.message, cause.field))
            .collect();
        let message = format!(
            "Apply failed with {} conflict{plural}: {}",
            causes.len(),
            listed.join(", ")
        );
        Self::new(StatusCode::CONFLICT, "Conflict", message).caused_by(causes)
    }

    /// The object breaks rules of its kind.
    pub(crate) fn invalid(kind: &Kind, name: &str, causes: Vec<Cause>) -> Self {
        let mut listed: Vec<String> = causes
            .iter()
            .map(|cause| format!("{}: {}", cause.field, cause.message))
            .collect();
        let listed = if listed.len() == 1 {
            listed.remove(0)
        } else {
            format!("[{}]", listed.join(", "))
        };
        let message = format!("{} \"{name}\" is invalid: {listed}", kind.qualified_kind());
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message)
            .caused_by(causes)
            .about(&kind.group, &kind.name, name)
    }

    /// A patch that cannot be carried out on the object as it is.
    pub(crate) fn unprocessable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message)
    }

    /// The request itself makes no sense.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    /// Fields nobody knows, sent by a client that wants to be told.
    pub(crate) fn unknown_fields(kind: &Kind, fields: &[String]) -> Self {
        let listed: Vec<String> = fields
            .iter()
            .map(|field| format!("unknown field \"{field}\""))
            .collect();
        let Kind { name, version, .. } = kind;
        let causes = fields.iter().map(|field| Cause {
            reason: "FieldValueInvalid",
            field: field.clone(),
            message: "unknown field".to_owned(),
        });
        Self::bad_request(format!(
            "{name} in version \"{version}\" cannot be handled as a {name}: strict decoding \
             error: {}",
            listed.join(", ")
        ))
        .caused_by(causes.collect())
    }

    /// Not while the object, or the namespace it is in, is what it is.
    pub(crate) fn forbidden(kind: &Kind, name: &str, why: &str) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", kind.qualified_plural());
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message).about(
            &kind.group,
            &kind.plural,
            name,
        )
    }

    /// A verb this path does not have.
    pub(crate) fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
    }

    /// A body in a format this path does not read.
    pub(crate) fn unsupported_media_type(sent: &str, accepted: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format \"{sent}\" - accepted media types \
             include: {}",
            accepted.join(", ")
        );
        let code = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Self::new(code, "UnsupportedMediaType", message)
    }

    /// A body larger than any object may be.
    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("the body of the request is larger than {limit} bytes");
        let code = StatusCode::PAYLOAD_TOO_LARGE;
        Self::new(code, "RequestEntityTooLarge", message)
    }

    /// Events so old that they are forgotten; the client has to list again.
    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, "Expired", message)
    }

    /// Our own fault.
    pub(crate) fn internal(message: &str) -> Self {
        let message = format!("Internal error occurred: {message}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
    }

    /// What is wrong, for people.
    pub(crate) fn message(&self) -> &str {
        self.0.message.as_deref().unwrap_or_default()
    }

    /// The `Status` itself.
    pub(crate) fn status(&self) -> &Status {
        &self.0
    }
}

/// The `Status` of a deletion that is complete.
pub(crate) fn deleted(kind: &Kind, name: &str, uid: Option<&str>) -> Status {
    Status {
        status: Some("Success".to_owned()),
        details: Some(StatusDetails {
            group: (!kind.group.is_empty()).then(|| kind.group.clone()),
            kind: Some(kind.plural.clone()),
            name: Some(name.to_owned()),
            uid: uid.map(str::to_owned),
            ..StatusDetails::default()
        }),
        ..Status::default()
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let error: &dyn std::error::Error = &error;
        tracing::error!(error, "the database of resources failed");
        Self::internal("the database of resources failed")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let code = self.0.code.and_then(|code| u16::try_from(code).ok());
        let code = code.and_then(|code| StatusCode::from_u16(code).ok());
        let code = code.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (code, Json(self.0)).into_response()
    }
}
