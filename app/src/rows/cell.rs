//! One value of a row.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::kinds::Kind;

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Cell {
    /// Nothing is set, or nothing was reported.
    Nothing,
    /// Only the server knows it; the row keeps what it was told.
    Measured,
    /// A word or sentence.
    Text(String),
    /// Several words.
    Texts(Vec<String>),
    /// Other resources of the same namespace.
    Names(Vec<(Kind, String)>),
    /// A number, and how it is written.
    Number(u64, String),
    /// A number that leads to what is behind it.
    Link(u64, String, String),
    /// A point in time, as Kubernetes writes it.
    Time(String),
}

impl Cell {
    /// A text; nothing when it is empty.
    pub fn text(text: String) -> Self {
        if text.is_empty() {
            Self::Nothing
        } else {
            Self::Text(text)
        }
    }

    /// A list; nothing when it is empty.
    pub fn texts(texts: Vec<String>) -> Self {
        if texts.is_empty() {
            Self::Nothing
        } else {
            Self::Texts(texts)
        }
    }

    /// Names; nothing when there are none.
    pub fn names(names: Vec<(Kind, String)>) -> Self {
        if names.is_empty() {
            Self::Nothing
        } else {
            Self::Names(names)
        }
    }

    /// What stands in it.
    pub fn words(&self) -> String {
        match self {
            Self::Nothing | Self::Measured => String::new(),
            Self::Text(text) | Self::Time(text) => text.clone(),
            Self::Texts(texts) => texts.join(", "),
            Self::Names(names) => {
                let names: Vec<_> = names.iter().map(|(_, name)| name.as_str()).collect();
                names.join(", ")
            }
            Self::Number(_, words) | Self::Link(_, words, _) => words.clone(),
        }
    }

    /// Numbers by their size, all else by its letters; nothing comes last.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self.number(), other.number()) {
            (Some(one), Some(two)) => one.cmp(&two),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => {
                let (one, two) = (self.words(), other.words());
                one.is_empty()
                    .cmp(&two.is_empty())
                    .then_with(|| one.to_lowercase().cmp(&two.to_lowercase()))
            }
        }
    }

    fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number, _) | Self::Link(number, _, _) => Some(*number),
            Self::Nothing
            | Self::Measured
            | Self::Text(_)
            | Self::Texts(_)
            | Self::Names(_)
            | Self::Time(_) => None,
        }
    }
}
