//! Who calls whom, as a picture and as a list.

use futures::try_join;
use leptos::prelude::*;

use super::params::{namespace, ports, query, query_param};
use crate::{
    components::{
        button::{LinkButton, Weight},
        instead::{Instead, Why},
        live_status::state_view,
        map::{MapView, ResourceMap},
        page_head::PageHead,
        table::{Heading, Table},
        tabs::{Tab, Tabs},
    },
    frame::{Crumb, Frame, Section, loaded, name_of},
    kinds::Kind,
    map::{Graph, Node, Thing},
    site::{Failure, Ports, kubernetes},
};

/// `/ns/{ns}/map?q=&hide=&focus=&view=list`.
#[component]
pub(crate) fn MapPage() -> impl IntoView {
    let (ports, namespace) = (ports(), namespace());
    let view = MapView::of(&query());
    let is_list = query_param("view").as_deref() == Some("list");
    let path = Section::Map.href(&namespace);
    let tabs = vec![
        Tab::new("Map", path.clone()),
        Tab::new("List", format!("{path}?view=list")),
    ];
    let current = if is_list { "List" } else { "Map" };
    let things = {
        let namespace = namespace.clone();
        async move { load(&ports, &namespace).await }
    };
    view! {
        <Frame section=Section::Map title="Map" crumbs=vec![Crumb::here("map")]>
            <PageHead title="Map" />
            <Tabs label="Map" tabs current />
            {loaded("The map", things, move |things| {
                if things.is_empty() {
                    nothing(&namespace)
                } else if is_list {
                    list(&Graph::of(&things))
                } else {
                    view! { <ResourceMap namespace things view /> }.into_any()
                }
            })}
        </Frame>
    }
}

async fn load(ports: &Ports, namespace: &str) -> Result<Vec<Thing>, Failure> {
    let kube = &ports.kube;
    let (agents, servers, apis) = try_join!(
        kubernetes::objects(kube, Kind::Agent, namespace),
        kubernetes::objects(kube, Kind::McpServer, namespace),
        kubernetes::objects(kube, Kind::ModelApi, namespace),
    )?;
    let mut things = Thing::all(Kind::Agent, &agents);
    things.extend(Thing::all(Kind::McpServer, &servers));
    things.extend(Thing::all(Kind::ModelApi, &apis));
    Ok(things)
}

fn nothing(namespace: &str) -> AnyView {
    let title = format!("Nothing to draw in {}", name_of(namespace).to_lowercase());
    let new = Kind::Agent.new_href(namespace);
    view! {
        <Instead why=Why::Empty { title }>
            <p>"The map shows agents, whom they delegate to, their tools and their models."</p>
            <LinkButton href=new weight=Weight::Primary>
                "New agent"
            </LinkButton>
        </Instead>
    }
    .into_any()
}

/// The same as a table.
fn list(graph: &Graph) -> AnyView {
    let line = |(index, node): (usize, &Node)| {
        let href = node.kind.href(&node.id.namespace, &node.id.name);
        view! {
            <tr data-name=node.id.name.clone()>
                <th scope="row">
                    <a href=href>{node.id.name.clone()}</a>
                </th>
                <td>{node.kind.noun()}</td>
                <td>{state_view(node.state.clone())}</td>
                <td>{names(graph.used_by(index))}</td>
                <td>{names(graph.users_of(index))}</td>
            </tr>
        }
    };
    let lines = graph.nodes.iter().enumerate().map(line).collect_view();
    let headings = [
        Heading::Words("Name"),
        Heading::Words("Kind"),
        Heading::Words("Status"),
        Heading::Words("Calls"),
        Heading::Words("Called by"),
    ];
    view! {
        <Table label="Map as a list" headings>
            {lines}
        </Table>
    }
    .into_any()
}

fn names<'a>(nodes: impl Iterator<Item = &'a Node>) -> String {
    let names: Vec<_> = nodes.map(|node| node.id.name.as_str()).collect();
    if names.is_empty() {
        "–".to_owned()
    } else {
        names.join(", ")
    }
}
