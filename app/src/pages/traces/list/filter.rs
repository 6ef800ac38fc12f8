//! What the list of traces is asked for, as its form sends it.

use api::traces::{TraceQuery, TraceSummary};

use crate::{
    kinds::ALL_NAMESPACES,
    pages::{params::query_param, range::Range},
};

const SECOND: u64 = 1_000_000_000;

/// How the runs went that are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Went {
    #[default]
    Any,
    Well,
    Failed,
}

impl Went {
    pub(super) const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Any, "", "any"),
        (Self::Well, "ok", "without errors"),
        (Self::Failed, "error", "with errors"),
    ];
}

/// Value, word and nanoseconds of each least duration.
pub(super) const LEAST: [(&str, &str, u64); 5] = [
    ("", "any", 0),
    ("100ms", "100 ms", SECOND / 10),
    ("1s", "1 s", SECOND),
    ("5s", "5 s", 5 * SECOND),
    ("30s", "30 s", 30 * SECOND),
];

/// The conditions of the form; anything it does not know counts as not asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) service: Option<String>,
    pub(super) went: Went,
    /// One of [`LEAST`].
    pub(super) least: &'static str,
    pub(super) least_ns: u64,
    pub(super) range: Range,
}

impl Filter {
    /// What the request asks for.
    pub(super) fn requested() -> Self {
        Self::of(query_param)
    }

    fn of(parameter: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| parameter(name).unwrap_or_default();
        let (went, least, range) = (value("status"), value("min"), value("range"));
        let known = |(key, ..): &&(&str, &str, u64)| *key == least;
        let (least, _, least_ns) = *LEAST.iter().find(known).unwrap_or(&LEAST[0]);
        let known = |(_, key, _): &&(Went, &str, &str)| *key == went;
        Self {
            service: parameter("service"),
            went: Went::ALL
                .iter()
                .find(known)
                .map_or(Went::Any, |found| found.0),
            least,
            least_ns,
            range: Range::called(&range, "24h"),
        }
    }

    /// Whether fewer traces are asked for than there are in the range.
    pub(super) fn narrows(&self) -> bool {
        self.service.is_some() || self.went != Went::Any || self.least_ns > 0
    }

    /// The question to the reader.
    pub(super) fn query(&self, namespace: &str, now_ns: u64) -> TraceQuery {
        let failed = self.went == Went::Failed;
        // A query's conditions must meet in one span: the span that failed need not be the long one.
        let least = Some(self.least_ns).filter(|least| *least > 0 && !failed);
        TraceQuery {
            service: self.service.clone(),
            start_min_ns: self.range.start_ns(now_ns),
            duration_min_ns: least.filter(|_| self.service.is_none()),
            attributes: if failed {
                vec![("error".to_owned(), "true".to_owned())]
            } else {
                Vec::new()
            },
            namespace: Some(namespace.to_owned()).filter(|namespace| namespace != ALL_NAMESPACES),
            ..TraceQuery::default()
        }
    }

    /// What the reader could not be asked.
    pub(super) fn keeps(&self, trace: &TraceSummary) -> bool {
        let went = match self.went {
            Went::Any => true,
            Went::Well => trace.n_errors == 0,
            Went::Failed => trace.n_errors > 0,
        };
        went && trace.duration_ns() >= self.least_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(pairs: &[(&str, &str)]) -> Filter {
        Filter::of(|name| {
            let pair = pairs.iter().find(|(key, _)| *key == name);
            pair.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn without_conditions_the_last_day_of_the_namespace_is_listed() {
        let filter = filter(&[]);
        assert!(!filter.narrows());
        let now = 100_000 * SECOND;
        let query = filter.query("team-a", now);
        assert_eq!(query.namespace.as_deref(), Some("team-a"));
        assert_eq!(query.start_min_ns, Some(now - 86_400 * SECOND));
    }

    #[test]
    fn all_namespaces_are_no_condition() {
        assert_eq!(filter(&[]).query("_all", 0).namespace, None);
    }

    #[test]
    fn a_failed_span_need_not_be_the_long_one() {
        let filter = filter(&[("status", "error"), ("min", "5s"), ("range", "all")]);
        let query = filter.query("a", 0);
        assert_eq!(query.duration_min_ns, None);
        assert_eq!(query.start_min_ns, None);
        assert_eq!(query.attributes, [("error".to_owned(), "true".to_owned())]);
        assert_eq!((filter.least_ns, filter.narrows()), (5 * SECOND, true));
    }

    #[test]
    fn a_condition_nobody_knows_is_none() {
        let filter = filter(&[("status", "purple"), ("min", "-3"), ("range", "forever")]);
        assert_eq!(
            (filter.went, filter.least, filter.range.key),
            (Went::Any, "", "24h")
        );
    }
}
