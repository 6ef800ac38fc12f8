//! What the list is asked for, and its addresses.

use api::traces::TraceId;

use super::super::query::{Condition, Misread, Query};
use crate::{
    frame::Section,
    pages::{
        params::{namespace, query},
        period::Period,
    },
    url,
};

/// The range without a choice.
const USUAL_RANGE: &str = "24h";

/// The request, understood.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(super) namespace: String,
    /// The query as it was typed.
    pub(super) text: String,
    pub(crate) query: Result<Query, Misread>,
    pub(super) period: Period,
    pub(super) sort: Sort,
    pub(super) picture: Picture,
    /// The first row shown of those that match.
    pub(super) row: usize,
    /// Only traces that come after this one in the list.
    pub(super) after: Option<Cursor>,
}

/// The picture above the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Picture {
    /// How many runs there were, over time.
    #[default]
    Histogram,
    /// How long each took, over time.
    Scatter,
}

/// The order of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sort {
    pub(super) by: SortBy,
    pub(super) order: Order,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SortBy {
    Started,
    Duration,
    Tokens,
    Cost,
    Errors,
    Spans,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Up,
    Down,
}

impl SortBy {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Started, "start"),
        (Self::Duration, "duration"),
        (Self::Tokens, "tokens"),
        (Self::Cost, "cost"),
        (Self::Errors, "errors"),
        (Self::Spans, "spans"),
    ];
}

impl Sort {
    const USUAL: Self = Self {
        by: SortBy::Started,
        order: Order::Down,
    };

    fn parse(text: &str) -> Self {
        let (order, name) = match text.strip_prefix('-') {
            Some(name) => (Order::Down, name),
            None => (Order::Up, text),
        };
        let known = SortBy::ALL.iter().find(|(_, word)| *word == name);
        known.map_or(Self::USUAL, |(by, _)| Self { by: *by, order })
    }

    fn written(self) -> String {
        let known = SortBy::ALL.iter().find(|(by, _)| *by == self.by);
        let name = known.map_or("", |(_, word)| word);
        match self.order {
            Order::Up => name.to_owned(),
            Order::Down if self == Self::USUAL => String::new(),
            Order::Down => format!("-{name}"),
        }
    }

    /// By another column, the largest first; by the same one the other way round.
    pub(super) fn pressed(self, by: SortBy) -> Self {
        let order = match self.order {
            Order::Down if self.by == by => Order::Up,
            Order::Down | Order::Up => Order::Down,
        };
        Self { by, order }
    }
}

/// The place of a trace in the list: newest first, of one moment by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) start_ns: u64,
    /// Without one, all traces of the moment come after it.
    pub(super) id: Option<TraceId>,
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        let (start_ns, id) = text.split_once('-').unwrap_or((text, ""));
        Some(Self {
            start_ns: start_ns.parse().ok()?,
            id: TraceId::parse(id),
        })
    }

    fn written(self) -> String {
        match self.id {
            Some(id) => format!("{}-{id}", self.start_ns),
            None => self.start_ns.to_string(),
        }
    }

    /// Whether a trace comes after it.
    pub(super) fn is_before(self, start_ns: u64, id: TraceId) -> bool {
        start_ns < self.start_ns
            || (start_ns == self.start_ns && self.id.is_none_or(|own| own < id))
    }
}

impl Asked {
    pub(super) fn requested() -> Self {
        Self::of(namespace(), &query())
    }

    /// What the names and values of a query ask for.
    pub(crate) fn of(namespace: String, pairs: &[(String, String)]) -> Self {
        let value = |name: &str| {
            let pair = pairs.iter().find(|(key, _)| key == name);
            pair.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let text = value("q");
        Self {
            namespace,
            query: Query::parse(&text),
            text,
            period: Period::of_pairs(pairs, USUAL_RANGE),
            sort: Sort::parse(&value("sort")),
            picture: match value("view").as_str() {
                "scatter" => Picture::Scatter,
                _ => Picture::Histogram,
            },
            row: value("row").parse().unwrap_or(0),
            after: Cursor::parse(&value("cursor")),
        }
    }

    /// Its own address.
    pub(crate) fn href(&self) -> String {
        let cursor = self.after.map(Cursor::written).unwrap_or_default();
        let row = match self.row {
            0 => String::new(),
            row => row.to_string(),
        };
        let mut pairs = self.kept();
        pairs.extend([("cursor", cursor), ("row", row)]);
        with_pairs(&self.path(), &pairs)
    }

    /// The query part of its address, without where one is in the list.
    pub(crate) fn question(&self) -> String {
        with_pairs("", &self.kept()).split_off(1)
    }

    /// The address of the file that has all of the list's traces.
    pub(super) fn file_href(&self) -> String {
        let cursor = self.after.map(Cursor::written).unwrap_or_default();
        let mut pairs = self.kept();
        pairs.push(("cursor", cursor));
        with_pairs(&format!("{}.jsonl", self.path()), &pairs)
    }

    /// The path of the list.
    pub(super) fn path(&self) -> String {
        Section::Traces.href(&self.namespace)
    }

    /// What goes on to every other list: not where one is in this one.
    fn kept(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![("q", self.text.clone())];
        pairs.extend(self.period.pairs());
        pairs.extend(self.aside());
        pairs
    }

    /// Neither the query nor the time.
    pub(super) fn aside(&self) -> [(&'static str, String); 2] {
        let view = match self.picture {
            Picture::Histogram => "",
            Picture::Scatter => "scatter",
        };
        [("sort", self.sort.written()), ("view", view.to_owned())]
    }

    /// The query, when it was understood, else none at all.
    pub(super) fn understood(&self) -> Query {
        self.query.clone().unwrap_or_default()
    }

    /// The list of another query, from its beginning.
    pub(super) fn with_query(&self, query: &Query) -> Self {
        Self {
            text: query.to_string(),
            query: Ok(query.clone()),
            row: 0,
            after: None,
            ..self.clone()
        }
    }

    /// The same list of another time, from its beginning.
    pub(super) fn with_period(&self, period: Period) -> Self {
        Self {
            period,
            row: 0,
            after: None,
            ..self.clone()
        }
    }

    pub(super) fn with_sort(&self, sort: Sort) -> Self {
        Self {
            sort,
            row: 0,
            ..self.clone()
        }
    }

    pub(super) fn with_picture(&self, picture: Picture) -> Self {
        Self {
            picture,
            ..self.clone()
        }
    }

    /// Other rows of the same list, which stays the same however many traces arrive.
    pub(super) fn with_row(&self, row: usize, newest: Cursor) -> Self {
        Self {
            row,
            after: self.after.or(Some(newest)),
            ..self.clone()
        }
    }

    /// What comes after a trace.
    pub(super) fn with_after(&self, after: Cursor) -> Self {
        Self {
            row: 0,
            after: Some(after),
            ..self.clone()
        }
    }
}

fn with_pairs(path: &str, pairs: &[(&'static str, String)]) -> String {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    url::with_query(path, &pairs)
}

/// The address of the traces that meet a condition in a period, for links of other pages.
pub(crate) fn traces_href(namespace: &str, query: impl Into<Query>, period: Period) -> String {
    let mut pairs = vec![("q", query.into().to_string())];
    pairs.extend(period.pairs());
    with_pairs(&Section::Traces.href(namespace), &pairs)
}

/// The same with many conditions; those that are not there are left out.
pub(crate) fn all_of(conditions: impl IntoIterator<Item = Condition>) -> Query {
    Query {
        terms: conditions.into_iter().map(Condition::met).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_written_and_read() {
        for text in ["-duration", "duration", "start", "cost"] {
            assert_eq!(Sort::parse(text).written(), text);
        }
        assert_eq!(Sort::parse("-start").written(), "");
        assert_eq!(Sort::parse("colour"), Sort::USUAL);
        let pressed = Sort::USUAL.pressed(SortBy::Cost);
        assert_eq!(pressed.written(), "-cost");
        assert_eq!(pressed.pressed(SortBy::Cost).written(), "cost");
    }

    #[test]
    fn of_traces_that_start_together_the_one_with_the_smaller_id_comes_first() {
        let id = |byte| TraceId([byte; 16]);
        let cursor = Cursor {
            start_ns: 10,
            id: Some(id(5)),
        };
        assert_eq!(Cursor::parse(&cursor.written()), Some(cursor));
        assert!(cursor.is_before(9, id(1)) && cursor.is_before(10, id(6)));
        assert!(!cursor.is_before(10, id(5)) && !cursor.is_before(11, id(9)));
        let moment = Cursor::parse("10").unwrap();
        assert!(moment.is_before(10, id(1)));
    }
}
