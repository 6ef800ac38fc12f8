//! Who calls whom, as a picture and as a list.

use futures::{join, try_join};
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
    map::{Graph, Node, Thing, Traffic},
    pages::range::{RANGES, Range},
    site::{Failure, Ports, kubernetes, traffic},
};

/// `/ns/{ns}/map?q=&hide=&focus=&range=&view=list`.
#[component]
pub(crate) fn MapPage() -> impl IntoView {
    let (ports, namespace) = (ports(), namespace());
    let view = MapView::of(&query());
    let is_list = query_param("view").as_deref() == Some("list");
    let path = Section::Map.href(&namespace);
    let range = Range::called(&view.range, traffic::USUAL);
    let tabs = vec![
        Tab::new("Map", path.clone()),
        Tab::new("List", format!("{path}?view=list")),
    ];
    let current = if is_list { "List" } else { "Map" };
    let things = {
        let namespace = namespace.clone();
        async move {
            // Without its traffic the map is still a map.
            let traffic = traffic::read(&ports, &namespace, range);
            let (things, traffic) = join!(load(&ports, &namespace), traffic);
            Ok((things?, traffic.map_err(|error| error.to_string())))
        }
    };
    view! {
        <Frame section=Section::Map title="Map" crumbs=vec![Crumb::here("map")]>
            <PageHead title="Map" />
            <Tabs label="Map" tabs current />
            {loaded("The map", things, move |(things, traffic)| {
                if things.is_empty() {
                    return nothing(&namespace);
                }
                let missing = traffic.as_ref().err().cloned().map(|message| {
                    let what = "Traffic".to_owned();
                    view! { <Instead why=Why::Partial { what, message } /> }
                });
                let traffic = traffic.ok();
                let legend = legend(&namespace, &view, range);
                let map = if is_list {
                    list(&things, traffic.as_ref())
                } else {
                    view! { <ResourceMap namespace things view traffic /> }.into_any()
                };
                view! {
                    {missing}
                    {legend}
                    {map}
                }
                    .into_any()
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

/// What lines mean, and whose calls they show.
fn legend(namespace: &str, view: &MapView, range: Range) -> AnyView {
    let path = Section::Map.href(namespace);
    let link = |one: Range| {
        let view = MapView {
            range: one.key.to_owned(),
            ..view.clone()
        };
        let current = (one == range).then_some("true");
        view! {
            <a href=view.href(&path) aria-current=current>
                {one.key}
            </a>
            " "
        }
    };
    let links = RANGES.map(link).into_iter().collect_view();
    view! {
        <p class="panel-note map-legend">
            "Solid: called in " {range.words} ". Dashed: not called. Dotted: called, though no resource \
             says so. Red: some calls failed. " {links}
        </p>
    }
    .into_any()
}

/// The same as a table.
fn list(things: &[Thing], traffic: Option<&Traffic>) -> AnyView {
    let mut graph = Graph::of(things);
    if let Some(traffic) = traffic {
        traffic.add_undeclared(&mut graph);
    }
    let calls = |node: &Node, index: usize| {
        let used = graph.used_by(index).map(|used| {
            let flow = traffic.and_then(|traffic| {
                let flow = traffic.flow(&node.id.name, &used.id.name)?;
                Some(traffic.words(flow))
            });
            match flow {
                Some(words) => format!("{} ({words})", used.id.name),
                None => used.id.name.clone(),
            }
        });
        let used: Vec<_> = used.collect();
        if used.is_empty() {
            "–".to_owned()
        } else {
            used.join(", ")
        }
    };
    let line = |(index, node): (usize, &Node)| {
        let href = node.kind.href(&node.id.namespace, &node.id.name);
        view! {
            <tr data-name=node.id.name.clone()>
                <th scope="row">
                    <a href=href>{node.id.name.clone()}</a>
                </th>
                <td>{node.kind.noun()}</td>
                <td>{state_view(node.state.clone())}</td>
                <td>{calls(node, index)}</td>
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
