//! Asks before resources are deleted, and says who depends on them.

use http::StatusCode;
use leptos::prelude::*;

use super::head::{crumbs, missing};
use crate::{
    components::{
        button::{LinkButton, SubmitButton, Weight},
        field::{Control, Field, Need, Notes},
        page_head::PageHead,
    },
    frame::{CsrfField, Frame, Section, loaded},
    kinds::Kind,
    pages::params::{namespace, ports, set_status},
    site::{
        Deletion, Failure, Ports,
        dependants::{self, Dependant},
        kubernetes,
    },
};

/// `/ns/{ns}/{plural}/{name}/delete`.
#[component]
pub(crate) fn DeletePage(kind: Kind, name: String) -> impl IntoView {
    let (ports, namespace) = (ports(), namespace());
    let crumbs = crumbs(kind, &namespace, &name, Some("delete"));
    // A confirmation that was posted and not accepted comes back with what is wrong with it.
    let refused = use_context::<Deletion>();
    let found = {
        let (namespace, name) = (namespace.clone(), name.clone());
        async move { load(&ports, kind, &namespace, &name).await }
    };
    let title = format!("Delete {} {name}", kind.noun());
    view! {
        <Frame section=Section::Resources(kind) title=title.clone() crumbs>
            {loaded("The question", found, move |found| {
                if let Some(dependants) = found {
                    let question = Question { kind, namespace, name, dependants, refused };
                    view! {
                        <PageHead title />
                        {question.view()}
                    }
                        .into_any()
                } else {
                    set_status(StatusCode::NOT_FOUND);
                    missing(kind, &namespace, &name).into_any()
                }
            })}
        </Frame>
    }
}

/// Who depends on it; `None` when there is no such resource.
async fn load(
    ports: &Ports,
    kind: Kind,
    namespace: &str,
    name: &str,
) -> Result<Option<Vec<Dependant>>, Failure> {
    let kube = &ports.kube;
    if kubernetes::object(kube, kind, namespace, name)
        .await?
        .is_none()
    {
        return Ok(None);
    }
    let names = [name.to_owned()];
    dependants::dependants(kube, kind, namespace, &names)
        .await
        .map(Some)
}

struct Question {
    kind: Kind,
    namespace: String,
    name: String,
    dependants: Vec<Dependant>,
    refused: Option<Deletion>,
}

impl Question {
    fn view(self) -> AnyView {
        let Self {
            kind,
            namespace,
            name,
            dependants,
            refused,
        } = self;
        let cancel = kind.href(&namespace, &name);
        let confirm = (!dependants.is_empty()).then(|| confirmation(&name, refused));
        view! {
            <form class="prose" method="post">
                <CsrfField />
                <DependantList kind namespace dependants />
                <p>{consequence(kind)}</p>
                {confirm}
                <div class="form-actions">
                    <SubmitButton weight=Weight::Danger>
                        {format!("Delete {} {name}", kind.noun())}
                    </SubmitButton>
                    <LinkButton href=cancel>"Cancel"</LinkButton>
                </div>
            </form>
        }
        .into_any()
    }
}

/// What others depend on is deleted only by who types its name.
fn confirmation(name: &str, refused: Option<Deletion>) -> AnyView {
    let notes = Notes {
        hint: String::new(),
        error: refused
            .map(|_| format!("must be {name}"))
            .unwrap_or_default(),
    };
    let control = Control::line();
    view! {
        <p>"Others depend on it: type its name, " <strong>{name.to_owned()}</strong> ", to delete it all the same."</p>
        <Field
            id="confirm"
            label="Name"
            need=Need::Required
            control
            value=String::new()
            notes
        />
    }
    .into_any()
}

/// Everything that stops working, by name.
#[component]
pub(crate) fn DependantList(
    kind: Kind,
    namespace: String,
    dependants: Vec<Dependant>,
) -> impl IntoView {
    if dependants.is_empty() {
        return view! { <p>{format!("Nothing in {namespace} depends on this {}.", kind.noun())}</p> }
            .into_any();
    }
    let line = |dependant: Dependant| {
        let Dependant { kind, name, how } = dependant;
        view! {
            <li>
                {format!("{} ", kind.noun())}
                <a href=kind.href(&namespace, &name)>{name.clone()}</a>
                {format!(" {} it", how.verb())}
            </li>
        }
    };
    view! {
        <ul class="dependants">{dependants.into_iter().map(line).collect_view()}</ul>
    }
    .into_any()
}

fn consequence(kind: Kind) -> &'static str {
    match kind {
        Kind::Agent => {
            "It stops answering at once. What it remembers is removed; traces of its runs stay. This \
             cannot be undone."
        }
        Kind::McpServer => "Its process is stopped and its tools are gone. This cannot be undone.",
        Kind::ModelApi => "Its models cannot be asked any more. This cannot be undone.",
        Kind::Secret => "Its values are gone. This cannot be undone.",
    }
}
