//! Values that a line has to have, or must not have.

use api::traces::LogRecord;
use serde_json::Value;

/// A value of a line that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) sense: Sense,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sense {
    Is,
    IsNot,
}

impl Sense {
    /// Its name in addresses.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Is => "is",
            Self::IsNot => "not",
        }
    }
}

impl Wanted {
    pub(super) fn parse(sense: Sense, text: &str) -> Option<Self> {
        let (key, value) = text.split_once('=')?;
        (!key.is_empty()).then(|| Self {
            key: key.to_owned(),
            value: value.to_owned(),
            sense,
        })
    }

    pub(super) fn is_met_by(&self, log: &LogRecord) -> bool {
        let mut of_key = log.attributes.iter().filter(|(key, _)| *key == self.key);
        let has = match self.key.as_str() {
            "service" => log.service == self.value,
            "severity" => log.severity == self.value,
            _ => of_key.any(|(_, value)| written(value) == self.value),
        };
        match self.sense {
            Sense::Is => has,
            Sense::IsNot => !has,
        }
    }
}

/// A value of an attribute as text.
pub(crate) fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
