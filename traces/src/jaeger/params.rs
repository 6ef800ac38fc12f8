//! Parameters of a query string, in the words of either generation.

use api::traces::{TraceFilter, TraceQuery};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Error, duration};

/// Traces when the question does not say.
const DEFAULT_LIMIT: u32 = 100;

/// How far back the older search looks when it is not told.
const DEFAULT_WINDOW_US: u64 = 2 * 24 * 3_600 * 1_000_000;

/// Names and values, in the order they were sent.
#[derive(serde::Deserialize)]
#[serde(transparent)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// The first value of `name`; an empty one counts as none, as in Jaeger.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let named = self.0.iter().filter(|(key, _)| key == name);
        named
            .map(|(_, value)| value.as_str())
            .find(|value| !value.is_empty())
    }

    /// Every value of `name`.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.as_str())
    }

    /// The value of `name`, or of its spelling before Jaeger 2.19: `startTimeMin`, `start_time_min`.
    pub(super) fn either(&self, name: &str) -> Option<&str> {
        self.get(name).or_else(|| self.get(&snake_case(name)))
    }

    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Error>
    where
        T::Err: std::fmt::Display,
    {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let number = value.parse();
        number
            .map(Some)
            .map_err(|error| Error::malformed(name, error))
    }
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// The search of `/api/v3/traces` and `/api/v3/trace-summaries`. The window must be given.
pub(super) fn v3_query(params: &Params) -> Result<TraceQuery, Error> {
    let (min, max) = ("query.startTimeMin", "query.startTimeMax");
    let (Some(from), Some(to)) = (time_ns(params, min)?, time_ns(params, max)?) else {
        return Err(Error::MissParameter(format!(
            "{min} and {max} are required"
        )));
    };
    if from >= to {
        return Err(Error::malformed(min, format!("it is not before {max}")));
    }
    let limit = match params.number("query.searchDepth")? {
        None => params.number("query.search_depth")?,
        limit => limit,
    };
    let limit = match limit {
        None => params.number("query.num_traces")?,
        limit => limit,
    };
    Ok(TraceQuery {
        service: params.either("query.serviceName").map(ToOwned::to_owned),
        operation: params.either("query.operationName").map(ToOwned::to_owned),
        start_min_ns: Some(from),
        start_max_ns: Some(to),
        duration_min_ns: duration_ns("query.durationMin", params.either("query.durationMin"))?,
        duration_max_ns: duration_ns("query.durationMax", params.either("query.durationMax"))?,
        attributes: match params.get("query.attributes") {
            Some(json) => json_attributes("query.attributes", json)?,
            None => Vec::new(),
        },
        namespace: None,
        whole: TraceFilter::default(),
        limit: limit.unwrap_or(DEFAULT_LIMIT),
    })
}

/// The search of `/api/traces`; `start` and `end` are microseconds.
pub(super) fn legacy_query(params: &Params, now_ns: u64) -> Result<TraceQuery, Error> {
    let Some(service) = params.get("service") else {
        return Err(Error::MissParameter(
            "parameter 'service' is required".to_owned(),
        ));
    };
    let end_us = params.number("end")?.unwrap_or(now_ns / 1_000 + 1);
    let start_us = params
        .number("start")?
        .unwrap_or(end_us.saturating_sub(DEFAULT_WINDOW_US));
    let mut attributes = Vec::new();
    for tag in params.all("tag") {
        let Some((key, value)) = tag.split_once(':') else {
            return Err(Error::malformed(
                "tag",
                format!("expecting key:value, received {tag}"),
            ));
        };
        attributes.push((key.to_owned(), value.to_owned()));
    }
    for json in params.all("tags") {
        attributes.extend(json_attributes("tags", json)?);
    }
    Ok(TraceQuery {
        service: Some(service.to_owned()),
        operation: params.get("operation").map(ToOwned::to_owned),
        start_min_ns: Some(start_us.saturating_mul(1_000)),
        // Jaeger's end is part of the window.
        start_max_ns: Some(end_us.saturating_add(1).saturating_mul(1_000)),
        duration_min_ns: duration_ns("minDuration", params.get("minDuration"))?,
        duration_max_ns: duration_ns("maxDuration", params.get("maxDuration"))?,
        attributes,
        namespace: None,
        whole: TraceFilter::default(),
        limit: params.number("limit")?.unwrap_or(DEFAULT_LIMIT),
    })
}

fn time_ns(params: &Params, name: &str) -> Result<Option<u64>, Error> {
    let Some(text) = params.either(name) else {
        return Ok(None);
    };
    let time: Timestamp = text
        .parse()
        .map_err(|error| Error::malformed(name, error))?;
    // Before 1970 is long before the first span.
    Ok(Some(u64::try_from(time.as_nanosecond()).unwrap_or(0)))
}

fn duration_ns(name: &str, text: Option<&str>) -> Result<Option<u64>, Error> {
    let Some(text) = text else {
        return Ok(None);
    };
    let reason = "expecting a duration such as 1.5s or 300ms";
    let duration = duration::parse(text).ok_or_else(|| Error::malformed(name, reason))?;
    Ok(Some(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
}

fn json_attributes(name: &str, json: &str) -> Result<Vec<(String, String)>, Error> {
    let object: Map<String, Value> =
        serde_json::from_str(json).map_err(|error| Error::malformed(name, error))?;
    let attributes = object.into_iter().map(|(key, value)| match value {
        Value::String(text) => (key, text),
        other => (key, other.to_string()),
    });
    Ok(attributes.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&str, &str)]) -> Params {
        let owned = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Params(owned.collect())
    }

    #[test]
    fn both_spellings_of_the_third_generation_ask_the_same() {
        let new = params(&[
            ("query.serviceName", "a"),
            ("query.startTimeMin", "2026-11-22T00:00:00Z"),
            ("query.startTimeMax", "2026-11-23T00:00:00.000000001Z"),
            ("query.durationMin", "1.5s"),
            ("query.searchDepth", "7"),
            ("query.attributes", r#"{"k":"v"}"#),
        ]);
        let old = params(&[
            ("query.service_name", "a"),
            ("query.start_time_min", "2026-11-22T00:00:00Z"),
            ("query.start_time_max", "2026-11-23T00:00:00.000000001Z"),
            ("query.duration_min", "1.5s"),
            ("query.num_traces", "7"),
            ("query.attributes", r#"{"k":"v"}"#),
        ]);
        let query = v3_query(&new).unwrap();
        assert_eq!(query, v3_query(&old).unwrap());
        assert_eq!(query.limit, 7);
        assert_eq!(query.duration_min_ns, Some(1_500_000_000));
        assert_eq!(query.attributes, [("k".to_owned(), "v".to_owned())]);
        let window_ns = query.start_max_ns.unwrap() - query.start_min_ns.unwrap();
        assert_eq!(window_ns, 24 * 3_600 * 1_000_000_000 + 1);
    }

    #[test]
    fn the_older_search_looks_two_days_back_by_default() {
        let now_ns = 1_700_000_000_000_000_000;
        let query = legacy_query(&params(&[("service", "a")]), now_ns).unwrap();
        assert!(query.start_max_ns > Some(now_ns));
        let window_ns = query.start_max_ns.unwrap() - query.start_min_ns.unwrap();
        assert_eq!(window_ns / 1_000_000_000, 2 * 24 * 3_600);
        assert_eq!(query.limit, 100);
    }

    #[test]
    fn tags_are_read_in_both_forms() {
        let tags = [
            ("service", "a"),
            ("tag", "url:http://b"),
            ("tags", r#"{"n":3}"#),
        ];
        let query = legacy_query(&params(&tags), 0).unwrap();
        let expected = [("url", "http://b"), ("n", "3")];
        assert_eq!(
            query.attributes,
            expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let window = |min, max| [("query.startTimeMin", min), ("query.startTimeMax", max)];
        let refuse = |pairs: &[(&str, &str)]| v3_query(&params(pairs)).unwrap_err().to_string();
        assert!(refuse(&[]).contains("query.startTimeMin and query.startTimeMax are required"));
        assert!(refuse(&window("today", "2026-01-01T00:00:00Z")).contains("query.startTimeMin"));
        let turned = window("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z");
        assert!(refuse(&turned).contains("not before"));
        let legacy = |pairs| legacy_query(&params(pairs), 0).unwrap_err().to_string();
        assert_eq!(legacy(&[]), "parameter 'service' is required");
        assert!(legacy(&[("service", "a"), ("tag", "x")]).contains("key:value"));
        assert!(legacy(&[("service", "a"), ("limit", "many")]).contains("limit"));
        assert!(legacy(&[("service", "a"), ("minDuration", "1")]).contains("minDuration"));
    }
}
