//! The sums of the whole time: how many runs, calls and tokens there were.

use api::{
    attributes::{key, metric},
    telemetry::{Aggregate, MetricQuery, TelemetryReader, UsageQuery},
};
use leptos::prelude::*;

use super::{panel::Asked, unit::whole};
use crate::{format, pages::params::namespace_filter, site::Failure};

/// The numbers on top of the page.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    requests: u64,
    failed: u64,
    /// In milliseconds.
    p95: Option<f64>,
    model_calls: u64,
    tool_calls: u64,
    delegations: u64,
    input_tokens: u64,
    output_tokens: u64,
}

/// Adds everything up.
pub(super) async fn totals(
    telemetry: &dyn TelemetryReader,
    asked: &Asked,
) -> Result<Totals, Failure> {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let ask = async |name: &str, aggregate, attributes: &[(&str, &str)]| {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let query = MetricQuery {
            name: name.to_owned(),
            service: some(&asked.agent),
            namespace: namespace_filter(&asked.namespace),
            attributes: attributes.iter().map(owned).collect(),
            window: asked.window,
            step_ns: 0,
            by: Vec::new(),
            aggregate,
        };
        let series = telemetry.metric(&query).await?;
        let points = series.iter().flat_map(|series| &series.points);
        Ok::<_, Failure>(points.map(|point| point.value).collect::<Vec<f64>>())
    };
    let count = async |name, attributes| {
        let values = ask(name, Aggregate::Sum, attributes).await?;
        Ok::<_, Failure>(whole(values.into_iter().sum()))
    };
    let usage = UsageQuery {
        window: asked.window,
        agent: some(&asked.agent),
        namespace: namespace_filter(&asked.namespace),
        ..UsageQuery::default()
    };
    let used = telemetry.usage(&usage).await?;
    let p95 = ask(metric::REQUEST_DURATION, Aggregate::Quantile(0.95), &[]).await?;
    Ok(Totals {
        requests: count(metric::REQUESTS, &[]).await?,
        failed: count(metric::REQUESTS, &[(key::SUCCESS, "false")]).await?,
        p95: p95.first().copied(),
        model_calls: count(metric::MODEL_CALLS, &[]).await?,
        tool_calls: count(metric::TOOL_CALLS, &[]).await?,
        delegations: count(metric::DELEGATIONS, &[]).await?,
        input_tokens: used.iter().map(|row| row.input_tokens).sum(),
        output_tokens: used.iter().map(|row| row.output_tokens).sum(),
    })
}

/// Draws them; a number that has runs behind it leads to them.
pub(super) fn view(totals: Totals, runs: &str) -> AnyView {
    let Totals {
        requests,
        failed,
        p95,
        model_calls,
        tool_calls,
        delegations,
        input_tokens,
        output_tokens,
    } = totals;
    let p95 = p95.map_or_else(
        || "not measured".to_owned(),
        |ms| format::duration(whole(ms * 1e6)),
    );
    let tokens = format!(
        "{} / {}",
        format::count(input_tokens),
        format::count(output_tokens)
    );
    let numbers = [
        ("requests", "requests", format::count(requests)),
        (
            "error-rate",
            "failed",
            format::share(failed, requests).unwrap_or_else(|| "0 %".to_owned()),
        ),
        ("p95", "P95 duration", p95),
        ("model-calls", "model calls", format::count(model_calls)),
        ("tool-calls", "tool calls", format::count(tool_calls)),
        ("delegations", "delegations", format::count(delegations)),
        ("tokens", "tokens in / out", tokens),
    ];
    let number = |(metric, word, value): (&'static str, &'static str, String)| {
        view! {
            <a href=runs.to_owned() data-testid="metric-total" data-metric=metric>
                <strong>{value}</strong>
                <span>{word}</span>
            </a>
        }
    };
    view! {
        <section class="numbers metrics-totals" aria-label="Totals">
            {numbers.map(number).collect_view()}
        </section>
    }
    .into_any()
}
