//! What is bad for long enough to tell somebody: the rules, how it stands, and who is told.

mod form;
mod rule;
mod told;
mod words;

pub(crate) use rule::{AlertPage, NewAlertPage};

use api::telemetry::{Alert, AlertRule};
use jiff::Timestamp;
use leptos::prelude::*;

use super::{
    params::{namespace, now, now_ns, ports},
    period::Period,
    range::Range,
    traces::{
        all_of,
        query::{Condition, Name},
        traces_href,
    },
};
use crate::{
    components::{
        button::{LinkButton, Weight},
        instead::{Instead, Why},
        page_head::{Actions, PageHead},
        status_mark::StatusMark,
        table::{Heading, Table},
        time::Ago,
    },
    frame::{Crumb, Frame, Section, loaded},
    site::{Failure, Ports},
    untrusted::visible,
};

/// `/ns/{ns}/alerts`.
#[component]
pub(crate) fn AlertsPage() -> impl IntoView {
    let ports = ports();
    let told = told::view(ports.alerts.webhooks());
    let data = load(ports);
    view! {
        <Frame section=Section::Alerts title="Alerts" crumbs=vec![Crumb::here("alerts")]>
            <PageHead title="Alerts">
                <Actions>
                    <LinkButton href="/api/alerts/prometheus-rule">"Rules for Prometheus"</LinkButton>
                    <LinkButton weight=Weight::Primary href="/alerts/new">
                        "New rule"
                    </LinkButton>
                </Actions>
            </PageHead>
            {loaded("Alerts", data, move |(rules, alerts)| list(&rules, &alerts))}
            {told}
        </Frame>
    }
}

async fn load(ports: Ports) -> Result<(Vec<AlertRule>, Vec<Alert>), Failure> {
    let rules = ports.alerts.alert_rules().await?;
    Ok((rules, ports.alerts.alerts().await?))
}

fn list(rules: &[AlertRule], alerts: &[Alert]) -> AnyView {
    if rules.is_empty() {
        let title = "No rules".to_owned();
        return view! {
            <Instead why=Why::Empty { title }>
                <p>"Nothing is watched. A rule says what is bad, and for how long."</p>
            </Instead>
        }
        .into_any();
    }
    view! {
        {table(rules, alerts)}
        <p class="panel-note">"Rules are looked at every 15 seconds, for the agents of all namespaces."</p>
    }
    .into_any()
}

/// A line for each rule and agent that something is known of.
fn table(rules: &[AlertRule], alerts: &[Alert]) -> AnyView {
    let (now, now_ns, namespace) = (now(), now_ns(), namespace());
    let row = |rule, alert| row(rule, alert, (now, now_ns), &namespace);
    let rows = rules.iter().flat_map(|rule| {
        let of_rule = alerts.iter().filter(|alert| alert.rule == rule.name);
        let mut rows: Vec<_> = of_rule.map(|alert| row(rule, Some(alert))).collect();
        if rows.is_empty() {
            rows.push(row(rule, None));
        }
        rows
    });
    let headings = [
        Heading::Words("State"),
        Heading::Words("Rule"),
        Heading::Words("Tells when"),
        Heading::Words("Agent"),
        Heading::Number("Value now"),
        Heading::Words("Since"),
        Heading::Words("Behind it"),
    ];
    let rows = rows.collect_view();
    view! {
        <Table label="Rules" headings>
            {rows}
        </Table>
    }
    .into_any()
}

fn row(
    rule: &AlertRule,
    alert: Option<&Alert>,
    (now, now_ns): (Timestamp, u64),
    namespace: &str,
) -> AnyView {
    let (mark, word) = words::state(rule, alert, now_ns);
    let agent = alert
        .map(|alert| alert.agent.as_str())
        .or(rule.agent.as_deref());
    let value = alert
        .and_then(|alert| alert.value)
        .map(words::show(rule.measure));
    let since = alert.map(|alert| view! { <Ago time_ns=alert.since_ns now /> });
    let runs = alert.map(|alert| {
        let href = runs_href(namespace, &alert.agent, "1h");
        view! { <a href=href>"Runs of the last hour"</a> }
    });
    view! {
        <tr>
            <td>
                <StatusMark mark word />
            </td>
            <th scope="row">
                <a href=format!("/alerts/{}", rule.name)>{rule.name.clone()}</a>
            </th>
            <td class="alert-words">{words::rule(rule)}</td>
            <td>{agent.map_or("each".to_owned(), |agent| visible(agent).into_owned())}</td>
            <td class="table-number">{value.unwrap_or_else(|| "–".to_owned())}</td>
            <td>{since}</td>
            <td>{runs}</td>
        </tr>
    }
    .into_any()
}

/// The runs of an agent in the last time.
fn runs_href(namespace: &str, agent: &str, range: &str) -> String {
    let condition = Condition::Name(Name::Service, agent.to_owned());
    let period = Period::Last(Range::called(range, "1h"));
    traces_href(namespace, all_of([condition]), period)
}
