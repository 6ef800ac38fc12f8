//! All namespaces: what is in each, a new one, and the end of one.

use std::collections::BTreeMap;

use futures::try_join;
use leptos::prelude::*;
use serde_json::Value;

use super::params::ports;
use crate::{
    components::{
        button::{LinkButton, SubmitButton, Weight},
        field::{Control, Field, Need, Notes},
        page_head::{PageHead, Panel},
        table::{Heading, Table},
    },
    frame::{Crumb, CsrfField, Frame, Section, loaded},
    kinds::{ALL_NAMESPACES, Kind},
    rows::namespace,
    site::{Failure, NamespaceForm, Ports, kubernetes},
};

/// `/namespaces`.
#[component]
pub(crate) fn NamespacesPage() -> impl IntoView {
    let ports = ports();
    let form = use_context::<NamespaceForm>();
    let found = async move { load(&ports).await };
    view! {
        <Frame section=Section::Aside title="Namespaces" crumbs=vec![Crumb::here("namespaces")]>
            <PageHead title="Namespaces" />
            {loaded("Namespaces", found, table)}
            <Panel title="New namespace">
                <form class="panel-body narrow-form" method="post" novalidate>
                    <CsrfField />
                    {name_field("name", "Name", form)}
                    <SubmitButton weight=Weight::Primary>"Create namespace"</SubmitButton>
                </form>
            </Panel>
        </Frame>
    }
}

fn name_field(id: &'static str, label: &'static str, form: Option<NamespaceForm>) -> AnyView {
    let (value, error) = form.map(|form| (form.name, form.error)).unwrap_or_default();
    let notes = Notes {
        hint: "Lower-case letters, digits and hyphens, at most 63.".to_owned(),
        error,
    };
    let control = Control::line();
    view! { <Field id label need=Need::Required control value notes /> }.into_any()
}

/// How many objects of each of our kinds a namespace has.
type Counts = BTreeMap<String, [usize; 3]>;

async fn load(ports: &Ports) -> Result<Counts, Failure> {
    let kube = &ports.kube;
    let (names, agents, servers, apis) = try_join!(
        kubernetes::namespaces(kube),
        kubernetes::objects(kube, Kind::Agent, ALL_NAMESPACES),
        kubernetes::objects(kube, Kind::McpServer, ALL_NAMESPACES),
        kubernetes::objects(kube, Kind::ModelApi, ALL_NAMESPACES),
    )?;
    let mut counts: Counts = names.into_iter().map(|name| (name, [0; 3])).collect();
    let lists: [&[Value]; 3] = [&agents, &servers, &apis];
    for (place, objects) in lists.into_iter().enumerate() {
        for name in objects.iter().filter_map(namespace) {
            counts.entry(name).or_default()[place] += 1;
        }
    }
    Ok(counts)
}

fn table(counts: Counts) -> AnyView {
    let line = |(name, counts): (String, [usize; 3])| {
        let count = |(place, count): (usize, usize)| {
            let href = Kind::OWN[place].list_href(&name);
            view! {
                <td class="table-number">
                    <a href=href>{count}</a>
                </td>
            }
        };
        let counts = counts.into_iter().enumerate().map(count).collect_view();
        let delete = format!("/namespaces/{name}/delete");
        view! {
            <tr>
                <th scope="row">
                    <a href=format!("/ns/{name}")>{name.clone()}</a>
                </th>
                {counts}
                <td>
                    <a href=delete aria-label=format!("Delete namespace {name}")>
                        "Delete"
                    </a>
                </td>
            </tr>
        }
    };
    let headings: Vec<_> = [Heading::Words("Name")]
        .into_iter()
        .chain(Kind::OWN.map(|kind| Heading::Number(kind.heading())))
        .chain([Heading::Unseen("Actions")])
        .collect();
    let lines = counts.into_iter().map(line).collect_view();
    view! {
        <Table label="Namespaces" headings>
            {lines}
        </Table>
    }
    .into_any()
}

/// `/namespaces/{name}/delete`.
#[component]
pub(crate) fn DeleteNamespacePage(name: String) -> impl IntoView {
    let ports = ports();
    let title = format!("Delete namespace {name}");
    let crumbs = vec![
        Crumb::link("namespaces", "/namespaces"),
        Crumb::here("delete"),
    ];
    let error = use_context::<NamespaceForm>().map(|form| form.error);
    let counts = async move { load(&ports).await };
    view! {
        <Frame section=Section::Aside title=title.clone() crumbs>
            <PageHead title=title.clone() />
            {loaded("The question", counts, move |counts| {
                let [agents, servers, apis] = counts.get(&name).copied().unwrap_or_default();
                let notes = Notes {
                    hint: String::new(),
                    error: error.unwrap_or_default(),
                };
                view! {
                    <form class="prose" method="post">
                        <CsrfField />
                        <p>
                            {format!(
                                "Everything in it is deleted: {agents} agents, {servers} MCP servers, {apis} \
                                 model APIs, and all secrets. This cannot be undone.",
                            )}
                        </p>
                        <p>"Type its name, " <strong>{name}</strong> ", to delete it."</p>
                        <Field
                            id="confirm"
                            label="Name"
                            need=Need::Required
                            control=Control::line()
                            value=String::new()
                            notes
                        />
                        <div class="form-actions">
                            <SubmitButton weight=Weight::Danger>{title}</SubmitButton>
                            <LinkButton href="/namespaces">"Cancel"</LinkButton>
                        </div>
                    </form>
                }
            })}
        </Frame>
    }
}
