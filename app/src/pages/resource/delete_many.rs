//! Asks before several resources are deleted at once.

use leptos::prelude::*;

use super::delete::DependantList;
use crate::{
    components::{
        button::{LinkButton, SubmitButton, Weight},
        instead::{Instead, Why},
        page_head::PageHead,
    },
    format,
    frame::{Crumb, CsrfField, Frame, Section, loaded},
    kinds::Kind,
    pages::params::{namespace, ports, query},
    rows::Id,
    site::{
        Failure, Ports,
        dependants::{self, Dependant},
        ids_of,
    },
};

/// `/ns/{ns}/{plural}/_delete?select={namespace}/{name}&…`.
#[component]
pub(crate) fn DeleteManyPage(kind: Kind) -> impl IntoView {
    let (ports, namespace) = (ports(), namespace());
    let values = query().into_iter().filter(|(name, _)| name == "select");
    let chosen = ids_of(&values.map(|(_, value)| value).collect::<Vec<_>>());
    let list = kind.list_href(&namespace);
    let crumbs = vec![Crumb::link(kind.nouns(), &list), Crumb::here("delete")];
    let title = format!(
        "Delete {}",
        format::counted(chosen.len() as u64, kind.noun(), kind.nouns())
    );
    let found = {
        let chosen = chosen.clone();
        async move { load(&ports, kind, &chosen).await }
    };
    view! {
        <Frame section=Section::Resources(kind) title=title.clone() crumbs>
            <PageHead title=title.clone() />
            {loaded("The question", found, move |dependants| {
                if chosen.is_empty() {
                    nothing(list)
                } else {
                    question(kind, (title, list), chosen, dependants)
                }
            })}
        </Frame>
    }
}

/// Who depends on them and is not among them, by namespace.
async fn load(
    ports: &Ports,
    kind: Kind,
    chosen: &[Id],
) -> Result<Vec<(String, Vec<Dependant>)>, Failure> {
    let mut namespaces: Vec<_> = chosen.iter().map(|id| id.namespace.clone()).collect();
    namespaces.sort();
    namespaces.dedup();
    let mut found = Vec::new();
    for namespace in namespaces {
        let of_namespace = chosen.iter().filter(|id| id.namespace == namespace);
        let names: Vec<_> = of_namespace.map(|id| id.name.clone()).collect();
        let dependants = dependants::dependants(&ports.kube, kind, &namespace, &names).await?;
        if !dependants.is_empty() {
            found.push((namespace, dependants));
        }
    }
    Ok(found)
}

fn nothing(list: String) -> AnyView {
    view! {
        <Instead why=Why::Empty { title: "Nothing is selected".to_owned() }>
            <a href=list>"Back to the list"</a>
        </Instead>
    }
    .into_any()
}

fn question(
    kind: Kind,
    (title, list): (String, String),
    chosen: Vec<Id>,
    dependants: Vec<(String, Vec<Dependant>)>,
) -> AnyView {
    let line = |id: Id| {
        let value = format!("{}/{}", id.namespace, id.name);
        view! {
            <li>
                <input type="hidden" name="select" value=value.clone() />
                <a href=kind.href(&id.namespace, &id.name)>{value.clone()}</a>
            </li>
        }
    };
    let are_used = !dependants.is_empty();
    let used = dependants.into_iter().map(|(namespace, dependants)| {
        view! { <DependantList kind namespace dependants /> }
    });
    let used = used.collect_view();
    view! {
        <form class="prose" method="post">
            <CsrfField />
            <ul class="dependants">{chosen.into_iter().map(line).collect_view()}</ul>
            {are_used
                .then(|| view! { <p>"Others depend on them and will stop working as they should:"</p> })}
            {used}
            <p>"This cannot be undone."</p>
            <div class="form-actions">
                <SubmitButton weight=Weight::Danger>{title}</SubmitButton>
                <LinkButton href=list>"Cancel"</LinkButton>
            </div>
        </form>
    }
    .into_any()
}
