//! What a resource uses, and who uses it, each with its state.

use leptos::prelude::*;

use super::page::Surroundings;
use crate::{
    components::{
        live_status::LiveStatus,
        page_head::Panel,
        table::{Heading, Table},
    },
    kinds::Kind,
    relations::{Use, references},
    rows::{Id, State, text, texts},
};

/// Another resource this one has to do with.
pub(crate) struct Relation {
    how: &'static str,
    kind: Kind,
    name: String,
    /// `None` when it does not exist.
    state: Option<State>,
    /// What it gives: a model, tools.
    aside: String,
}

/// All relations of a resource: what it mentions, then who mentions it.
pub(crate) fn of(kind: Kind, id: &Id, found: &Surroundings) -> Vec<Relation> {
    let uses = references(kind, &found.object)
        .into_iter()
        .map(|reference| {
            let how = match reference.how {
                Use::Asks => "Model API",
                Use::Calls => "MCP server",
                Use::DelegatesTo => "Delegates to",
                Use::Reads => "Secret",
            };
            relation(found, how, reference.kind, reference.name)
        });
    let used_by = found.users.of(kind, id).into_iter().map(|(kind, name)| {
        let how = match kind {
            Kind::Agent => "Used by agent",
            Kind::McpServer => "Used by MCP server",
            Kind::ModelApi => "Used by model API",
            Kind::Secret => "Used by secret",
        };
        relation(found, how, kind, name)
    });
    uses.chain(used_by).collect()
}

fn relation(found: &Surroundings, how: &'static str, kind: Kind, name: String) -> Relation {
    let other = found.other(kind, &name);
    let aside = match kind {
        Kind::ModelApi => text(&found.object, "/spec/model"),
        Kind::McpServer => other
            .map(|server| texts(server, "/status/availableTools").join(", "))
            .unwrap_or_default(),
        Kind::Agent | Kind::Secret => String::new(),
    };
    Relation {
        how,
        kind,
        name,
        state: other.map(State::of),
        aside,
    }
}

#[component]
pub(crate) fn Relations(namespace: String, relations: Vec<Relation>) -> impl IntoView {
    if relations.is_empty() {
        return view! {
            <Panel title="Relations">
                <p class="panel-note">"Nothing uses it, and it uses nothing."</p>
            </Panel>
        }
        .into_any();
    }
    let line = move |relation: Relation| line(&namespace, relation);
    let headings = [
        Heading::Words("Relation"),
        Heading::Words("Name"),
        Heading::Words("Status"),
        Heading::Words("Model or tools"),
    ];
    let lines = relations.into_iter().map(line).collect_view();
    view! {
        <Panel title="Relations">
            <Table label="Relations" headings>
                {lines}
            </Table>
        </Panel>
    }
    .into_any()
}

fn line(namespace: &str, relation: Relation) -> impl IntoView + use<> {
    let Relation {
        how,
        kind,
        name,
        state,
        aside,
    } = relation;
    let href = kind.href(namespace, &name);
    // Secrets are not followed: their list is not for every page.
    let status = (kind != Kind::Secret).then(|| {
        let (namespace, name) = (namespace.to_owned(), name.clone());
        view! { <LiveStatus kind namespace name state /> }
    });
    view! {
        <tr>
            <td class="table-aside">{how}</td>
            <th scope="row">
                <a href=href>{name}</a>
            </th>
            <td>{status}</td>
            <td class="table-code">{aside}</td>
        </tr>
    }
}
