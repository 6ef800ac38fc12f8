//! How agents, models and tools do over time, and what they cost.

mod panel;
mod unit;
mod usage;

use leptos::prelude::*;

use super::{
    params::{namespace, ports, query_param},
    period::Period,
    range::{RANGES, Range},
    traces::{
        all_of,
        query::{Condition, Name},
        traces_href,
    },
};
use crate::{
    components::{
        chart::Chart,
        filter_form::{FilterForm, FilterSelect, all_or},
        instead::{Instead, Why},
        page_head::{PageHead, Panel},
    },
    frame::{Crumb, Frame, Section, loaded},
    site::{Failure, Ports},
};
use panel::{Asked, Drawn, PANELS};
use usage::{Spent, spent, tables};

/// `/ns/{ns}/metrics?range=&agent=`.
#[component]
pub(crate) fn MetricsPage() -> impl IntoView {
    let usual = Range::requested("1h");
    let range = if usual.has_beginning() {
        usual
    } else {
        Range::called("7d", "7d")
    };
    let asked = Asked {
        namespace: namespace(),
        agent: query_param("agent").unwrap_or_default(),
        range,
        window: range.window(),
    };
    let data = load(ports(), asked.clone());
    view! {
        <Frame section=Section::Metrics title="Metrics" crumbs=vec![Crumb::here("metrics")]>
            <PageHead title="Metrics" />
            {loaded("Metrics", data, move |found| draw(found, &asked))}
        </Frame>
    }
}

struct Found {
    panels: Vec<Drawn>,
    spent: Spent,
    services: Vec<String>,
}

async fn load(ports: Ports, asked: Asked) -> Result<Found, Failure> {
    let telemetry = ports.telemetry.as_ref();
    let panels = PANELS.iter().map(|panel| panel.read(telemetry, &asked));
    Ok(Found {
        panels: futures::future::try_join_all(panels).await?,
        spent: spent(telemetry, &asked).await?,
        services: ports.traces.services().await?,
    })
}

fn draw(found: Found, asked: &Asked) -> impl IntoView + use<> {
    let Found {
        panels,
        spent,
        services,
    } = found;
    let ranges = RANGES.iter().filter(|range| range.has_beginning());
    let ranges = ranges.map(|range| (range.key.to_owned(), range.words.to_owned()));
    let (agent, range) = (asked.agent.clone(), asked.range.key);
    let is_empty = panels.iter().all(|panel| panel.lines.is_empty());
    let content = if is_empty {
        nothing(asked)
    } else {
        let panels = panels.into_iter().map(|panel| one(panel, asked));
        view! {
            <div class="metrics">{panels.collect_view()}</div>
            {tables(spent, asked)}
        }
        .into_any()
    };
    view! {
        <FilterForm label="Metrics">
            <FilterSelect
                name="agent"
                label="Service"
                chosen=agent
                options=all_or(services)
            />
            <FilterSelect name="range" label="In" chosen=range options=ranges.collect() />
        </FilterForm>
        {content}
    }
}

fn one(drawn: Drawn, asked: &Asked) -> AnyView {
    let Drawn { panel, lines } = drawn;
    let window = (asked.window.from_ns, asked.window.to_ns);
    let service = Some(asked.agent.clone()).filter(|agent| !agent.is_empty());
    let runs = traces_href(
        &asked.namespace,
        all_of(service.map(|agent| Condition::Name(Name::Service, agent))),
        Period::Last(asked.range),
    );
    let chart = if lines.is_empty() {
        view! { <p class="panel-note">"Nothing was measured in " {asked.range.words} "."</p> }
            .into_any()
    } else {
        view! { <Chart title=panel.title window lines show=panel.unit.show() /> }.into_any()
    };
    view! {
        <Panel title=panel.title>
            {chart} <p class="panel-note">
                <a href=runs>"The runs behind this"</a>
            </p>
        </Panel>
    }
    .into_any()
}

fn nothing(asked: &Asked) -> AnyView {
    let of = if asked.agent.is_empty() {
        &asked.namespace
    } else {
        &asked.agent
    };
    let title = format!("No measurements of {of} in {}", asked.range.words);
    view! {
        <Instead why=Why::Empty { title }>
            <p>
                "Agents measure each request, model call, tool call and delegation, and send that every five seconds."
            </p>
        </Instead>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use api::{
        money::Usd,
        telemetry::{MetricPoint, MetricSeries, UsageRow},
    };
    use http::StatusCode;

    use crate::pages::fixture::{Answers, Fixture};

    fn fixture(answers: Answers) -> Fixture {
        Fixture {
            answers: Some(answers),
            ..Fixture::default()
        }
    }

    #[tokio::test]
    async fn measurements_are_lines_and_numbers_and_cost_is_a_table() {
        let series = MetricSeries {
            labels: vec![("agent.name".to_owned(), "<i>analyst</i>".to_owned())],
            unit: "1".to_owned(),
            points: vec![MetricPoint {
                time_ns: 1_767_225_600_000_000_000,
                value: 0.5,
            }],
        };
        let row = UsageRow {
            keys: vec!["analyst".to_owned()],
            n_calls: 1_234,
            input_tokens: 5_000,
            cost: Usd::from_dollars(0.25),
            ..UsageRow::default()
        };
        let answers = Answers {
            series: vec![series],
            usage: vec![row],
            ..Answers::default()
        };
        let (status, html) = fixture(answers).get("/ns/team/metrics").await;
        assert_eq!(status, StatusCode::OK);
        for part in [
            "Runs per minute",
            "&lt;i&gt;analyst&lt;/i&gt;",
            "30.0",
            "1,234",
            "$0.25",
        ] {
            assert!(html.contains(part), "no {part} in {html}");
        }
    }

    #[tokio::test]
    async fn without_measurements_there_are_no_empty_charts() {
        let (_, html) = fixture(Answers::default())
            .get("/ns/team/metrics?range=24h")
            .await;
        assert!(
            html.contains("No measurements of team in the last 24 hours"),
            "{html}"
        );
        assert!(!html.contains("<figure"), "{html}");
    }
}
