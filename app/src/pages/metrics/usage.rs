//! What models were asked for and what that cost: by agent, model and session.

use api::telemetry::{TelemetryReader, UsageKey, UsageQuery, UsageRow};
use leptos::prelude::*;

use super::panel::Asked;
use crate::{
    components::{
        page_head::Panel,
        table::{Heading, Table},
    },
    format,
    pages::params::namespace_filter,
    site::Failure,
    untrusted::visible,
};

/// What the tables group by, and their headings.
const GROUPS: [(UsageKey, &str, &str); 3] = [
    (UsageKey::Agent, "Tokens and cost by agent", "Agent"),
    (UsageKey::Model, "Tokens and cost by model", "Model"),
    (UsageKey::Session, "Tokens and cost by session", "Session"),
];
/// Lines of a table.
const MOST: usize = 20;

/// The sums of each group, largest first.
pub(super) struct Spent(Vec<Vec<UsageRow>>);

/// Adds up what was used.
pub(super) async fn spent(
    telemetry: &dyn TelemetryReader,
    asked: &Asked,
) -> Result<Spent, Failure> {
    let mut all = Vec::new();
    for (by, ..) in GROUPS {
        let query = UsageQuery {
            window: asked.window,
            by: vec![by],
            agent: Some(asked.agent.clone()).filter(|agent| !agent.is_empty()),
            namespace: namespace_filter(&asked.namespace),
            ..UsageQuery::default()
        };
        let mut rows = telemetry.usage(&query).await?;
        rows.sort_by_key(|row| {
            let tokens = row.input_tokens + row.output_tokens;
            std::cmp::Reverse((row.cost, tokens))
        });
        all.push(rows);
    }
    Ok(Spent(all))
}

/// The tables, where anything was used.
pub(super) fn tables(spent: Spent, asked: &Asked) -> AnyView {
    let words = asked.period.words();
    let groups = GROUPS.into_iter().zip(spent.0);
    let table = |((_, title, what), rows): (
        (UsageKey, &'static str, &'static str),
        Vec<UsageRow>,
    )| {
        let more = rows.len().saturating_sub(MOST);
        let lines = rows.into_iter().take(MOST).map(line).collect_view();
        let numbers = [
            "Calls",
            "Failed",
            "Tokens in",
            "Cached",
            "Tokens out",
            "Cost",
        ];
        let mut headings = vec![Heading::Words(what)];
        headings.extend(numbers.map(Heading::Number));
        view! {
            <Panel title=format!("{title}, {words}")>
                <Table label=title headings>
                    {lines}
                </Table>
                {(more > 0).then(|| view! { <p class="panel-note">{more} " more are not shown."</p> })}
            </Panel>
        }
        .into_any()
    };
    groups
        .filter(|(_, rows)| !rows.is_empty())
        .map(table)
        .collect_view()
        .into_any()
}

fn line(row: UsageRow) -> impl IntoView {
    let name = match row.keys.first().map(String::as_str) {
        None | Some("") => "not said".to_owned(),
        Some(name) => visible(name).into_owned(),
    };
    let cost = format::cost(row.cost, row.n_without_price);
    let numbers = [
        row.n_calls,
        row.n_errors,
        row.input_tokens,
        row.cached_tokens,
        row.output_tokens,
    ];
    view! {
        <tr>
            <th scope="row">{name}</th>
            {numbers
                .map(|number| view! { <td class="table-number">{format::count(number)}</td> })
                .collect_view()}
            <td class="table-number">{cost}</td>
        </tr>
    }
}
