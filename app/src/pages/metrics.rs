//! How agents, models and tools do over time, and what they cost.

mod calls;
mod heat;
pub(crate) mod panel;
mod totals;
mod unit;
mod usage;

use std::sync::Arc;

use api::telemetry::{ServiceGraph, Window};
use leptos::prelude::*;

use super::{
    params::{namespace, now_ns, ports, query},
    period::{Period, period_picker},
    traces::{
        all_of,
        query::{Condition, Name},
        traces_href,
    },
};
use crate::{
    components::{
        button::SubmitButton,
        chart::{Chart, Leads},
        filter_form::{FilterSelect, all_or},
        instead::{Instead, Why},
        page_head::{PageHead, Panel},
    },
    frame::{Crumb, Frame, Section, loaded},
    site::{Failure, Ports},
    url,
};
use panel::{Asked, Before, Drawn, PANELS};
use totals::{Totals, totals};
use usage::{Spent, spent, tables};

/// `/ns/{ns}/metrics?range=&from=&to=&agent=&compare=prev`.
#[component]
pub(crate) fn MetricsPage() -> impl IntoView {
    let asked = Asked::of(&namespace(), &query(), now_ns());
    let data = load(ports(), asked.clone());
    view! {
        <Frame section=Section::Metrics title="Metrics" crumbs=vec![Crumb::here("metrics")]>
            <PageHead title="Metrics" />
            {loaded("Metrics", data, move |found| draw(found, &asked))}
        </Frame>
    }
}

struct Found {
    totals: Totals,
    panels: Vec<Drawn>,
    spent: Spent,
    heat: heat::Counts,
    graph: ServiceGraph,
    services: Vec<String>,
}

async fn load(ports: Ports, asked: Asked) -> Result<Found, Failure> {
    let telemetry = ports.telemetry.as_ref();
    let panels = PANELS.iter().map(|panel| panel.drawn(telemetry, &asked));
    Ok(Found {
        panels: futures::future::try_join_all(panels).await?,
        totals: totals(telemetry, &asked).await?,
        spent: spent(telemetry, &asked).await?,
        heat: heat::counts(telemetry, &asked).await?,
        graph: telemetry.service_graph(asked.window).await?,
        services: ports.traces.services().await?,
    })
}

fn draw(found: Found, asked: &Asked) -> impl IntoView + use<> {
    let Found {
        totals,
        panels,
        spent,
        heat,
        graph,
        services,
    } = found;
    let form = form(services, asked);
    if panels.iter().all(|panel| panel.lines.is_empty()) {
        return view! {
            {form}
            {nothing(asked)}
        }
        .into_any();
    }
    let runs = runs(asked, None, asked.period);
    let panels = panels.into_iter().enumerate();
    let panels = panels
        .map(|(at, panel)| one(at, panel, asked))
        .collect_view();
    view! {
        {form}
        {totals::view(totals, &runs)}
        <div class="metrics">{panels}</div>
        {heat::view(&heat, asked)}
        {calls::calls(graph, asked)}
        {tables(spent, asked)}
    }
    .into_any()
}

fn form(services: Vec<String>, asked: &Asked) -> AnyView {
    let agent = asked.agent.clone();
    let compare = match asked.before {
        Before::Shown => "prev",
        Before::Hidden => "",
    };
    let path = Section::Metrics.href(&asked.namespace);
    let rest = [("agent", agent.as_str()), ("compare", compare)];
    let period = period_picker(asked.period, &path, &rest);
    let options = [("", "nothing"), ("prev", "the time before")];
    let options = options.map(|(value, word)| (value.to_owned(), word.to_owned()));
    view! {
        <form class="filter-form" method="get" role="search" aria-label="Metrics">
            <FilterSelect
                name="agent"
                label="Service"
                chosen=agent
                options=all_or(services)
            />
            <FilterSelect name="compare" label="Compare with" chosen=compare options=options.to_vec() />
            <SubmitButton>"Show"</SubmitButton>
            {period}
        </form>
    }
    .into_any()
}

/// The address of the runs of a time, of what is asked for and of further conditions.
fn runs(asked: &Asked, conditions: impl IntoIterator<Item = Condition>, period: Period) -> String {
    let service = Some(asked.agent.clone()).filter(|agent| !agent.is_empty());
    let service = service.map(|agent| Condition::Name(Name::Service, agent));
    let all = all_of(service.into_iter().chain(conditions));
    traces_href(&asked.namespace, all, period)
}

/// Points and names of a panel lead to the runs behind them.
struct Runs {
    asked: Asked,
    panel: panel::Panel,
}

impl Leads for Runs {
    fn step_ns(&self) -> u64 {
        self.asked.step_ns()
    }

    fn step(&self, from_ns: u64) -> String {
        let to_ns = from_ns.saturating_add(self.asked.step_ns());
        let step = Period::Between(Window { from_ns, to_ns });
        runs(&self.asked, None, step)
    }

    fn line(&self, label: &str) -> Option<String> {
        let condition = self.panel.condition(label)?;
        Some(runs(&self.asked, Some(condition), self.asked.period))
    }
}

fn one(at: usize, drawn: Drawn, asked: &Asked) -> AnyView {
    let Drawn { panel, lines } = drawn;
    let window = (asked.window.from_ns, asked.window.to_ns);
    let behind = runs(asked, None, asked.period);
    let file = file_href(at, asked);
    let alert = panel.alert.map(|measure| {
        let about = [("measure", measure), ("agent", asked.agent.as_str())];
        url::with_query("/alerts/new", &about)
    });
    let chart = if lines.is_empty() {
        view! { <p class="panel-note">"Nothing was measured in " {asked.period.words()} "."</p> }
            .into_any()
    } else {
        let leads: Arc<dyn Leads> = Arc::new(Runs {
            asked: asked.clone(),
            panel,
        });
        let show = panel.unit.show();
        view! { <Chart title=panel.title window lines show leads /> }.into_any()
    };
    view! {
        <Panel title=panel.title>
            {chart} <p class="panel-note">
                <a href=behind>"The runs behind this"</a>
                " · "
                <a href=file download="">
                    "CSV"
                </a>
                {alert.map(|href| {
                    view! {
                        " · "
                        <a href=href>"Alert on this"</a>
                    }
                })}
            </p>
        </Panel>
    }
    .into_any()
}

/// Where a panel is to be had as a file.
fn file_href(at: usize, asked: &Asked) -> String {
    let [range, from, to] = asked.period.pairs();
    let path = format!("{}.csv", Section::Metrics.href(&asked.namespace));
    let at = at.to_string();
    let compare = match asked.before {
        Before::Shown => "prev",
        Before::Hidden => "",
    };
    url::with_query(
        &path,
        &[
            ("panel", &at),
            ("agent", &asked.agent),
            ("compare", compare),
            (range.0, &range.1),
            (from.0, &from.1),
            (to.0, &to.1),
        ],
    )
}

fn nothing(asked: &Asked) -> AnyView {
    let of = if asked.agent.is_empty() {
        &asked.namespace
    } else {
        &asked.agent
    };
    let title = format!("No measurements of {of} in {}", asked.period.words());
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
    async fn a_point_leads_to_the_runs_of_its_minute_and_a_panel_is_to_be_had_as_csv() {
        let series = MetricSeries {
            labels: vec![("agent.name".to_owned(), "a \"b\"".to_owned())],
            unit: "1".to_owned(),
            points: vec![MetricPoint {
                time_ns: 1_767_225_600_000_000_000,
                value: 0.5,
            }],
        };
        let answers = Answers {
            series: vec![series],
            ..Answers::default()
        };
        let path = "/ns/team/metrics?from=2026-01-01T00:00:00Z&to=2026-01-01T01:00:00Z";
        let (_, html) = fixture(answers.clone()).get(path).await;
        let step = "from=2026-01-01T00%3A00%3A00Z&amp;to=2026-01-01T00%3A01%3A00Z";
        for part in [step, "/ns/team/metrics.csv?panel=0", "The runs behind this"] {
            assert!(html.contains(part), "no {part} in {html}");
        }
        let path = path.replace("metrics?", "metrics.csv?panel=0&");
        let (status, csv) = fixture(answers).get(&path).await;
        assert_eq!(status, StatusCode::OK);
        let expected = "time,line,value\n2026-01-01T00:00:00Z,\"a \"\"b\"\"\",30\n";
        assert_eq!(csv, expected);
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
