//! The language that traces are asked for in: `agent:coordinator duration:>5s -tool:add "chip market"`.
//!
//! A query is a list of conditions that all have to be met. It is parsed and printed here, and nothing
//! else: what a condition means of a trace is said where traces are looked for. What was printed is
//! parsed to the same query again, so that links may be made of queries.

mod amount;
mod scan;
#[cfg(test)]
mod tests;

use std::{fmt, ops::Range};

use api::{money::Usd, traces::TraceId};

pub(crate) use amount::{Bound, Side};

/// Conditions that a trace has to meet, all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) terms: Vec<Term>,
}

/// One condition, or that it is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) sense: Sense,
    pub(crate) condition: Condition,
}

/// Whether a condition has to be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sense {
    Met,
    /// Written with a `-` in front.
    NotMet,
}

/// What is asked of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Something of this name took part in it.
    Name(Name, String),
    Status(Status),
    /// In nanoseconds, from the first start to the last end.
    Duration(Bound<u64>),
    /// Read and written by models, together.
    Tokens(Bound<u64>),
    Cost(Bound<Usd>),
    /// One of its spans has the attribute, with this value written as text.
    Tag(String, String),
    /// These words stand in what its spans recorded, whatever the case of their letters.
    Text(String),
    Trace(TraceId),
}

/// What can be asked for by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Agent,
    Tool,
    Model,
    Session,
    Service,
    /// What the root span does.
    Operation,
}

impl Name {
    pub(crate) const ALL: [Self; 6] = [
        Self::Agent,
        Self::Tool,
        Self::Model,
        Self::Session,
        Self::Service,
        Self::Operation,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Tool => "tool",
            Self::Model => "model",
            Self::Session => "session",
            Self::Service => "service",
            Self::Operation => "operation",
        }
    }
}

/// How a trace went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// No span of it failed.
    Ok,
    /// One did.
    Error,
    /// The parent of one has not arrived.
    Incomplete,
}

impl Status {
    pub(crate) const ALL: [Self; 3] = [Self::Ok, Self::Error, Self::Incomplete];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Incomplete => "incomplete",
        }
    }
}

/// Every key of the language with what stands behind it, for whoever has to choose.
pub(crate) const KEYS: [(&str, &str); 12] = [
    ("agent", "an agent's name"),
    ("status", "ok, error or incomplete"),
    ("duration", "such as >5s"),
    ("tool", "a tool's name"),
    ("model", "a model's name"),
    ("session", "a session's id"),
    ("tokens", "such as >5000"),
    ("cost", "in dollars, such as >0.05"),
    ("text", "words in quotes"),
    ("tag", "an attribute, such as user.id=42"),
    ("service", "a service's name"),
    ("operation", "what the root span does"),
];

/// A query that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Misread {
    /// The bytes of the text that it is about; never within a character.
    pub(crate) place: Range<usize>,
    /// What is expected there.
    pub(crate) message: String,
}

impl Query {
    /// Reads a query; what is empty asks for nothing in particular.
    pub(crate) fn parse(text: &str) -> Result<Self, Misread> {
        scan::words(text)
            .map(|word| scan::term(&word?))
            .collect::<Result<_, _>>()
            .map(|terms| Self { terms })
    }

    /// Whether a condition is part of it.
    pub(crate) fn has(&self, condition: &Condition) -> bool {
        let is_it = |term: &Term| term.sense == Sense::Met && term.condition == *condition;
        self.terms.iter().any(is_it)
    }

    /// The query with the conditions when it lacks one of them, and without them when it has all.
    pub(crate) fn toggled(&self, conditions: &[Condition]) -> Self {
        let has_all = conditions.iter().all(|condition| self.has(condition));
        let mut terms = self.terms.clone();
        terms.retain(|term| term.sense == Sense::NotMet || !conditions.contains(&term.condition));
        if !has_all {
            let new = conditions.iter().cloned();
            terms.extend(new.map(Condition::met));
        }
        Self { terms }
    }

    /// The query without one of its terms.
    pub(crate) fn without(&self, place: usize) -> Self {
        let mut terms = self.terms.clone();
        if place < terms.len() {
            terms.remove(place);
        }
        Self { terms }
    }
}

impl Condition {
    /// That it has to be met.
    pub(crate) fn met(self) -> Term {
        Term {
            sense: Sense::Met,
            condition: self,
        }
    }
}

impl From<Condition> for Query {
    fn from(condition: Condition) -> Self {
        Self {
            terms: vec![condition.met()],
        }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.terms.iter().enumerate().try_for_each(|(place, term)| {
            let space = if place == 0 { "" } else { " " };
            write!(f, "{space}{term}")
        })
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sense {
            Sense::Met => write!(f, "{}", self.condition),
            Sense::NotMet => write!(f, "-{}", self.condition),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name, value) => write!(f, "{}:{}", name.as_str(), scan::written(value)),
            Self::Status(status) => write!(f, "status:{}", status.as_str()),
            Self::Duration(bound) => {
                write!(
                    f,
                    "duration:{}{}",
                    bound.side,
                    amount::duration(bound.value)
                )
            }
            Self::Tokens(bound) => write!(f, "tokens:{}{}", bound.side, bound.value),
            Self::Cost(bound) => write!(f, "cost:{}{}", bound.side, amount::dollars(bound.value)),
            Self::Tag(key, value) => {
                write!(f, "tag:{}", scan::written(&format!("{key}={value}")))
            }
            Self::Text(text) => f.write_str(&scan::quoted(text)),
            Self::Trace(id) => write!(f, "{id}"),
        }
    }
}
