//! Asks before an agent is deleted, and says who depends on it.

use api::resources::Agent;
use http::StatusCode;
use kube::ResourceExt;
use leptos::prelude::*;

use super::{
    agent::{callers_of, missing},
    params::{namespace, path_param, ports, set_status},
};
use crate::{
    components::{
        agent_tabs::AgentTab,
        button::{LinkButton, SubmitButton, Weight},
        page_head::PageHead,
    },
    frame::{Crumb, CsrfField, Frame, Section, loaded},
    site::kubernetes,
};

/// `/ns/{ns}/agents/{name}/delete`.
#[component]
pub(crate) fn AgentDeletePage() -> impl IntoView {
    let (client, namespace, name) = (ports().kube, namespace(), path_param("name"));
    let crumbs = vec![
        Crumb::link("agents", Section::Agents.href(&namespace)),
        Crumb::link(&name, AgentTab::Overview.href(&namespace, &name)),
        Crumb::here("delete"),
    ];
    let agents = {
        let namespace = namespace.clone();
        async move { kubernetes::list::<Agent>(&client, &namespace).await }
    };
    view! {
        <Frame section=Section::Agents title=format!("Delete agent {name}") crumbs>
            {loaded("The agent", agents, move |agents| {
                if agents.iter().any(|agent| agent.name_any() == name) {
                    let callers = callers_of(&name, &agents);
                    view! { <Question namespace name callers /> }.into_any()
                } else {
                    set_status(StatusCode::NOT_FOUND);
                    missing(&namespace, &name).into_any()
                }
            })}
        </Frame>
    }
}

#[component]
fn Question(namespace: String, name: String, callers: Vec<String>) -> impl IntoView {
    let dependants = match callers.as_slice() {
        [] => "No other agent delegates to it.".to_owned(),
        [caller] => format!("{caller} delegates to it and will not reach it any more."),
        callers => format!(
            "{} delegate to it and will not reach it any more.",
            callers.join(", ")
        ),
    };
    let title = format!("Delete agent {name}");
    let cancel = AgentTab::Overview.href(&namespace, &name);
    view! {
        <PageHead title=title.clone() />
        <form class="prose" method="post">
            <CsrfField />
            <p>{dependants}</p>
            <p>"It stops answering at once. Traces of its runs stay. This cannot be undone."</p>
            <div class="form-actions">
                <SubmitButton weight=Weight::Danger>{title}</SubmitButton>
                <LinkButton href=cancel>"Cancel"</LinkButton>
            </div>
        </form>
    }
}
