//! What the index finds records by.
//!
//! A term is a hash of what a record says: "service = researcher", "tool.name = add". Different things may
//! share a term, so what the index finds is compared with the question before it is an answer.

use api::traces::TraceId;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Bits of a term.
pub(super) const TERM_BITS: u32 = 40;

/// Bits of a record's place in its transaction, see [`Term::at`].
pub(super) const PLACE_BITS: u32 = 24;

/// Characters of an attribute's value that a search compares.
const SEARCHABLE_CHARACTERS: usize = 256;

/// A hash of [`TERM_BITS`]. It is stored: never change how one is made, add a new kind of term instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Term(pub(super) u64);

/// The kinds of terms that are no attributes; a seed keeps each apart from the others.
#[derive(Clone, Copy)]
enum Kind {
    Service = 1,
    Operation = 2,
    Trace = 3,
    Error = 4,
    Severity = 5,
    Agent = 6,
    Session = 7,
    Model = 8,
    Tool = 9,
    Word = 10,
}

impl Term {
    pub(super) fn service(name: &str) -> Self {
        Self::of(Kind::Service, name.as_bytes())
    }

    pub(super) fn operation(name: &str) -> Self {
        Self::of(Kind::Operation, name.as_bytes())
    }

    pub(super) fn trace(id: TraceId) -> Self {
        Self::of(Kind::Trace, &id.0)
    }

    /// The span failed.
    pub(super) fn error() -> Self {
        Self::of(Kind::Error, &[])
    }

    /// The log record is at least as severe as the step `step` of OpenTelemetry's scale: 9 is `INFO`.
    pub(super) fn severity(step: i32) -> Self {
        Self::of(Kind::Severity, &step.to_le_bytes())
    }

    /// The agent was at work in the span.
    pub(super) fn agent(name: &str) -> Self {
        Self::of(Kind::Agent, name.as_bytes())
    }

    /// The span belongs to the conversation.
    pub(super) fn session(id: &str) -> Self {
        Self::of(Kind::Session, id.as_bytes())
    }

    /// The span is a call of the model.
    pub(super) fn model(name: &str) -> Self {
        Self::of(Kind::Model, name.as_bytes())
    }

    /// The span is a call of the tool.
    pub(super) fn tool(name: &str) -> Self {
        Self::of(Kind::Tool, name.as_bytes())
    }

    /// The message of the log record has this word, see [`super::words`].
    pub(super) fn word(word: &str) -> Self {
        Self::of(Kind::Word, word.as_bytes())
    }

    /// The record, or who sent it, has this attribute; of the value only its beginning counts.
    pub(super) fn attribute(key: &str, value: &str) -> Self {
        let seed = xxh3_64(key.as_bytes());
        Self::cut(xxh3_64_with_seed(searchable(value).as_bytes(), seed))
    }

    fn of(kind: Kind, bytes: &[u8]) -> Self {
        Self::cut(xxh3_64_with_seed(bytes, kind as u64))
    }

    fn cut(hash: u64) -> Self {
        Self(hash >> (u64::BITS - TERM_BITS))
    }

    /// The term together with the place of a record that has it, so that sorting groups them.
    pub(super) fn at(self, place: u64) -> u64 {
        self.0 << PLACE_BITS | place
    }
}

/// The part of a value that a search compares.
pub(super) fn searchable(value: &str) -> &str {
    if value.len() <= SEARCHABLE_CHARACTERS {
        return value;
    }
    match value.char_indices().nth(SEARCHABLE_CHARACTERS) {
        Some((end, _)) => &value[..end],
        None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_the_same_forever() {
        assert_eq!(Term::service("researcher"), Term(803_775_493_491));
        assert_eq!(Term::attribute("tool.name", "add"), Term(472_867_727_840));
    }

    #[test]
    fn only_the_beginning_of_a_long_value_counts() {
        let long = "ü".repeat(1_000);
        assert_eq!(searchable(&long).chars().count(), SEARCHABLE_CHARACTERS);
        let beginning = &long[..2 * SEARCHABLE_CHARACTERS];
        assert_eq!(Term::attribute("k", &long), Term::attribute("k", beginning));
        assert_ne!(Term::attribute("k", "a"), Term::attribute("l", "a"));
    }
}
