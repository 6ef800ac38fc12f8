//! The agents of a namespace.

use api::resources::Agent;
use leptos::prelude::*;

use super::params::{namespace, ports};
use crate::{
    components::{
        button::{LinkButton, Weight},
        empty::Empty,
        page_head::{Actions, PageHead},
        resource_tables::AgentsTable,
    },
    frame::{Crumb, Frame, Section, loaded},
    site::kubernetes,
};

/// `/ns/{ns}/agents`.
#[component]
pub(crate) fn AgentsPage() -> impl IntoView {
    let (client, namespace) = (ports().kube, namespace());
    let new = format!("/ns/{namespace}/agents/new");
    let agents = {
        let namespace = namespace.clone();
        async move { kubernetes::list::<Agent>(&client, &namespace).await }
    };
    view! {
        <Frame section=Section::Agents title="Agents" crumbs=vec![Crumb::here("agents")]>
            <PageHead title="Agents">
                <Actions>
                    <LinkButton href=new weight=Weight::Primary>
                        "New agent"
                    </LinkButton>
                </Actions>
            </PageHead>
            {loaded("Agents", agents, move |agents| {
                let empty = agents.is_empty().then(|| view! { <NoAgents namespace=namespace.clone() /> });
                let rows = kubernetes::rows(&agents);
                view! {
                    {empty}
                    <AgentsTable namespace rows />
                }
            })}
        </Frame>
    }
}

#[component]
fn NoAgents(namespace: String) -> impl IntoView {
    view! {
        <Empty title=format!("No agents in {namespace}")>
            <p>
                "An agent is a model with instructions, the tools it may call and the agents it may \
                 delegate to. Create one here or apply YAML; it appears in this list at once."
            </p>
        </Empty>
    }
}
