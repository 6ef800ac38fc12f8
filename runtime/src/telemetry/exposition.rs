//! Measurements as text that Prometheus reads, in its own format or as `OpenMetrics`.
//!
//! Names follow OpenTelemetry's rules for Prometheus: `kaos.request.duration` in `ms` becomes
//! `kaos_request_duration_milliseconds`. Only `OpenMetrics` can carry exemplars.

use std::{collections::BTreeMap, fmt::Write, sync::Arc};

use api::attributes::key;
use axum::response::IntoResponse;
use http::{
    HeaderMap,
    header::{ACCEPT, CONTENT_TYPE},
};
use opentelemetry_proto::tonic::common::v1::any_value;

use super::{
    queue::Source,
    series::{Exemplar, Instrument, Kind, Series, Table, Value},
};

/// How the text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposition {
    /// Prometheus' own text format, version 0.0.4.
    Prometheus,
    /// `OpenMetrics` 1.0.
    OpenMetrics,
}

impl Exposition {
    /// What a scraper with these headers is given.
    pub fn asked(headers: &HeaderMap) -> Self {
        let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        Self::accepted(accept.unwrap_or_default())
    }

    /// The text as an answer.
    pub fn answer(self, text: String) -> impl IntoResponse {
        ([(CONTENT_TYPE, self.content_type())], text)
    }

    pub(super) fn accepted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Everything these services have measured, in an order of its own that does not change.
    pub(super) fn write(self, tables: &[Arc<Table>]) -> String {
        let mut families: BTreeMap<String, Family> = BTreeMap::new();
        for table in tables {
            let service = labels_of(&table.source);
            for series in table.series() {
                let name = name_of(series.instrument);
                let family = families.entry(name).or_insert_with(|| Family {
                    instrument: series.instrument,
                    lines: BTreeMap::new(),
                });
                family.lines.insert(labels(&service, &series), series);
            }
        }
        let mut text = Text {
            out: String::new(),
            format: self,
        };
        for (name, family) in &families {
            text.family(name, family);
        }
        if self == Self::OpenMetrics {
            text.out.push_str("# EOF\n");
        }
        text.out
    }
}

/// All series of an instrument, by their labels as text.
struct Family {
    instrument: &'static Instrument,
    lines: BTreeMap<String, Series>,
}

struct Text {
    out: String,
    format: Exposition,
}

impl Text {
    fn family(&mut self, name: &str, family: &Family) {
        let (kind, suffix) = match family.instrument.kind {
            Kind::Count | Kind::Amount => ("counter", "_total"),
            Kind::Level => ("gauge", ""),
            Kind::Spread(_) => ("histogram", ""),
        };
        // Prometheus names a counter with its suffix, OpenMetrics without it.
        let described = match self.format {
            Exposition::Prometheus => format!("{name}{suffix}"),
            Exposition::OpenMetrics => name.to_owned(),
        };
        let help = family.instrument.description;
        self.line(format_args!("# HELP {described} {help}"));
        self.line(format_args!("# TYPE {described} {kind}"));
        for (labels, series) in &family.lines {
            match (&series.value, family.instrument.kind) {
                (Value::Sum { sum, last }, _) => {
                    // Only what counts may have an exemplar.
                    let last = last.filter(|_| !suffix.is_empty());
                    self.sample(&format!("{name}{suffix}{{{labels}}}"), *sum, last.as_ref());
                }
                (
                    Value::Spread {
                        counts, sum, last, ..
                    },
                    Kind::Spread(bounds),
                ) => self.buckets(name, labels, bounds, (counts, *sum, last)),
                (Value::Spread { .. }, Kind::Count | Kind::Amount | Kind::Level) => {}
            }
        }
    }

    fn buckets(
        &mut self,
        name: &str,
        labels: &str,
        bounds: &[f64],
        (counts, sum, last): (&[u64], f64, &[Option<Exemplar>]),
    ) {
        let mut total = 0;
        let bounds = bounds.iter().copied().chain([f64::INFINITY]);
        for ((bound, count), last) in bounds.zip(counts).zip(last) {
            total += count;
            let bound = match (self.format, bound.is_infinite()) {
                (_, true) => "+Inf".to_owned(),
                (Exposition::Prometheus, false) => bound.to_string(),
                (Exposition::OpenMetrics, false) => format!("{bound:?}"),
            };
            let sample = format!("{name}_bucket{{{labels},le=\"{bound}\"}}");
            self.sample(&sample, whole(total), last.as_ref());
        }
        self.sample(&format!("{name}_sum{{{labels}}}"), sum, None);
        self.sample(&format!("{name}_count{{{labels}}}"), whole(total), None);
    }

    fn sample(&mut self, name: &str, value: f64, exemplar: Option<&Exemplar>) {
        match exemplar.filter(|_| self.format == Exposition::OpenMetrics) {
            Some(exemplar) => {
                let trace_id = u128::from_be_bytes(exemplar.trace_id);
                let span_id = u64::from_be_bytes(exemplar.span_id);
                let measured = exemplar.value;
                let seconds = exemplar.time_ns / 1_000_000_000;
                let millis = exemplar.time_ns / 1_000_000 % 1_000;
                self.line(format_args!(
                    "{name} {value} # {{trace_id=\"{trace_id:032x}\",span_id=\"{span_id:016x}\"}} \
                     {measured} {seconds}.{millis:03}"
                ));
            }
            None => self.line(format_args!("{name} {value}")),
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        writeln!(self.out, "{line}").ok();
    }
}

fn name_of(instrument: &Instrument) -> String {
    let name = instrument.name.replace('.', "_");
    match instrument.unit {
        "ms" => format!("{name}_milliseconds"),
        "s" => format!("{name}_seconds"),
        "By" => format!("{name}_bytes"),
        // A pure number, or an annotation in braces.
        _ => name,
    }
}

/// Which service measured: `service_name="…",service_namespace="…"`.
fn labels_of(source: &Source) -> String {
    let attribute = |wanted: &str| {
        let attributes = &source.resource.attributes;
        let found = attributes.iter().find(|it| it.key == wanted)?;
        match found.value.as_ref()?.value.as_ref()? {
            any_value::Value::StringValue(text) => Some(label(wanted, text)),
            _ => None,
        }
    };
    let named = [key::SERVICE_NAME, key::SERVICE_NAMESPACE].map(attribute);
    named.into_iter().flatten().collect::<Vec<_>>().join(",")
}

fn labels(service: &str, series: &Series) -> String {
    let own = series.labels.iter().map(|(key, value)| label(key, value));
    let all = [service.to_owned()].into_iter().chain(own);
    all.collect::<Vec<_>>().join(",")
}

fn label(key: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "{}=\"{}\"",
        key.replace('.', "_"),
        value.replace('\n', "\\n")
    )
}

#[expect(clippy::cast_precision_loss, reason = "no count comes near 2^53")]
fn whole(count: u64) -> f64 {
    count as f64
}
