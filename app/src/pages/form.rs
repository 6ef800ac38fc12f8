//! The form of a resource, for a new one and for one that is there, without scripts too.

mod choices;
mod conflict;
mod draw;

use http::StatusCode;
use leptos::prelude::*;

use super::{
    params::{namespace, ports, query, query_param, set_status},
    resource::head::{crumbs, missing},
};
use crate::{
    components::{
        button::LinkButton,
        form_checks::FormChecks,
        icon::{Icon, Symbol},
        page_head::PageHead,
    },
    forms::{self, Values},
    frame::{Crumb, CsrfField, Frame, Section, loaded},
    kinds::Kind,
    preview::{Preview, Problem},
    site::{
        Failure, Ports, kubernetes,
        resource_forms::{Draft, NewSecret, Posted, prefilled},
    },
};
use choices::Choices;

/// `/ns/{ns}/{plural}/new`, and `/ns/{ns}/{plural}/{name}/edit` with a name.
#[component]
pub(crate) fn FormPage(kind: Kind, name: Option<String>) -> impl IntoView {
    let (ports, namespace) = (ports(), namespace());
    let title = match &name {
        Some(name) => format!("Edit {} {name}", kind.noun()),
        None => format!("New {}", kind.noun()),
    };
    let crumbs = match &name {
        Some(name) => crumbs(kind, &namespace, name, Some("edit")),
        None => vec![
            Crumb::link(kind.nouns(), kind.list_href(&namespace)),
            Crumb::here("new"),
        ],
    };
    // A form that was posted and not accepted comes back with its values and errors.
    let asked = Asked {
        kind,
        namespace: namespace.clone(),
        name: name.clone(),
        from: query_param("from"),
        query: query(),
        posted: use_context::<Posted>(),
    };
    let found = async move { load(&ports, asked).await };
    view! {
        <Frame section=Section::Resources(kind) title=title.clone() crumbs>
            {loaded("The form", found, move |form| {
                if let Some(form) = form {
                    view! {
                        <PageHead title />
                        {form.view()}
                    }
                        .into_any()
                } else {
                    set_status(StatusCode::NOT_FOUND);
                    missing(kind, &namespace, &name.unwrap_or_default()).into_any()
                }
            })}
        </Frame>
    }
}

/// What the address and the request ask for.
struct Asked {
    kind: Kind,
    namespace: String,
    /// The object that is edited; none for a new one.
    name: Option<String>,
    /// The object a new one begins as a copy of.
    from: Option<String>,
    query: Vec<(String, String)>,
    posted: Option<Posted>,
}

/// Everything the page draws.
struct Form {
    kind: Kind,
    namespace: String,
    name: Option<String>,
    posted: Posted,
    choices: Choices,
    preview: Preview,
}

/// The form as it is to be filled in; `None` when the object to edit does not exist.
async fn load(ports: &Ports, asked: Asked) -> Result<Option<Form>, Failure> {
    let Asked {
        kind,
        namespace,
        name,
        from,
        query,
        posted,
    } = asked;
    let kube = &ports.kube;
    let object = async |name: &Option<String>| match name {
        Some(name) => kubernetes::object(kube, kind, &namespace, name).await,
        None => Ok(None),
    };
    let live = object(&name).await?;
    if name.is_some() && live.is_none() {
        return Ok(None);
    }
    let copied = object(&from).await?;
    let live = live.unwrap_or_else(|| forms::nothing(kind, &namespace));
    let posted = posted.unwrap_or_else(|| Posted {
        values: match name {
            Some(_) => Values::of(kind, &live),
            None => prefilled(kind, &namespace, copied.as_ref(), &query),
        },
        drawn: Values::of(kind, &live),
        new_secret: NewSecret::default(),
        problems: Vec::new(),
        conflicts: Vec::new(),
    });
    Ok(Some(Form {
        choices: Choices::load(ports, kind, &namespace, name.as_deref()).await?,
        preview: Draft::drawn(kind, &namespace, live, &posted)
            .read(ports)
            .await,
        kind,
        namespace,
        name,
        posted,
    }))
}

impl Form {
    fn view(self) -> AnyView {
        let (kind, namespace) = (self.kind, self.namespace.clone());
        let cancel = match &self.name {
            Some(name) => kind.href(&namespace, name),
            None => kind.list_href(&namespace),
        };
        let check = match &self.name {
            Some(name) => format!("{}/_check?name={name}", kind.list_href(&namespace)),
            None => format!("{}/_check", kind.list_href(&namespace)),
        };
        let drawn = self.posted.drawn.to_json();
        let sections = draw::sections(&self);
        let conflicts = conflict::view(&self.posted.conflicts);
        let summary = summary(self.kind, self.name.is_some(), &self.posted.problems);
        let buttons = buttons(kind, self.name.is_some());
        view! {
            <div class="form-page">
                <form id="resource-form" class="form" method="post" novalidate>
                    {summary} {conflicts} <CsrfField />
                    <input type="hidden" name="drawn" value=drawn />
                    {sections}
                    <div class="form-actions">
                        {buttons} <LinkButton href=cancel>"Cancel"</LinkButton>
                    </div>
                </form>
                <aside class="form-aside" aria-label="What this form would do">
                    <FormChecks check preview=self.preview />
                </aside>
            </div>
        }
        .into_any()
    }
}

/// Sends the form; the last one sends nothing but shows what would be sent.
fn buttons(kind: Kind, is_edit: bool) -> AnyView {
    let main = if is_edit {
        "Save".to_owned()
    } else {
        format!("Create {}", kind.noun())
    };
    let chat = (kind == Kind::Agent && !is_edit).then(|| {
        view! {
            <button class="button" type="submit" name="intent" value="chat">
                "Create and chat"
            </button>
        }
    });
    view! {
        <button class="button button--primary" type="submit" name="intent" value="write">
            {main}
        </button>
        {chat}
        <noscript>
            <button class="button" type="submit" name="intent" value="preview">
                "Check and preview"
            </button>
        </noscript>
    }
    .into_any()
}

/// Everything that is wrong, each with a link to its field.
fn summary(kind: Kind, is_edit: bool, problems: &[Problem]) -> Option<AnyView> {
    if problems.is_empty() {
        return None;
    }
    let line = |problem: &Problem| {
        let words = problem.words();
        let words = match &problem.field {
            Some(field) => view! { <a href=format!("#{field}")>{words}</a> }.into_any(),
            None => words.into_any(),
        };
        view! { <li>{words}</li> }
    };
    let deed = if is_edit { "saved" } else { "created" };
    let what = format!("The {} was not {deed}", kind.noun());
    Some(
        view! {
            <div id="form-problems" class="instead instead--failed" role="alert" tabindex="-1" autofocus>
                <Icon symbol=Symbol::StateFailed />
                <div class="instead-words">
                    <strong>{what}</strong>
                    <ul>{problems.iter().map(line).collect_view()}</ul>
                </div>
            </div>
        }
        .into_any(),
    )
}
