//! Creates an agent, without scripts too.

mod fields;

use api::{
    resources::{Agent, MCPServer, ModelAPI},
    validation::FieldError,
};
use futures::try_join;
use leptos::prelude::*;

use super::params::{namespace, ports};
use crate::{
    components::{
        button::{LinkButton, SubmitButton, Weight},
        icon::{Icon, Symbol},
        page_head::PageHead,
    },
    frame::{Crumb, CsrfField, Frame, Section, loaded},
    site::{AgentForm, Failure, Ports, kubernetes},
};
use fields::{AgentFields, FormField};

/// What the form offers to choose from.
pub(super) struct Choices {
    agents: Vec<Agent>,
    model_apis: Vec<ModelAPI>,
    mcp_servers: Vec<MCPServer>,
}

/// `/ns/{ns}/agents/new`.
#[component]
pub(crate) fn AgentFormPage() -> impl IntoView {
    let (ports, namespace) = (ports(), namespace());
    // A form that was posted and not accepted comes back with its values and errors.
    let form = use_context::<AgentForm>().unwrap_or_default();
    let crumbs = vec![
        Crumb::link("agents", Section::Agents.href(&namespace)),
        Crumb::here("new"),
    ];
    let choices = {
        let namespace = namespace.clone();
        async move { load(&ports, &namespace).await }
    };
    view! {
        <Frame section=Section::Agents title="New agent" crumbs>
            <PageHead title="New agent" />
            <Summary form=form.clone() />
            {loaded("The form", choices, move |choices| {
                view! {
                    <form class="form" method="post" novalidate>
                        <CsrfField />
                        <AgentFields namespace=namespace.clone() form choices />
                        <div class="form-actions">
                            <SubmitButton weight=Weight::Primary>"Create agent"</SubmitButton>
                            <LinkButton href=Section::Agents.href(&namespace)>"Cancel"</LinkButton>
                        </div>
                    </form>
                }
            })}
        </Frame>
    }
}

/// Everything that is wrong, each with a link to its field.
#[component]
fn Summary(form: AgentForm) -> impl IntoView {
    let line = |error: &FieldError| {
        let field = FormField::of(&error.field);
        let name = match field {
            Some(field) => field.label(),
            None => &error.field,
        };
        let text = format!("{name} {}", error.message).trim().to_owned();
        let text = match field {
            Some(field) => view! { <a href=format!("#{}", field.id())>{text}</a> }.into_any(),
            None => text.into_any(),
        };
        view! { <li>{text}</li> }
    };
    (!form.errors.is_empty()).then(|| {
        view! {
            <div class="error-panel" role="alert">
                <Icon symbol=Symbol::StateFailed />
                <div>
                    <strong>"The agent was not created"</strong>
                    <ul>{form.errors.iter().map(line).collect_view()}</ul>
                </div>
            </div>
        }
    })
}

async fn load(ports: &Ports, namespace: &str) -> Result<Choices, Failure> {
    let kube = &ports.kube;
    let (agents, model_apis, mcp_servers) = try_join!(
        kubernetes::list(kube, namespace),
        kubernetes::list(kube, namespace),
        kubernetes::list(kube, namespace),
    )?;
    Ok(Choices {
        agents,
        model_apis,
        mcp_servers,
    })
}
