//! What Kubernetes noted about a resource.

use leptos::prelude::*;
use serde_json::Value;

use super::{head::Page, tab::tab};
use crate::{
    components::{
        instead::{Instead, Why},
        status_mark::{Mark, StatusMark},
        table::{Heading, Table},
    },
    kinds::Kind,
    pages::params::now,
    rows::text,
    site::kubernetes,
    untrusted::visible,
};

/// `/ns/{ns}/{plural}/{name}/events`.
#[component]
pub(crate) fn EventsPage(kind: Kind, name: String) -> impl IntoView {
    tab(
        (kind, name, Page::Events),
        |ports, about| async move {
            let all = kubernetes::events(&ports.kube, &about.id.namespace).await?;
            let is_about = |event: &Value| {
                text(event, "/involvedObject/kind") == about.kind.api_kind()
                    && text(event, "/involvedObject/name") == about.id.name
            };
            Ok(all.into_iter().filter(is_about).collect::<Vec<_>>())
        },
        |about, events| view_of(&about.id.name, &events),
    )
}

fn view_of(name: &str, events: &[Value]) -> AnyView {
    if events.is_empty() {
        return view! {
            <Instead why=Why::Empty { title: format!("No events of {name}") }>
                <p>
                    "Kubernetes writes events when it starts, moves or restarts something, and keeps \
                     them for an hour. KAOS itself reports in the conditions of the overview."
                </p>
            </Instead>
        }
        .into_any();
    }
    let headings = [
        Heading::Words("Type"),
        Heading::Words("Reason"),
        Heading::Words("Message"),
        Heading::Number("Count"),
        Heading::Words("Last seen"),
    ];
    let lines = events.iter().map(line).collect_view();
    view! {
        <Table label=format!("Events of {name}") headings>
            {lines}
        </Table>
    }
    .into_any()
}

fn line(event: &Value) -> impl IntoView + use<> {
    let kind = text(event, "/type");
    let mark = if kind == "Warning" {
        Mark::Degraded
    } else {
        Mark::Ready
    };
    let count = event["count"].as_u64().unwrap_or(1);
    let last = [
        "/lastTimestamp",
        "/eventTime",
        "/metadata/creationTimestamp",
    ]
    .map(|pointer| text(event, pointer));
    let last = last.into_iter().find(|time| !time.is_empty());
    let age = last.as_deref().and_then(|time| time.parse().ok());
    let age = age.map(|time: jiff::Timestamp| {
        crate::format::ago(now().as_second().saturating_sub(time.as_second()))
    });
    view! {
        <tr>
            <td>
                <StatusMark mark word=kind />
            </td>
            <td>{visible(&text(event, "/reason")).into_owned()}</td>
            <td>{visible(&text(event, "/message")).into_owned()}</td>
            <td class="table-number">{count}</td>
            <td>
                <time datetime=last>{age}</time>
            </td>
        </tr>
    }
}
