//! Who one is to the Kubernetes API, and what one may do.

use k8s_openapi::api::authentication::v1::UserInfo;
use leptos::prelude::*;

use super::params::{ports, query_param, visitor};
use crate::{
    components::{
        facts::{Fact, Facts},
        filter_form::{FilterForm, FilterSelect},
        instead::{Instead, Why},
        page_head::{PageHead, Panel},
        status_mark::{Mark, StatusMark},
        table::{Heading, Table},
    },
    frame::{Crumb, Frame, Section, loaded},
    kinds::ALL_NAMESPACES,
    site::{
        Failure,
        access::{Access, Rules, access},
        kubernetes,
    },
    untrusted::visible,
};

const VERBS: [&str; 6] = ["get", "list", "watch", "create", "patch", "delete"];
/// Group and plural of what pages read and write.
const RESOURCES: [(&str, &str); 8] = [
    ("kaos.tools", "agents"),
    ("kaos.tools", "mcpservers"),
    ("kaos.tools", "modelapis"),
    ("", "secrets"),
    ("", "configmaps"),
    ("", "pods"),
    ("", "events"),
    ("", "namespaces"),
];

/// `/access?namespace=`.
#[component]
pub(crate) fn AccessPage() -> impl IntoView {
    let client = ports().kube;
    let asked = query_param("namespace").or(visitor().namespace);
    let found = async move {
        // Who may not list namespaces can still ask about one by its name.
        let names = kubernetes::namespaces(&client).await;
        let first = names.as_ref().ok().and_then(|names| names.first().cloned());
        let namespace = asked
            .filter(|name| name != ALL_NAMESPACES)
            .or(first)
            .unwrap_or_else(|| "default".to_owned());
        let access = access(&client, &namespace).await?;
        Ok((namespace, names, access))
    };
    view! {
        <Frame section=Section::Aside title="Access" crumbs=vec![Crumb::here("access")]>
            <PageHead title="Access" />
            {loaded("Access", found, |(namespace, names, access)| match access {
                Some(access) => reviewed(&namespace, names, access),
                None => open(names),
            })}
        </Frame>
    }
}

/// What there is without access reviews, said plainly.
fn open(names: Result<Vec<String>, Failure>) -> AnyView {
    let names = match names {
        Ok(names) => view! { <p class="panel-note">{names.join(", ")}</p> }.into_any(),
        Err(failure) => view! { <Instead why=failure.why("Namespaces") /> }.into_any(),
    };
    view! {
        <Panel title="Who am I">
            <Instead why=Why::Empty { title: "Nobody signs in here".to_owned() }>
                <p>
                    "This KAOS brings its own Kubernetes API, which knows no users: it has no access \
                     reviews (authorization.k8s.io). Whoever reaches its address may read and change \
                     everything. It listens on this machine only, unless its address was set \
                     otherwise, and refuses requests that other web sites make a browser send."
                </p>
                <p>
                    "On a cluster this page shows the identity that the cluster's API sees, and what \
                     its roles allow."
                </p>
            </Instead>
        </Panel>
        <Panel title="Namespaces">{names}</Panel>
    }
    .into_any()
}

fn reviewed(namespace: &str, names: Result<Vec<String>, Failure>, access: Access) -> AnyView {
    let Access { user, rules } = access;
    let choice = match names {
        Ok(names) => {
            let chosen = namespace.to_owned();
            let options = names.into_iter().map(|name| (name.clone(), name)).collect();
            view! {
                <FilterForm label="Choose a namespace">
                    <FilterSelect name="namespace" label="Namespace" chosen options />
                </FilterForm>
            }
            .into_any()
        }
        Err(failure) => view! { <Instead why=failure.why("The list of namespaces") /> }.into_any(),
    };
    let incomplete = rules.incomplete.clone().map(|message| {
        let what = "Part of what is allowed".to_owned();
        view! { <Instead why=Why::Partial { what, message } /> }
    });
    let (identity, matrix) = (identity(&user), matrix(namespace, &rules));
    view! {
        <Panel title="Who am I">{identity}</Panel>
        <Panel title=format!("What is allowed in {namespace}")>
            {choice} {incomplete} {matrix}
        </Panel>
    }
    .into_any()
}

fn identity(user: &UserInfo) -> AnyView {
    let or_none = |text: String| match text.as_str() {
        "" => "not told".to_owned(),
        text => visible(text).into_owned(),
    };
    let name = or_none(user.username.clone().unwrap_or_default());
    let groups = or_none(user.groups.clone().unwrap_or_default().join(", "));
    let facts = vec![("Name", Fact::Set(name)), ("Groups", Fact::Set(groups))];
    view! {
        <Facts facts />
        <p class="panel-note">
            "As the Kubernetes API sees the dashboard. All who open it act as this user: the dashboard \
             has no sign-in of its own yet."
        </p>
    }
    .into_any()
}

/// Verb by resource; where there is a no, the command that shows why.
fn matrix(namespace: &str, rules: &Rules) -> AnyView {
    let headings: Vec<_> = [Heading::Words("Resource")]
        .into_iter()
        .chain(VERBS.map(Heading::Words))
        .collect();
    let line = |(group, resource): (&str, &'static str)| {
        let cell = |verb: &&'static str| {
            let (mark, word) = if rules.allow(verb, group, resource) {
                (Mark::Ready, "yes")
            } else {
                (Mark::Cancelled, "no")
            };
            view! {
                <td data-verb=*verb>
                    <StatusMark mark word />
                </td>
            }
        };
        view! {
            <tr data-resource=resource>
                <th scope="row">{resource}</th>
                {VERBS.iter().map(cell).collect_view()}
            </tr>
        }
    };
    let command = format!("kubectl auth can-i delete agents.kaos.tools -n {namespace}");
    let lines = RESOURCES.map(line).into_iter().collect_view();
    view! {
        <Table label="What is allowed" headings>
            {lines}
        </Table>
        <p class="panel-note">
            "Why not? The cluster's roles decide. The same in a terminal: " <code>{command}</code>
        </p>
    }
    .into_any()
}
