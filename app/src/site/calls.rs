//! The last calls of tools and models that were tried from pages, so that they can be seen again.
//!
//! They are kept in memory, as many as people look back at, until the program ends.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use serde_json::Value;

use crate::{kinds::Kind, rows::Id};

/// Calls kept of each resource.
const MOST: usize = 100;
/// Resources of which calls are kept.
const MOST_RESOURCES: usize = 200;

/// One call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Counts up; nobody else has it.
    pub(crate) number: u64,
    /// The tool or the model.
    pub(crate) what: String,
    pub(crate) at: Timestamp,
    /// What it was given.
    pub(crate) input: Value,
    pub(crate) outcome: Outcome,
    /// Request and response as they were on the wire.
    pub(crate) request: Value,
    pub(crate) response: Value,
    pub(crate) took_ms: u64,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    /// The tool itself says that it failed.
    ToolError,
    /// The model API or its provider refused the question.
    Refused,
    /// There was no result.
    ProtocolError,
    Timeout,
}

impl Outcome {
    /// What a person reads.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::ToolError => "Tool reported an error",
            Self::Refused => "Refused",
            Self::ProtocolError => "Protocol error",
            Self::Timeout => "Timeout",
        }
    }
}

type Log = BTreeMap<(Kind, Id), VecDeque<Call>>;

/// The calls of all resources; cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<(u64, Log)>>);

impl Calls {
    /// Keeps a call and says its number.
    pub(crate) fn add(&self, kind: Kind, id: &Id, mut call: Call) -> u64 {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, log) = &mut *inner;
        *next += 1;
        call.number = *next;
        let key = (kind, id.clone());
        if log.len() >= MOST_RESOURCES && !log.contains_key(&key) {
            log.pop_first();
        }
        let calls = log.entry(key).or_default();
        if calls.len() == MOST {
            calls.pop_back();
        }
        calls.push_front(call);
        *next
    }

    /// The calls of a resource, newest first.
    pub(crate) fn of(&self, kind: Kind, id: &Id) -> Vec<Call> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = inner.1.get(&(kind, id.clone()));
        calls.into_iter().flatten().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_hundred_are_kept() {
        let calls = Calls::default();
        let id = Id {
            namespace: "team".to_owned(),
            name: "calculator".to_owned(),
        };
        let call = Call {
            number: 0,
            what: "add".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            input: Value::Null,
            outcome: Outcome::Success,
            request: Value::Null,
            response: Value::Null,
            took_ms: 1,
        };
        for _ in 0..101 {
            calls.add(Kind::McpServer, &id, call.clone());
        }
        let kept = calls.of(Kind::McpServer, &id);
        assert_eq!((kept.len(), kept[0].number), (100, 101));
        assert!(calls.of(Kind::ModelApi, &id).is_empty());
    }
}
