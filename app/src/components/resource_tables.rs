//! Tables of agents, model APIs and MCP servers that follow what happens to them.

#![expect(
    missing_docs,
    reason = "the island macro writes types without documentation"
)]

use leptos::prelude::*;

use super::live_status::state_view;
use crate::{
    format, live,
    rows::{self, AgentRow, McpServerRow, ModelApiRow, Row, State},
    untrusted::visible,
};

/// All agents of a namespace.
#[island]
pub fn AgentsTable(
    /// The namespace it follows.
    namespace: String,
    /// The rows when the page was drawn.
    rows: Vec<AgentRow>,
) -> impl IntoView {
    let rows = live_rows(&namespace, rows);
    let line = move |name: String| {
        let row = row_of(rows, name.clone());
        let cell = move |read: fn(&AgentRow) -> String| move || text(row, read);
        let href = format!("/ns/{namespace}/agents/{name}");
        view! {
            <tr>
                <td>{move || state_of(row, |row| &row.state)}</td>
                <th scope="row">
                    <a href=href>{name}</a>
                </th>
                <td class="table-prose">{cell(|row| visible(&row.description).into_owned())}</td>
                <td class="table-code">{cell(|row| visible(&row.model).into_owned())}</td>
                <td>{cell(|row| row.model_api.clone())}</td>
                <td>{cell(|row| list(&row.mcp_servers))}</td>
                <td>{cell(|row| list(&row.access))}</td>
                <td class="table-time">{cell(|row| format::minute(&row.created))}</td>
            </tr>
        }
    };
    let headings = &[
        "Status",
        "Name",
        "Description",
        "Model",
        "Model API",
        "MCP servers",
        "Delegates to",
        "Created (UTC)",
    ];
    table("Agents", headings, rows, line)
}

/// All model APIs of a namespace.
#[island]
pub fn ModelApisTable(
    /// The namespace it follows.
    namespace: String,
    /// The rows when the page was drawn.
    rows: Vec<ModelApiRow>,
) -> impl IntoView {
    let rows = live_rows(&namespace, rows);
    let line = move |name: String| {
        let row = row_of(rows, name.clone());
        let cell = move |read: fn(&ModelApiRow) -> String| move || text(row, read);
        view! {
            <tr>
                <td>{move || state_of(row, |row| &row.state)}</td>
                <th scope="row">{name}</th>
                <td>{cell(|row| row.mode.clone())}</td>
                <td>{cell(|row| row.provider.clone())}</td>
                <td class="table-code">{cell(|row| list(&row.models))}</td>
            </tr>
        }
    };
    let headings = &["Status", "Name", "Mode", "Provider", "Models"];
    table("Model APIs", headings, rows, line)
}

/// All MCP servers of a namespace.
#[island]
pub fn McpServersTable(
    /// The namespace it follows.
    namespace: String,
    /// The rows when the page was drawn.
    rows: Vec<McpServerRow>,
) -> impl IntoView {
    let rows = live_rows(&namespace, rows);
    let line = move |name: String| {
        let row = row_of(rows, name.clone());
        let cell = move |read: fn(&McpServerRow) -> String| move || text(row, read);
        view! {
            <tr>
                <td>{move || state_of(row, |row| &row.state)}</td>
                <th scope="row">{name}</th>
                <td>{cell(|row| row.runtime.clone())}</td>
                <td class="table-code">{cell(|row| list(&row.tools))}</td>
            </tr>
        }
    };
    let headings = &["Status", "Name", "Runtime", "Tools"];
    table("MCP servers", headings, rows, line)
}

/// The rows, kept up to date in the browser.
fn live_rows<R: Row>(namespace: &str, rows: Vec<R>) -> RwSignal<Vec<R>> {
    let rows = RwSignal::new(rows);
    let topic = live::topic(namespace, R::PLURAL);
    Effect::new(move || {
        live::subscribe(topic.clone(), move |message| {
            rows.update(|rows| rows::apply(rows, message));
        });
    });
    rows
}

/// One row, so that a change of it redraws its changed cells only and the focus stays where it is.
fn row_of<R: Row>(rows: RwSignal<Vec<R>>, name: String) -> Memo<Option<R>> {
    Memo::new(move |_| rows.with(|rows| rows.iter().find(|row| row.name() == name).cloned()))
}

fn text<R: Row>(row: Memo<Option<R>>, read: fn(&R) -> String) -> String {
    row.with(|row| row.as_ref().map(read).unwrap_or_default())
}

fn state_of<R: Row>(row: Memo<Option<R>>, read: fn(&R) -> &State) -> impl IntoView {
    row.with(|row| row.as_ref().map(|row| state_view(Some(read(row).clone()))))
}

fn list(names: &[String]) -> String {
    names.join(", ")
}

fn table<R: Row, V: IntoView + 'static>(
    label: &'static str,
    headings: &'static [&'static str],
    rows: RwSignal<Vec<R>>,
    line: impl Fn(String) -> V + Clone + Send + Sync + 'static,
) -> impl IntoView {
    let heading = |label: &&'static str| view! { <th scope="col">{*label}</th> };
    let names = move || {
        let names = rows.with(|rows| rows.iter().map(|row| row.name().to_owned()).collect());
        let names: Vec<String> = names;
        names
    };
    view! {
        <div class="table-scroll" role="region" aria-label=label tabindex="0">
            <table class="table">
                <thead>
                    <tr>{headings.iter().map(heading).collect_view()}</tr>
                </thead>
                <tbody>
                    <For each=names key=String::clone children=line />
                </tbody>
            </table>
        </div>
    }
}
