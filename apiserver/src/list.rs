//! Lists, whole or in pages.
//!
//! Later pages show the state at their own time, but carry the `resourceVersion` of the first: a watch
//! from there replays every change since, so list and watch together miss nothing.

use serde_json::{Value, json};

use crate::{
    kinds::Kind,
    object,
    params::Params,
    refusal::Refusal,
    selector::Selector,
    store::{Scan, Tx},
    write::in_version,
};

/// One page of a list.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) objects: Vec<Value>,
    /// The list's own metadata.
    pub(crate) metadata: Value,
}

/// Where a page begins.
struct Continuation {
    version: i64,
    namespace: String,
    name: String,
}

/// The objects of a kind that are selected; all namespaces unless one is given.
pub(crate) fn page(
    tx: &Tx<'_>,
    kind: &Kind,
    namespace: Option<&str>,
    selector: &Selector,
    params: &Params,
) -> Result<Page, Refusal> {
    let from = match params.continue_token.as_deref() {
        None | Some("") => None,
        Some(token) => Some(Continuation::parse(token)?),
    };
    let version = match &from {
        Some(from) if from.version < tx.oldest_replayable()? => {
            return Err(Refusal::expired(
                "The provided continue parameter is too old to display a consistent list result. \
                 You must start a new list without the continue parameter.",
            ));
        }
        Some(from) => from.version,
        None => tx.latest()?,
    };
    let limit = params
        .limit
        .filter(|limit| *limit > 0)
        .unwrap_or(usize::MAX);
    let after = from
        .as_ref()
        .map(|from| (from.namespace.as_str(), from.name.as_str()));
    let mut objects: Vec<Value> = Vec::new();
    let mut beyond = 0_usize;
    tx.scan(&kind.objects(namespace), after, |object| {
        if !selector.matches(&object) {
            return Scan::GoOn;
        }
        if objects.len() < limit {
            objects.push(in_version(kind, object));
            return Scan::GoOn;
        }
        beyond += 1;
        // How many remain is only said of lists without a selector.
        if selector.is_everything() {
            Scan::GoOn
        } else {
            Scan::Stop
        }
    })?;
    let mut metadata = json!({"resourceVersion": version.to_string()});
    if let Some(last) = objects.last().filter(|_| beyond > 0) {
        metadata["continue"] = json!(Continuation::after(version, last));
        if selector.is_everything() {
            metadata["remainingItemCount"] = json!(beyond);
        }
    }
    Ok(Page { objects, metadata })
}

impl Continuation {
    /// Neither namespaces nor names contain colons.
    fn after(version: i64, last: &Value) -> String {
        let namespace = object::text(last, "/metadata/namespace").unwrap_or_default();
        format!("{version}:{namespace}:{}", object::name(last))
    }

    fn parse(token: &str) -> Result<Self, Refusal> {
        let mut parts = token.splitn(3, ':');
        let version = parts.next().and_then(|version| version.parse().ok());
        match (version, parts.next(), parts.next()) {
            (Some(version), Some(namespace), Some(name)) => Ok(Self {
                version,
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            }),
            _ => Err(Refusal::bad_request("continue key is not valid")),
        }
    }
}
