//! What people write down beside their telemetry: which exceptions they are done with, and searches that
//! they want to find again.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::ExceptionGroupId;

/// What somebody decided about a group of exceptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Decision {
    /// It is mended.
    Resolved {
        /// When that was said, in nanoseconds since the epoch; an exception that comes later says that it is
        /// not.
        at_ns: u64,
    },
    /// It does not matter.
    Ignored,
}

/// How it stands with a group of exceptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupStatus {
    /// Nothing was decided.
    Open,
    /// It was resolved and came back.
    Regressed,
    /// It was resolved and has not come back.
    Resolved,
    /// It does not matter, however often it comes.
    Ignored,
}

impl GroupStatus {
    /// By what was decided, and when it last happened, in nanoseconds since the epoch.
    pub fn of(decision: Option<Decision>, last_ns: u64) -> Self {
        match decision {
            None => Self::Open,
            Some(Decision::Ignored) => Self::Ignored,
            Some(Decision::Resolved { at_ns }) if last_ns > at_ns => Self::Regressed,
            Some(Decision::Resolved { .. }) => Self::Resolved,
        }
    }
}

/// A search of traces that has a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedSearch {
    /// Whose traces it is about.
    pub namespace: String,
    /// What it is called; one of its namespace.
    pub name: String,
    /// The query part of the list's address.
    pub address: String,
}

impl SavedSearch {
    /// What is wrong with it, if something is.
    pub fn fault(&self) -> Option<&'static str> {
        if self.name.trim().is_empty() {
            Some("it needs a name")
        } else if self.name.chars().count() > 80 {
            Some("its name has more than 80 letters")
        } else if self.name.chars().any(char::is_control) {
            Some("its name has letters that cannot be seen")
        } else if self.address.len() > 4_096 || self.namespace.len() > 63 {
            Some("it is too long")
        } else {
            None
        }
    }
}

/// Something was not written down.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotNoted {
    /// It makes no sense.
    #[error("the search cannot be kept: {0}")]
    UseSearch(&'static str),
    /// There are so many already.
    #[error("there are {0} of them already; remove one first")]
    TakeSoMany(usize),
    /// It cannot be kept.
    #[error("failed to write it down: {0}")]
    Keep(String),
    /// Nothing is written down here.
    #[error("{0}")]
    Unsupported(String),
}

/// Knows what people wrote down. What was acknowledged is still known after a restart.
#[async_trait]
pub trait Notebook: Send + Sync {
    /// What was decided about groups.
    fn decisions(&self) -> BTreeMap<ExceptionGroupId, Decision>;

    /// Decides about a group; with none, it is open again.
    async fn decide(
        &self,
        group: ExceptionGroupId,
        decision: Option<Decision>,
    ) -> Result<(), NotNoted>;

    /// The searches of a namespace, by name.
    fn searches(&self, namespace: &str) -> Vec<SavedSearch>;

    /// Keeps a search, in place of the one of its namespace that is called so.
    async fn save_search(&self, search: SavedSearch) -> Result<(), NotNoted>;

    /// Forgets a search. One that is not there is forgotten, too.
    async fn delete_search(&self, namespace: &str, name: &str) -> Result<(), NotNoted>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_comes_back_after_it_was_resolved_has_regressed() {
        let resolved = Some(Decision::Resolved { at_ns: 10 });
        assert_eq!(GroupStatus::of(resolved, 10), GroupStatus::Resolved);
        assert_eq!(GroupStatus::of(resolved, 11), GroupStatus::Regressed);
        let ignored = Some(Decision::Ignored);
        assert_eq!(GroupStatus::of(ignored, 11), GroupStatus::Ignored);
        assert_eq!(GroupStatus::of(None, 11), GroupStatus::Open);
    }

    #[test]
    fn a_search_needs_a_name_that_can_be_read() {
        let check = |name: &str, expected: bool| {
            let search = SavedSearch {
                namespace: "team".to_owned(),
                name: name.to_owned(),
                address: String::new(),
            };
            assert_eq!(search.fault().is_none(), expected, "{name:?}");
        };
        check("slow ones", true);
        check(" ", false);
        check("a\nb", false);
        check(&"x".repeat(81), false);
    }
}
