//! Where things run: pods, where there is a cluster.

use leptos::prelude::*;
use serde_json::Value;

use super::{
    params::{namespace, now, ports},
    resource::{head::Page, tab::tab},
};
use crate::{
    components::{
        instead::{Instead, Why},
        page_head::PageHead,
        status_mark::{Mark, StatusMark},
        table::{Heading, Table},
    },
    format,
    frame::{Crumb, Frame, Section, loaded},
    kinds::Kind,
    rows::text,
    site::kubernetes,
    untrusted::visible,
};

/// `/ns/{ns}/pods`.
#[component]
pub(crate) fn PodsPage() -> impl IntoView {
    let (ports, namespace) = (ports(), namespace());
    let found = async move { kubernetes::pods(&ports.kube, &namespace).await };
    view! {
        <Frame section=Section::Pods title="Pods" crumbs=vec![Crumb::here("pods")]>
            <PageHead title="Pods" />
            {loaded("Pods", found, |pods| view_of(pods, "Pods"))}
        </Frame>
    }
}

/// `/ns/{ns}/{plural}/{name}/pods`.
#[component]
pub(crate) fn PodsOfPage(kind: Kind, name: String) -> impl IntoView {
    tab(
        (kind, name, Page::Pods),
        |ports, about| async move {
            let pods = kubernetes::pods(&ports.kube, &about.id.namespace).await?;
            let label = match about.kind {
                Kind::Agent => "agent",
                Kind::McpServer => "mcpserver",
                Kind::ModelApi => "modelapi",
                Kind::Secret => "secret",
            };
            let is_of = |pod: &Value| pod["metadata"]["labels"][label] == about.id.name;
            Ok(pods.map(|pods| pods.into_iter().filter(is_of).collect()))
        },
        |about, pods| view_of(pods, &format!("Pods of {}", about.id.name)),
    )
}

fn view_of(pods: Option<Vec<Value>>, label: &str) -> AnyView {
    match pods {
        None => view! {
            <Instead why=Why::Empty { title: "There are no pods here".to_owned() }>
                <p>
                    "This KAOS runs without a cluster: agents and model APIs are tasks of this one \
                     program, MCP servers are processes it starts. Pods, their logs and their restarts \
                     are shown where KAOS runs on a Kubernetes cluster."
                </p>
            </Instead>
        }
        .into_any(),
        Some(pods) if pods.is_empty() => view! {
            <Instead why=Why::Empty { title: "No pods yet".to_owned() }>
                <p>"They appear as soon as the operator has started something."</p>
            </Instead>
        }
        .into_any(),
        Some(pods) => table(&pods, label),
    }
}

fn table(pods: &[Value], label: &str) -> AnyView {
    let headings = [
        Heading::Words("Status"),
        Heading::Words("Name"),
        Heading::Number("Ready"),
        Heading::Number("Restarts"),
        Heading::Words("Node"),
        Heading::Words("Age"),
    ];
    let lines = pods.iter().map(line).collect_view();
    view! {
        <Table label=label.to_owned() headings>
            {lines}
        </Table>
    }
    .into_any()
}

fn line(pod: &Value) -> impl IntoView + use<> {
    let containers = pod["status"]["containerStatuses"].as_array();
    let containers = containers.map(Vec::as_slice).unwrap_or_default();
    let n_ready = containers
        .iter()
        .filter(|container| container["ready"] == true)
        .count();
    let restarts: u64 = containers
        .iter()
        .filter_map(|container| container["restartCount"].as_u64())
        .sum();
    let waits = containers
        .iter()
        .find_map(|container| container["state"]["waiting"]["reason"].as_str());
    let phase = text(pod, "/status/phase");
    let mark = match (phase.as_str(), waits, n_ready == containers.len()) {
        ("Failed", ..) => Mark::Failed,
        (_, Some(_), _) => Mark::Degraded,
        ("Running" | "Succeeded", None, true) => Mark::Ready,
        _ => Mark::Pending,
    };
    let word = waits.map_or(phase, ToOwned::to_owned);
    let created = text(pod, "/metadata/creationTimestamp");
    let age = created.parse::<jiff::Timestamp>().ok();
    let age = age.map(|time| format::ago(now().as_second().saturating_sub(time.as_second())));
    view! {
        <tr>
            <td>
                <StatusMark mark word />
            </td>
            <th scope="row">{visible(&text(pod, "/metadata/name")).into_owned()}</th>
            <td class="table-number">{format!("{n_ready}/{}", containers.len())}</td>
            <td class="table-number">{restarts}</td>
            <td>{text(pod, "/spec/nodeName")}</td>
            <td>
                <time datetime=created>{age}</time>
            </td>
        </tr>
    }
}
