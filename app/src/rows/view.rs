//! What of a list is shown, and in which order; everything of it is in the address.

use api::resources::Phase;
use serde::{Deserialize, Serialize};

use super::{Column, Row, Sort, columns};
use crate::{kinds::Kind, url::with_query};

/// What of a list is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListView {
    /// Words that have to be in a row.
    pub words: String,
    /// The state a row has to have; any when empty.
    pub status: String,
    /// In which order.
    pub sort: Sort,
    /// Ids of the columns shown; all when empty.
    pub columns: Vec<String>,
}

impl ListView {
    /// What the query of an address asks for.
    pub fn of(query: &[(String, String)]) -> Self {
        let all = |name: &'static str| {
            let values = query.iter().filter(move |(key, _)| key == name);
            values.map(|(_, value)| value.clone())
        };
        let one = |name| all(name).next().unwrap_or_default();
        let columns = all("cols").flat_map(|ids| {
            let ids: Vec<_> = ids.split(',').map(str::to_owned).collect();
            ids
        });
        Self {
            words: one("q"),
            status: one("status"),
            sort: Sort::parse(&one("sort")),
            columns: columns.filter(|id| !id.is_empty()).collect(),
        }
    }

    /// The address of this view of the list at `path`.
    pub fn href(&self, path: &str) -> String {
        let (sort, columns) = (self.sort.to_param(), self.columns.join(","));
        with_query(
            path,
            &[
                ("q", &self.words),
                ("status", &self.status),
                ("sort", &sort),
                ("cols", &columns),
            ],
        )
    }

    /// Whether some rows may be left out.
    pub fn narrows(&self) -> bool {
        !self.words.is_empty() || !self.status.is_empty()
    }

    /// Whether the row is shown.
    pub fn keeps(&self, row: &Row) -> bool {
        let is_of_status = self.status.is_empty() || self.status == row.state.phase.as_str();
        is_of_status && row.has(&self.words.trim().to_lowercase())
    }

    /// Whether the column is shown.
    pub fn shows(&self, id: &str) -> bool {
        self.columns.is_empty() || self.columns.iter().any(|shown| shown == id)
    }

    /// The columns shown, with their places in a row.
    pub fn shown(&self, kind: Kind) -> Vec<(usize, &'static Column)> {
        let all = columns(kind).iter().enumerate();
        all.filter(|(_, column)| self.shows(column.id)).collect()
    }
}

/// The states a list can be narrowed to.
pub const STATUSES: [Phase; 4] = [Phase::Ready, Phase::Waiting, Phase::Pending, Phase::Failed];
