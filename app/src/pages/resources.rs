//! The list of one kind of resource.

pub(crate) mod measured;

use futures::future::try_join_all;
use leptos::prelude::*;
use serde_json::Value;

use super::params::{namespace, now_ns, ports, query, visitor};
use crate::{
    components::{
        button::{LinkButton, Weight},
        instead::{Instead, Why},
        page_head::{Actions, PageHead},
        resource_table::{ResourceTable, Tools},
    },
    frame::{Crumb, Frame, Section, loaded, name_of},
    kinds::{ALL_NAMESPACES, Kind},
    rows::{ListView, Row, Users},
    site::{CsrfToken, Failure, Ports, Shortcuts, kubernetes},
};

/// `/ns/{ns}/{plural}`.
#[component]
pub(crate) fn ResourcesPage(kind: Kind) -> impl IntoView {
    let (ports, namespace, view) = (ports(), namespace(), ListView::of(&query()));
    let new = kind.new_href(match namespace.as_str() {
        ALL_NAMESPACES => "default",
        namespace => namespace,
    });
    let tools = Tools::Full {
        csrf: expect_context::<CsrfToken>().value().to_owned(),
        single_keys: visitor().shortcuts == Shortcuts::On,
    };
    let now_ns = now_ns();
    let found = {
        let namespace = namespace.clone();
        async move { load(&ports, kind, &namespace, now_ns).await }
    };
    let head = view! { <ListHead kind new=new.clone() /> };
    view! {
        <Frame
            section=Section::Resources(kind)
            title=kind.heading()
            crumbs=vec![Crumb::here(kind.nouns())]
        >
            {head}
            {loaded(kind.heading(), found, move |Found { rows, partial }| {
                let none_yet = view! { <NoneYet kind namespace=namespace.clone() new /> };
                view! {
                    {partial.map(|why| view! { <Instead why /> })}
                    <ResourceTable kind namespace rows view tools>
                        {none_yet}
                    </ResourceTable>
                }
            })}
        </Frame>
    }
}

#[component]
fn ListHead(kind: Kind, new: String) -> impl IntoView {
    view! {
        <PageHead title=kind.heading()>
            <Actions>
                <LinkButton href=new weight=Weight::Primary>
                    {format!("New {}", kind.noun())}
                </LinkButton>
            </Actions>
        </PageHead>
    }
}

/// The rows, and what of them could not be measured.
pub(super) struct Found {
    pub(super) rows: Vec<Row>,
    pub(super) partial: Option<Why>,
}

pub(super) async fn load(
    ports: &Ports,
    kind: Kind,
    namespace: &str,
    now_ns: u64,
) -> Result<Found, Failure> {
    let objects = kubernetes::objects(&ports.kube, kind, namespace).await?;
    let mut rows = Row::all(kind, &objects);
    let measured = match kind {
        Kind::Agent => measured::runs(ports, namespace, now_ns, &mut rows).await,
        Kind::McpServer | Kind::ModelApi | Kind::Secret => {
            let users = users(ports, namespace).await;
            users.map(|users| users.fill(kind, &mut rows))
        }
    };
    let partial = measured.err().map(|failure| Why::Partial {
        what: "A column".to_owned(),
        message: failure.to_string(),
    });
    Ok(Found { rows, partial })
}

/// Who mentions whom in a namespace.
pub(super) async fn users(ports: &Ports, namespace: &str) -> Result<Users, Failure> {
    let lists = Kind::OWN.map(async |kind| {
        let objects = kubernetes::objects(&ports.kube, kind, namespace).await?;
        Ok::<(Kind, Vec<Value>), Failure>((kind, objects))
    });
    let mut users = Users::default();
    for (kind, objects) in try_join_all(lists).await? {
        users.add(kind, &objects);
    }
    Ok(users)
}

/// What the kind is, where there is none of it.
#[component]
fn NoneYet(kind: Kind, namespace: String, new: String) -> impl IntoView {
    let meaning = match kind {
        Kind::Agent => {
            "An agent is a model with instructions, the tools it may call and the agents it may \
             delegate to. Create one here or apply YAML; it appears in this list at once."
        }
        Kind::McpServer => {
            "An MCP server gives agents tools: Python functions written right here, a command, or \
             a server elsewhere. Create one, and its tools can be called from this page."
        }
        Kind::ModelApi => {
            "A model API says where models are reached, with which key, and which of them agents \
             may ask. An agent needs one."
        }
        Kind::Secret => {
            "A secret holds keys, such as that of a provider. Its values can be written here and \
             never read again; model APIs and MCP servers refer to it by name."
        }
    };
    view! {
        <Instead why=Why::Empty {
            title: format!("No {} in {}", kind.nouns(), name_of(&namespace).to_lowercase()),
        }>
            <p>{meaning}</p>
            <LinkButton href=new weight=Weight::Primary>
                {format!("New {}", kind.noun())}
            </LinkButton>
        </Instead>
    }
}
