//! Changes an object: only the fields that somebody changed, and not over what others changed.

use serde_json::json;

use super::{Draft, Refusal};
use crate::{
    forms::{self, Values},
    rows,
    site::{
        Ports,
        kubernetes::{self, Durability},
    },
};

/// How often a change is tried again because the object was written in between.
const TRIES: usize = 3;

/// A field that two changed at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    pub(crate) id: &'static str,
    pub(crate) label: &'static str,
    /// What this form says.
    pub(crate) mine: String,
    /// What the object says now.
    pub(crate) theirs: String,
    /// What both began from.
    pub(crate) base: String,
}

/// The fields that were changed here and, since the form was drawn, elsewhere, to something else.
pub(super) fn conflicts(draft: &Draft) -> Vec<Conflict> {
    let now = Values::of(draft.kind, &draft.live);
    let conflict = |field: &'static forms::FieldSpec| {
        let [mine, theirs, base] =
            [&draft.values, &now, &draft.drawn].map(|values| values.get(field.id).trim_end());
        let is_conflict = mine != base && theirs != base && mine != theirs;
        (is_conflict && draft.values.asks(field)).then(|| Conflict {
            id: field.id,
            label: field.label,
            mine: mine.to_owned(),
            theirs: theirs.to_owned(),
            base: base.to_owned(),
        })
    };
    forms::fields(draft.kind).filter_map(conflict).collect()
}

/// Once a conflict has been shown, sending the form again says that ours is to win: then ours has
/// been compared with theirs.
pub(super) fn redrawn(draft: &Draft, conflicts: &[Conflict]) -> Values {
    let mut drawn = draft.drawn.clone();
    for conflict in conflicts {
        drawn.set(conflict.id, conflict.theirs.clone());
    }
    drawn
}

/// Writes what was changed.
pub(super) async fn write(ports: &Ports, draft: &Draft) -> Result<(), Refusal> {
    let (kind, name) = (draft.kind, draft.name());
    let conflicts = conflicts(draft);
    if !conflicts.is_empty() {
        return Err(Refusal {
            status: http::StatusCode::CONFLICT,
            problems: Vec::new(),
            conflicts,
        });
    }
    draft
        .object()
        .map_err(|errors| Refusal::wrong(kind, &errors))?;
    draft.functions(ports).await?;
    let changes = draft
        .changes()
        .map_err(|errors| Refusal::wrong(kind, &errors))?;
    if changes.is_empty() {
        return Ok(());
    }
    let mut patch = forms::merge_patch(&changes);
    let mut version = rows::text(&draft.live, "/metadata/resourceVersion");
    let id = rows::Id {
        namespace: draft.namespace.clone(),
        name: name.clone(),
    };
    for _ in 0..TRIES {
        // A list is replaced as a whole, so nobody may have written it since it was compared.
        patch["metadata"]["resourceVersion"] = json!(version);
        let written = kubernetes::merge(&ports.kube, kind, &id, &patch, Durability::Kept).await;
        match written {
            Ok(()) => return Ok(()),
            Err(kube::Error::Api(status)) if status.is_conflict() => {
                let live = kubernetes::object(&ports.kube, kind, &id.namespace, &id.name).await;
                let Ok(Some(live)) = live else {
                    break;
                };
                // Its status is written all the time; what people write is compared again.
                if live["spec"] != draft.live["spec"] {
                    break;
                }
                version = rows::text(&live, "/metadata/resourceVersion");
            }
            Err(error) => return Err(Refusal::by_kubernetes(kind, &name, &error)),
        }
    }
    Err(Refusal {
        status: http::StatusCode::CONFLICT,
        ..Refusal::wrong(
            kind,
            &[super::general(
                "Somebody else is changing it at this moment; send the form again".to_owned(),
            )],
        )
    })
}
