//! The first tab of an agent.

use api::resources::{Agent, Condition, agent::MemoryConfig};
use kube::ResourceExt;
use leptos::prelude::*;
use serde::Serialize;

use super::{Surroundings, callers_of};
use crate::{
    components::{
        empty::Empty,
        facts::{Fact, Facts},
        live_status::LiveStatus,
        page_head::Panel,
        trace_list::TraceList,
    },
    format,
    pages::params::now,
    rows::State,
    site::kubernetes,
    untrusted::visible,
};

#[component]
pub(super) fn Overview(namespace: String, found: Surroundings) -> impl IntoView {
    let relations = relations(&found);
    let Surroundings { agent, runs, .. } = found;
    let facts = configuration(&agent);
    let name = agent.name_any();
    let conditions = agent
        .status
        .map(|status| status.conditions)
        .unwrap_or_default();
    let instructions = visible(agent.spec.instructions()).into_owned();
    let description = visible(agent.spec.description()).into_owned();
    view! {
        {(!description.is_empty()).then(|| view! { <p class="lead">{description}</p> })}
        <div class="columns">
            <div>
                <Instructions text=instructions />
                <Relations namespace relations />
                <Panel title="Configuration">
                    <Facts facts />
                </Panel>
            </div>
            <div>
                <Panel title="Recent runs">
                    <Runs name runs />
                </Panel>
                <Conditions conditions />
            </div>
        </div>
    }
}

#[component]
fn Instructions(text: String) -> impl IntoView {
    let body = if text.is_empty() {
        view! { <p class="panel-note">"None: the model gets only the conversation and its tools."</p> }
            .into_any()
    } else {
        view! { <p class="reading">{text}</p> }.into_any()
    };
    view! { <Panel title="Instructions">{body}</Panel> }
}

/// Another resource this agent has to do with.
struct Relation {
    how: &'static str,
    plural: &'static str,
    name: String,
    state: Option<State>,
    aside: String,
}

/// What the agent uses, and who uses it.
fn relations(found: &Surroundings) -> Vec<Relation> {
    let spec = &found.agent.spec;
    let model_api = Relation {
        how: "Model API",
        plural: "modelapis",
        state: state_in(&found.model_apis, &spec.model_api),
        name: spec.model_api.clone(),
        aside: spec.model.clone(),
    };
    let servers = spec.mcp_servers.iter().map(|name| Relation {
        how: "MCP server",
        plural: "mcpservers",
        state: state_in(&found.mcp_servers, name),
        name: name.clone(),
        aside: tools_of(found, name),
    });
    let agent = |how, name: String| Relation {
        how,
        plural: "agents",
        state: state_in(&found.agents, &name),
        name,
        aside: String::new(),
    };
    let peers = spec.access().iter().cloned();
    let callers = callers_of(&found.agent.name_any(), &found.agents);
    std::iter::once(model_api)
        .chain(servers)
        .chain(peers.map(|name| agent("Delegates to", name)))
        .chain(callers.into_iter().map(|name| agent("Called by", name)))
        .collect()
}

fn state_in<K: ResourceExt + Serialize>(objects: &[K], name: &str) -> Option<State> {
    let object = objects.iter().find(|object| object.name_any() == name)?;
    Some(State::of(&kubernetes::json(object)))
}

fn tools_of(found: &Surroundings, server: &str) -> String {
    let server = found
        .mcp_servers
        .iter()
        .find(|one| one.name_any() == server);
    let status = server.and_then(|server| server.status.as_ref());
    status
        .map(|status| status.available_tools.join(", "))
        .unwrap_or_default()
}

#[component]
fn Relations(namespace: String, relations: Vec<Relation>) -> impl IntoView {
    let line = move |relation: Relation| {
        let Relation {
            how,
            plural,
            name,
            state,
            aside,
        } = relation;
        let label = match plural {
            "agents" => {
                let href = format!("/ns/{namespace}/agents/{name}");
                view! { <a href=href>{name.clone()}</a> }.into_any()
            }
            _ => view! { <span>{name.clone()}</span> }.into_any(),
        };
        view! {
            <tr>
                <td class="table-aside">{how}</td>
                <th scope="row">{label}</th>
                <td>
                    <LiveStatus namespace=namespace.clone() plural=plural.to_owned() name state />
                </td>
                <td class="table-code">{aside}</td>
            </tr>
        }
    };
    view! {
        <Panel title="Relations">
            <div class="table-scroll" role="region" aria-label="Relations" tabindex="0">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"Relation"</th>
                            <th scope="col">"Name"</th>
                            <th scope="col">"Status"</th>
                            <th scope="col">"Model or tools"</th>
                        </tr>
                    </thead>
                    <tbody>{relations.into_iter().map(line).collect_view()}</tbody>
                </table>
            </div>
        </Panel>
    }
}

#[component]
fn Runs(name: String, runs: Vec<api::traces::TraceSummary>) -> impl IntoView {
    if runs.is_empty() {
        view! {
            <Empty title="No runs yet">
                <p>"Every answer leaves a trace here. Ask it something in its chat."</p>
            </Empty>
        }
        .into_any()
    } else {
        view! { <TraceList label=format!("Recent runs of {name}") traces=runs now=now() /> }
            .into_any()
    }
}

#[component]
fn Conditions(conditions: Vec<Condition>) -> impl IntoView {
    let line = |condition: Condition| {
        let since = format::minute(&condition.last_transition_time.to_string());
        view! {
            <tr>
                <th scope="row">{condition.kind}</th>
                <td>{condition.status}</td>
                <td>{condition.reason}</td>
                <td class="table-prose">{condition.message}</td>
                <td class="table-time">{since}</td>
            </tr>
        }
    };
    (!conditions.is_empty()).then(|| {
        view! {
            <Panel title="Conditions">
                <div class="table-scroll" role="region" aria-label="Conditions" tabindex="0">
                    <table class="table">
                        <thead>
                            <tr>
                                <th scope="col">"Condition"</th>
                                <th scope="col">"Status"</th>
                                <th scope="col">"Reason"</th>
                                <th scope="col">"Message"</th>
                                <th scope="col">"Since (UTC)"</th>
                            </tr>
                        </thead>
                        <tbody>{conditions.into_iter().map(line).collect_view()}</tbody>
                    </table>
                </div>
            </Panel>
        }
    })
}

/// The settings that hold, written or not.
fn configuration(agent: &Agent) -> Vec<(&'static str, Fact)> {
    let spec = &agent.spec;
    let config = spec.config.as_ref();
    let memory = config.and_then(|config| config.memory.as_ref());
    let usual = MemoryConfig::default();
    let network = spec.agent_network.as_ref();
    let yes_no = |yes: bool| if yes { "yes" } else { "no" };
    let endpoint = agent
        .status
        .as_ref()
        .and_then(|status| status.endpoint.clone());
    vec![
        (
            "Endpoint",
            Fact::Set(endpoint.unwrap_or_else(|| "none yet".to_owned())),
        ),
        ("Model", Fact::Set(spec.model.clone())),
        (
            "Max steps",
            Fact::of(config.and_then(|config| config.reasoning_loop_max_steps), 5),
        ),
        (
            "Exposed",
            Fact::of(
                network.and_then(|network| network.expose).map(yes_no),
                "yes",
            ),
        ),
        (
            "Waits for dependencies",
            Fact::of(spec.wait_for_dependencies.map(yes_no), "yes"),
        ),
        (
            "Memory",
            Fact::of(
                memory.map(|memory| yes_no(memory.enabled)),
                yes_no(usual.enabled),
            ),
        ),
        (
            "Messages given to the model",
            Fact::of(
                memory.map(|memory| memory.context_limit),
                usual.context_limit,
            ),
        ),
        (
            "Sessions kept",
            Fact::of(memory.map(|memory| memory.max_sessions), usual.max_sessions),
        ),
        (
            "Events kept per session",
            Fact::of(
                memory.map(|memory| memory.max_session_events),
                usual.max_session_events,
            ),
        ),
    ]
}
