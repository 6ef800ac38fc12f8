//! Which logs the page is asked for.

use api::{
    telemetry::Window,
    traces::{LogOrder, LogQuery, SpanId, TraceId},
};
use leptos::prelude::*;

use crate::{
    frame::Section,
    pages::{
        params::{namespace_filter, query_param},
        range::Range,
        traces::TraceUrl,
    },
    url,
};

/// Value, word and OpenTelemetry's number of each least severity.
pub(super) const SEVERITIES: [(&str, &str, Option<i32>); 5] = [
    ("", "any", None),
    ("debug", "DEBUG", Some(5)),
    ("info", "INFO", Some(9)),
    ("warn", "WARN", Some(13)),
    ("error", "ERROR", Some(17)),
];

/// The conditions of the form and of the links that lead here; what it does not know counts as not
/// asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) text: String,
    /// One of [`SEVERITIES`].
    pub(super) severity: &'static str,
    pub(super) agent: String,
    pub(super) range: Range,
    trace: Option<TraceId>,
    span: Option<SpanId>,
    before_ns: Option<u64>,
    window: Window,
}

impl Filter {
    /// What the request asks for. Of one trace everything is shown, however old it is.
    pub(super) fn requested() -> Self {
        let value = |name: &str| query_param(name).unwrap_or_default();
        let trace = TraceId::parse(&value("trace"));
        let range = Range::requested(if trace.is_some() { "all" } else { "24h" });
        let severity = value("severity");
        let known = SEVERITIES.iter().find(|(key, ..)| *key == severity);
        Self {
            text: value("q"),
            severity: known.map_or("", |known| known.0),
            agent: value("agent"),
            range,
            trace,
            span: SpanId::parse(&value("span")),
            before_ns: value("before").parse().ok(),
            window: range.window(),
        }
    }

    /// The question to the reader.
    pub(super) fn query(&self, namespace: &str, limit: u32) -> LogQuery {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let severity = SEVERITIES.iter().find(|(key, ..)| *key == self.severity);
        LogQuery {
            trace_id: self.trace,
            span_ids: self.span.into_iter().collect(),
            service: some(&self.agent),
            // A trace may run through many namespaces.
            namespace: namespace_filter(namespace).filter(|_| self.trace.is_none()),
            min_severity: severity.and_then(|severity| severity.2),
            from_ns: Some(self.window.from_ns),
            to_ns: Some(self.before_ns.unwrap_or(self.window.to_ns)),
            text: some(&self.text),
            order: LogOrder::Newest,
            limit,
            ..LogQuery::default()
        }
    }

    /// The same page from a moment on backwards.
    pub(super) fn before_href(&self, namespace: &str, time_ns: u64) -> String {
        let (trace, span) = self.ids();
        url::with_query(
            &Section::Logs.href(namespace),
            &[
                ("q", &self.text),
                ("severity", self.severity),
                ("agent", &self.agent),
                ("range", self.range.key),
                ("trace", &trace),
                ("span", &span),
                ("before", &time_ns.to_string()),
            ],
        )
    }

    /// What the form keeps without showing it as a field.
    pub(super) fn hidden_fields(&self) -> impl IntoView + use<> {
        let (trace, span) = self.ids();
        let field = |(name, value): (&'static str, String)| {
            view! { <input type="hidden" name=name value=value /> }
        };
        let fields = [("trace", trace), ("span", span)].into_iter();
        fields
            .filter(|(_, value)| !value.is_empty())
            .map(field)
            .collect_view()
    }

    /// Says that only the logs of one trace are shown, and how to see all.
    pub(super) fn narrowed_to(&self, namespace: &str) -> Option<impl IntoView + use<>> {
        let trace = self.trace?;
        let href = TraceUrl::of(trace).to_string();
        let all = Section::Logs.href(namespace);
        let what = if self.span.is_some() {
            "one span of trace "
        } else {
            "trace "
        };
        Some(view! {
            <p class="panel-note">
                "Only of " {what} <a href=href>{trace.to_string()}</a> ". "
                <a href=all>"Show those of all traces"</a>
            </p>
        })
    }

    fn ids(&self) -> (String, String) {
        let trace = self.trace.map(|id| id.to_string());
        let span = self.span.map(|id| id.to_string());
        (trace.unwrap_or_default(), span.unwrap_or_default())
    }
}
