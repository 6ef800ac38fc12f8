//! Which logs are asked for, and the addresses of others.

mod place;
mod wanted;

use std::cmp::Ordering;

use api::{
    telemetry::Window,
    traces::{LogOrder, LogPosition, LogQuery, LogRecord, SpanId, TraceId},
};

pub(crate) use place::Place;
pub(crate) use wanted::{Sense, Wanted, written};

use crate::{
    frame::Section,
    pages::{
        params::namespace_filter,
        period::{self, Period},
    },
    url,
};

/// Value, word and OpenTelemetry's number of each least severity.
pub(crate) const SEVERITIES: [(&str, &str, Option<i32>); 5] = [
    ("", "any", None),
    ("debug", "DEBUG", Some(5)),
    ("info", "INFO", Some(9)),
    ("warn", "WARN", Some(13)),
    ("error", "ERROR", Some(17)),
];

/// Nobody follows logs for so long.
const FAR: &str = "2200-01-01T00:00:00Z";

/// Conditions on values at most.
const MOST_VALUES: usize = 20;

/// What is asked for; what is not understood counts as not asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) namespace: String,
    pub(crate) text: String,
    /// One of [`SEVERITIES`].
    pub(crate) severity: &'static str,
    pub(crate) agent: String,
    pub(crate) period: Period,
    pub(crate) window: Window,
    pub(crate) trace: Option<TraceId>,
    pub(crate) span: Option<SpanId>,
    /// Values that a line has to have, and those that it must not have.
    pub(crate) values: Vec<Wanted>,
    pub(crate) order: LogOrder,
    /// Only lines behind this place, in the order asked for.
    pub(crate) cursor: Option<Place>,
    /// The line that is shown in full.
    pub(crate) line: Option<Place>,
    /// Only lines that arrived after this one.
    pub(crate) arrived_after: Option<LogPosition>,
}

impl Filter {
    /// What a query asks for. Of one trace everything is shown, however old it is, the oldest first.
    pub(crate) fn of(namespace: &str, pairs: &[(String, String)], now_ns: u64) -> Self {
        let value = |name: &str| {
            let mut of_name = pairs.iter().filter(|(key, _)| key == name);
            let value = of_name.next().map(|(_, value)| value.clone());
            value.unwrap_or_default()
        };
        let trace = TraceId::parse(&value("trace"));
        let period = Period::of_pairs(pairs, if trace.is_some() { "all" } else { "24h" });
        let severity = value("severity");
        let known = SEVERITIES.iter().find(|(key, ..)| *key == severity);
        let order = match (value("sort").as_str(), trace) {
            ("asc", _) => LogOrder::Oldest,
            ("desc", _) | (_, None) => LogOrder::Newest,
            (_, Some(_)) => LogOrder::Oldest,
        };
        let values = pairs.iter().filter_map(|(name, text)| match name.as_str() {
            "is" => Wanted::parse(Sense::Is, text),
            "not" => Wanted::parse(Sense::IsNot, text),
            _ => None,
        });
        Self {
            namespace: namespace.to_owned(),
            text: value("q"),
            severity: known.map_or("", |known| known.0),
            agent: value("agent"),
            period,
            window: period.window_at(now_ns),
            trace,
            span: SpanId::parse(&value("span")),
            values: values.take(MOST_VALUES).collect(),
            order,
            cursor: Place::parse(&value("cursor")),
            line: Place::parse(&value("line")),
            arrived_after: Place::parse(&value("after")).map(|place| place.position),
        }
    }

    /// The question to the reader, for lines from the cursor on. The line of the cursor and others of its
    /// moment are among the answer.
    pub(crate) fn query(&self, cursor: Option<Place>, limit: u32) -> LogQuery {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let severity = SEVERITIES.iter().find(|(key, ..)| *key == self.severity);
        let Window {
            mut from_ns,
            mut to_ns,
        } = self.window;
        if let Some(Place { time_ns, .. }) = cursor {
            match self.order {
                LogOrder::Oldest => from_ns = from_ns.max(time_ns),
                LogOrder::Newest => to_ns = to_ns.min(time_ns.saturating_add(1)),
            }
        }
        LogQuery {
            trace_id: self.trace,
            span_ids: self.span.into_iter().collect(),
            service: some(&self.agent),
            // A trace may run through many namespaces.
            namespace: namespace_filter(&self.namespace).filter(|_| self.trace.is_none()),
            min_severity: severity.and_then(|severity| severity.2),
            from_ns: Some(from_ns),
            to_ns: Some(to_ns),
            text: some(&self.text),
            after: self.arrived_after,
            order: self.order,
            limit,
            ..LogQuery::default()
        }
    }

    /// Whether a line has the values that are asked for, which no reader is asked.
    pub(crate) fn keeps(&self, log: &LogRecord) -> bool {
        self.values.iter().all(|wanted| wanted.is_met_by(log))
    }

    /// Whether a line comes behind a place.
    pub(crate) fn is_behind(&self, cursor: Option<Place>, log: &LogRecord) -> bool {
        let Some(cursor) = cursor else { return true };
        match (self.order, Place::of(log).cmp(&cursor)) {
            (LogOrder::Oldest, Ordering::Greater) | (LogOrder::Newest, Ordering::Less) => true,
            (LogOrder::Oldest | LogOrder::Newest, _) => false,
        }
    }

    /// Whether something besides the time narrows the list.
    pub(crate) fn narrows(&self) -> bool {
        let Self {
            text,
            severity,
            agent,
            trace,
            values,
            ..
        } = self;
        let is_empty = text.is_empty() && severity.is_empty() && agent.is_empty();
        !is_empty || trace.is_some() || !values.is_empty()
    }

    /// Its names and values; neither where one is in the list nor what is open.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let id = |id: Option<String>| id.unwrap_or_default();
        let mut pairs = vec![
            ("q", self.text.clone()),
            ("severity", self.severity.to_owned()),
            ("agent", self.agent.clone()),
            ("trace", id(self.trace.map(|trace| trace.to_string()))),
            ("span", id(self.span.map(|span| span.to_string()))),
        ];
        pairs.extend(self.period.pairs());
        let usual = match self.trace {
            Some(_) => LogOrder::Oldest,
            None => LogOrder::Newest,
        };
        let sort = match self.order {
            order if order == usual => "",
            LogOrder::Oldest => "asc",
            LogOrder::Newest => "desc",
        };
        pairs.push(("sort", sort.to_owned()));
        let values = self.values.iter();
        pairs.extend(values.map(|wanted| {
            let Wanted { key, value, sense } = wanted;
            (sense.key(), format!("{key}={value}"))
        }));
        pairs
    }

    /// Its own address.
    pub(crate) fn href(&self) -> String {
        let mut pairs = self.pairs();
        let place = |place: Option<Place>| place.map(|place| place.to_string());
        pairs.push(("cursor", place(self.cursor).unwrap_or_default()));
        pairs.push(("line", place(self.line).unwrap_or_default()));
        address(&Section::Logs.href(&self.namespace), &pairs)
    }

    /// Where the same lines are to be had as a file.
    pub(crate) fn file_href(&self) -> String {
        let path = format!("{}.ndjson", Section::Logs.href(&self.namespace));
        address(&path, &self.pairs())
    }

    /// Where the lines are to be had that are written from now on.
    pub(crate) fn tail_href(&self, now_ns: u64) -> String {
        let path = format!("{}.ndjson", Section::Logs.href(&self.namespace));
        let is_time = |name: &str| ["range", "from", "to", "sort"].contains(&name);
        let mut pairs = self.pairs();
        pairs.retain(|(name, _)| !is_time(name));
        pairs.extend([
            ("from", period::written(now_ns)),
            ("to", FAR.to_owned()),
            ("sort", "asc".to_owned()),
        ]);
        address(&path, &pairs)
    }

    /// The beginning of another list.
    fn begun_again(&self) -> Self {
        Self {
            cursor: None,
            line: None,
            ..self.clone()
        }
    }

    pub(crate) fn with_severity(&self, severity: &'static str) -> Self {
        Self {
            severity,
            ..self.begun_again()
        }
    }

    pub(crate) fn with_agent(&self, agent: &str) -> Self {
        Self {
            agent: agent.to_owned(),
            ..self.begun_again()
        }
    }

    pub(crate) fn with_period(&self, period: Period) -> Self {
        Self {
            period,
            ..self.begun_again()
        }
    }

    pub(crate) fn with_order(&self, order: LogOrder) -> Self {
        Self {
            order,
            ..self.begun_again()
        }
    }

    /// With one more value, or without it when it is asked for already.
    pub(crate) fn toggled(&self, wanted: &Wanted) -> Self {
        let mut next = self.begun_again();
        let n_before = next.values.len();
        next.values.retain(|known| known != wanted);
        if next.values.len() == n_before {
            next.values.push(wanted.clone());
        }
        next
    }

    /// Of all traces.
    pub(crate) fn of_all_traces(&self) -> Self {
        Self {
            trace: None,
            span: None,
            order: LogOrder::Newest,
            ..self.begun_again()
        }
    }

    pub(crate) fn with_cursor(&self, cursor: Option<Place>) -> Self {
        Self {
            cursor,
            line: None,
            ..self.clone()
        }
    }

    pub(crate) fn with_line(&self, line: Option<Place>) -> Self {
        Self {
            line,
            ..self.clone()
        }
    }
}

fn address(path: &str, pairs: &[(&'static str, String)]) -> String {
    let pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    url::with_query(path, &pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(query: &str) -> Filter {
        Filter::of("team", &url::pairs(query), 1_000_000_000_000_000_000)
    }

    fn log(time_ns: u64, ordinal: u64) -> LogRecord {
        LogRecord {
            time_ns,
            service: "a".to_owned(),
            severity: "INFO".to_owned(),
            severity_number: 9,
            body: String::new(),
            trace_id: None,
            span_id: None,
            attributes: vec![
                ("tool".to_owned(), "add".into()),
                ("n".to_owned(), 3.into()),
            ],
            position: LogPosition {
                segment: 1,
                ordinal,
            },
        }
    }

    #[test]
    fn values_are_asked_for_and_excluded() {
        let check = |query: &str, expected| {
            assert_eq!(filter(query).keeps(&log(1, 1)), expected, "{query}");
        };
        check("is=tool%3Dadd&is=n%3D3&is=service%3Da", true);
        check("is=tool%3Dsub", false);
        check("not=tool%3Dadd", false);
        check("not=severity%3DERROR&not=other%3Dx", true);
        check("is=nonsense", true);
    }

    #[test]
    fn an_address_says_all_that_was_asked() {
        let query = "q=a%20b&severity=warn&agent=x&range=1h&sort=asc&is=k%3Dv%3Dw&cursor=5-1-2";
        let asked = filter(query);
        assert_eq!(asked.href(), format!("/ns/team/logs?{query}"));
        assert_eq!(filter(asked.href().split_once('?').unwrap().1), asked);
        let toggled = asked.toggled(&asked.values[0]);
        assert_eq!((toggled.values, toggled.cursor), (Vec::new(), None));
    }

    #[test]
    fn pages_follow_each_other_without_a_gap_or_a_line_twice() {
        let cursor = Some(Place::of(&log(5, 2)));
        let newest = filter("range=all");
        assert_eq!(newest.query(cursor, 9).to_ns, Some(6));
        assert!(newest.is_behind(cursor, &log(5, 1)) && newest.is_behind(cursor, &log(4, 9)));
        assert!(!newest.is_behind(cursor, &log(5, 2)) && !newest.is_behind(cursor, &log(5, 3)));
        let oldest = filter("range=all&sort=asc");
        assert_eq!(oldest.query(cursor, 9).from_ns, Some(5));
        assert!(oldest.is_behind(cursor, &log(5, 3)) && !oldest.is_behind(cursor, &log(5, 2)));
    }

    #[test]
    fn a_trace_is_read_from_its_beginning_however_old_it_is() {
        let of_trace = filter("trace=0af7651916cd43dd8448eb211c80319c");
        assert_eq!(
            (of_trace.order, of_trace.window.from_ns),
            (LogOrder::Oldest, 0)
        );
        assert_eq!(of_trace.query(None, 1).namespace, None);
    }
}
