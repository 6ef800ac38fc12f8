//! Why did it fail: what is known about failures of this kind, what shows it, and where to change it.
//!
//! No model is asked. A rule reads what the span, its trace and the namespace's agents say, and gives
//! nothing where it does not know.

mod closest;
mod rules;
#[cfg(test)]
mod tests;

use api::{
    attributes::key,
    traces::{Span, SpanEvent, SpanStatus},
};
use serde_json::Value;

/// One thing to know about a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    /// What is wrong, in one sentence.
    pub(crate) what: String,
    /// What shows it.
    pub(crate) evidence: String,
    /// What to do, and where.
    pub(crate) next: Option<Next>,
}

/// A link to where something can be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Next {
    pub(crate) words: String,
    pub(crate) href: String,
}

/// An agent as far as rules care.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) name: String,
    /// Agents it may delegate to.
    pub(crate) access: Vec<String>,
}

/// A failed span and what stands around it.
pub(crate) struct Failure<'a> {
    pub(crate) span: &'a Span,
    /// All spans of its trace.
    pub(crate) spans: &'a [Span],
    pub(crate) namespace: &'a str,
    /// The agents of its namespace, as they are now.
    pub(crate) agents: &'a [Peer],
}

impl Failure<'_> {
    /// What the span says of its failure: the status, then the exceptions' own words.
    fn words(&self) -> Vec<&str> {
        let status = match &self.span.status {
            SpanStatus::Error(reason) => Some(reason.as_str()),
            SpanStatus::Unset | SpanStatus::Ok => None,
        };
        let exceptions = exceptions(self.span);
        let messages = exceptions.filter_map(|event| text_of(event, key::EXCEPTION_MESSAGE));
        status.into_iter().chain(messages).collect()
    }

    /// The sort of the failure, in the program's own word.
    fn sort(&self) -> Option<&str> {
        let of_exception =
            exceptions(self.span).find_map(|event| text_of(event, key::EXCEPTION_TYPE));
        of_exception.or_else(|| self.span.text(key::ERROR_TYPE))
    }

    /// The first words that hold `part`, whatever their case.
    fn saying(&self, part: &str) -> Option<&str> {
        let mut words = self.words().into_iter();
        words.find(|words| words.to_lowercase().contains(part))
    }

    /// Whether a status of HTTP is at the root of it.
    fn has_status(&self, status: u64) -> bool {
        let own = self
            .span
            .attribute(key::HTTP_STATUS)
            .and_then(Value::as_u64);
        own == Some(status) || self.saying(&format!(" {status}")).is_some()
    }

    fn href(&self, rest: &str) -> String {
        format!("/ns/{}/{rest}", self.namespace)
    }
}

/// What is known about a failure; nothing for a span that did not fail.
pub(crate) fn hints(failure: &Failure<'_>) -> Vec<Hint> {
    if !failure.span.status.is_error() {
        return Vec::new();
    }
    rules::ALL.iter().filter_map(|rule| rule(failure)).collect()
}

/// The exceptions of a span, oldest first.
pub(crate) fn exceptions(span: &Span) -> impl Iterator<Item = &SpanEvent> {
    span.events
        .iter()
        .filter(|event| event.name == key::EXCEPTION)
}

/// An attribute of an event, when it is text.
pub(crate) fn text_of<'a>(event: &'a SpanEvent, key: &str) -> Option<&'a str> {
    let value = event.attributes.iter().find(|(name, _)| name == key);
    value.and_then(|(_, value)| value.as_str())
}
