//! The query parameters of the protocol.

use axum::extract::Query;
use http::Uri;
use serde::Deserialize;

use crate::{refusal::Refusal, selector::Selector, store::Durability};

/// Query parameters as they were sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Params {
    label_selector: Option<String>,
    field_selector: Option<String>,
    dry_run: Option<String>,
    field_validation: Option<String>,
    watch: Option<String>,
    allow_watch_bookmarks: Option<String>,
    send_initial_events: Option<String>,
    force: Option<String>,
    /// How many objects a page of a list holds.
    pub(crate) limit: Option<usize>,
    /// Where the next page of a list begins.
    #[serde(rename = "continue")]
    pub(crate) continue_token: Option<String>,
    /// Where a watch begins.
    pub(crate) resource_version: Option<String>,
    /// After how many seconds a watch ends.
    pub(crate) timeout_seconds: Option<u64>,
    /// On whose behalf a write is made.
    pub(crate) field_manager: Option<String>,
    /// What becomes of the objects a deleted one owns.
    pub(crate) propagation_policy: Option<String>,
}

/// What becomes of fields that the kind does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnknownFields {
    /// They are dropped.
    Ignore,
    /// They are dropped, and the client is told.
    Warn,
    /// The request is refused.
    Refuse,
}

impl Params {
    /// Reads the query of `uri`.
    pub(crate) fn parse(uri: &Uri) -> Result<Self, Refusal> {
        match Query::try_from_uri(uri) {
            Ok(Query(params)) => Ok(params),
            Err(error) => Err(Refusal::bad_request(error.body_text())),
        }
    }

    /// Which objects are meant.
    pub(crate) fn selector(&self) -> Result<Selector, Refusal> {
        Selector::parse(
            self.label_selector.as_deref().unwrap_or_default(),
            self.field_selector.as_deref().unwrap_or_default(),
        )
        .map_err(|error| Refusal::bad_request(error.to_string()))
    }

    /// Whether a write is kept.
    pub(crate) fn durability(&self) -> Result<Durability, Refusal> {
        match self.dry_run.as_deref() {
            None | Some("") => Ok(Durability::Keep),
            Some("All") => Ok(Durability::DryRun),
            Some(other) => Err(Refusal::bad_request(format!(
                "unsupported value \"{other}\" of dryRun: supported values: \"All\""
            ))),
        }
    }

    /// What becomes of fields that the kind does not have.
    pub(crate) fn unknown_fields(&self) -> Result<UnknownFields, Refusal> {
        match self.field_validation.as_deref() {
            None | Some("" | "Warn") => Ok(UnknownFields::Warn),
            Some("Ignore") => Ok(UnknownFields::Ignore),
            Some("Strict") => Ok(UnknownFields::Refuse),
            Some(other) => Err(Refusal::bad_request(format!(
                "unsupported value \"{other}\" of fieldValidation: supported values: \"Ignore\", \
                 \"Strict\", \"Warn\""
            ))),
        }
    }

    /// Whether changes are wanted instead of a list.
    pub(crate) fn is_watch(&self) -> bool {
        is_true(self.watch.as_ref())
    }

    /// Whether a watch may carry bookmarks.
    pub(crate) fn wants_bookmarks(&self) -> bool {
        is_true(self.allow_watch_bookmarks.as_ref())
    }

    /// Whether a watch begins with all there is; `None` when the client does not say.
    pub(crate) fn wants_initial_events(&self) -> Option<bool> {
        let sent = self.send_initial_events.as_ref()?;
        Some(is_true(Some(sent)))
    }

    /// Whether an apply takes fields from their owners.
    pub(crate) fn is_forced(&self) -> bool {
        is_true(self.force.as_ref())
    }
}

/// Go's reading of a boolean parameter, where a bare `watch` means yes.
fn is_true(sent: Option<&String>) -> bool {
    sent.is_some_and(|sent| !matches!(sent.as_str(), "false" | "0" | "f" | "F" | "False"))
}
