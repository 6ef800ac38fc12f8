//! Resources that are not ready.

use api::{
    live::{LiveMessage, LiveOp},
    resources::Phase,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Id, State, order::rank};
use crate::kinds::Kind;

/// A resource of any kind that is not ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Trouble {
    pub kind: Kind,
    pub id: Id,
    pub state: State,
}

impl Trouble {
    /// The trouble of an object, when it has any.
    pub fn of(kind: Kind, object: &Value) -> Option<Self> {
        let (state, id) = (State::of(object), Id::of(object)?);
        (state.phase != Phase::Ready).then_some(Self { kind, id, state })
    }
}

/// Brings the list of what is wrong up to date with one message about objects of a kind.
pub fn apply_trouble(troubles: &mut Vec<Trouble>, kind: Kind, message: &LiveMessage) {
    let is_of = |trouble: &Trouble, object: &Value| {
        trouble.kind == kind && Id::of(object).as_ref() == Some(&trouble.id)
    };
    match message.op {
        LiveOp::Snapshot => {
            troubles.retain(|trouble| trouble.kind != kind);
            let objects = message.data.as_array().map_or(&[][..], Vec::as_slice);
            troubles.extend(objects.iter().filter_map(|one| Trouble::of(kind, one)));
        }
        LiveOp::Upsert => {
            troubles.retain(|trouble| !is_of(trouble, &message.data));
            troubles.extend(Trouble::of(kind, &message.data));
        }
        LiveOp::Delete => troubles.retain(|trouble| !is_of(trouble, &message.data)),
    }
    sort_troubles(troubles);
}

/// Puts what needs somebody first: failed, then waiting, then pending.
pub fn sort_troubles(troubles: &mut [Trouble]) {
    troubles.sort_by_key(|trouble| (rank(trouble.state.phase), trouble.kind, trouble.id.clone()));
}
