//! The order of a list.

use std::cmp::Ordering;

use api::resources::Phase;
use serde::{Deserialize, Serialize};

use super::{Row, columns};
use crate::kinds::Kind;

/// By which column a list is sorted, and whether from its end; `-name` in addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// `name`, `status`, `namespace`, or the id of a column.
    pub by: String,
    /// From the end.
    pub descending: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Self {
            by: "name".to_owned(),
            descending: false,
        }
    }
}

impl Sort {
    /// Reads what stands in an address; empty is by name.
    pub fn parse(text: &str) -> Self {
        let (by, descending) = match text.strip_prefix('-') {
            Some(by) => (by, true),
            None => (text, false),
        };
        if by.is_empty() {
            Self::default()
        } else {
            Self {
                by: by.to_owned(),
                descending,
            }
        }
    }

    /// What stands in an address; empty for the usual order.
    pub fn to_param(&self) -> String {
        let sign = if self.descending { "-" } else { "" };
        if *self == Self::default() {
            String::new()
        } else {
            format!("{sign}{}", self.by)
        }
    }

    /// The order after a press on the heading `by`.
    #[must_use]
    pub fn pressed(&self, by: &str) -> Self {
        Self {
            by: by.to_owned(),
            descending: self.by == by && !self.descending,
        }
    }

    /// `aria-sort` of the heading `by`.
    pub fn aria(&self, by: &str) -> Option<&'static str> {
        match (self.by == by, self.descending) {
            (false, _) => None,
            (true, false) => Some("ascending"),
            (true, true) => Some("descending"),
        }
    }

    /// Sorts the rows of a kind; equal ones stay in the order of their names.
    pub fn sort(&self, kind: Kind, rows: &mut [Row]) {
        let place = columns(kind).iter().position(|column| column.id == self.by);
        let compare = |one: &Row, two: &Row| match (self.by.as_str(), place) {
            ("status", _) => rank(one.state.phase).cmp(&rank(two.state.phase)),
            ("namespace", _) => one.id.namespace.cmp(&two.id.namespace),
            (_, Some(place)) => one.cells[place].compare(&two.cells[place]),
            (_, None) => Ordering::Equal,
        };
        let names = |one: &Row, two: &Row| {
            let key = |row: &Row| (row.id.name.clone(), row.id.namespace.clone());
            key(one).cmp(&key(two))
        };
        let by_name = self.by == "name";
        rows.sort_by(|one, two| {
            let order = if by_name {
                names(one, two)
            } else {
                compare(one, two)
            };
            let order = if self.descending {
                order.reverse()
            } else {
                order
            };
            order.then_with(|| names(one, two))
        });
    }
}

/// What needs somebody comes first.
pub(super) fn rank(phase: Phase) -> u8 {
    match phase {
        Phase::Failed => 0,
        Phase::Waiting => 1,
        Phase::Pending => 2,
        Phase::Ready => 3,
    }
}
