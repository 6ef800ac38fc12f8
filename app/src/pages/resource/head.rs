//! Heading, state, actions and tabs of a resource's pages.

use leptos::prelude::*;

use crate::{
    components::{
        button::{LinkButton, Weight},
        icon::Symbol,
        live_status::LiveStatus,
        menu::{Menu, MenuFace},
        page_head::{Actions, PageHead},
        tabs::{Tab, Tabs},
    },
    frame::{Crumb, Section},
    kinds::Kind,
    rows::State,
};

/// The page of a resource that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    Overview,
    Chat,
    Runs,
    Memory,
    Tasks,
    Tools,
    Debug,
    Pods,
    Events,
    Yaml,
}

impl Page {
    /// The pages a kind has.
    fn of(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::Agent => &[
                Self::Overview,
                Self::Chat,
                Self::Runs,
                Self::Memory,
                Self::Tasks,
                Self::Pods,
                Self::Events,
                Self::Yaml,
            ],
            Kind::McpServer => &[
                Self::Overview,
                Self::Tools,
                Self::Pods,
                Self::Events,
                Self::Yaml,
            ],
            Kind::ModelApi => &[
                Self::Overview,
                Self::Debug,
                Self::Pods,
                Self::Events,
                Self::Yaml,
            ],
            Kind::Secret => &[Self::Overview, Self::Yaml],
        }
    }

    /// Its word among the tabs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Chat => "Chat",
            Self::Runs => "Runs",
            Self::Memory => "Memory",
            Self::Tasks => "Tasks",
            Self::Tools => "Tools",
            Self::Debug => "Try it",
            Self::Pods => "Pods",
            Self::Events => "Events",
            Self::Yaml => "YAML",
        }
    }

    /// Its part of the address, and its step of the breadcrumb.
    pub(crate) fn crumb(self) -> &'static str {
        match self {
            Self::Overview => "",
            Self::Chat => "chat",
            Self::Runs => "runs",
            Self::Memory => "memory",
            Self::Tasks => "tasks",
            Self::Tools => "tools",
            Self::Debug => "debug",
            Self::Pods => "pods",
            Self::Events => "events",
            Self::Yaml => "yaml",
        }
    }

    /// The page's address.
    pub(crate) fn href(self, kind: Kind, namespace: &str, name: &str) -> String {
        match self {
            Self::Overview => kind.href(namespace, name),
            page => format!("{}/{}", kind.href(namespace, name), page.crumb()),
        }
    }
}

/// The way to a resource's page; `here` is the page's own step, if it has one.
pub(crate) fn crumbs(kind: Kind, namespace: &str, name: &str, here: Option<&str>) -> Vec<Crumb> {
    let list = Section::Resources(kind).href(namespace);
    let mut crumbs = vec![Crumb::link(kind.nouns(), list)];
    match here {
        Some(here) => crumbs.extend([
            Crumb::link(name, kind.href(namespace, name)),
            Crumb::here(here),
        ]),
        None => crumbs.push(Crumb::here(name)),
    }
    crumbs
}

/// Heading, state that follows changes, actions and tabs.
#[component]
pub(crate) fn ResourceHead(
    kind: Kind,
    namespace: String,
    name: String,
    state: State,
    page: Page,
) -> impl IntoView {
    let tab = |page: &Page| Tab::new(page.word(), page.href(kind, &namespace, &name));
    let tabs = Page::of(kind).iter().map(tab).collect();
    let label = format!("{} {name}", kind.noun());
    let primary = match kind {
        Kind::Agent => Some(("Chat", Page::Chat)),
        Kind::McpServer => Some(("Call a tool", Page::Tools)),
        Kind::ModelApi => Some(("Try a model", Page::Debug)),
        Kind::Secret => None,
    };
    let primary = primary.map(|(word, page)| {
        let href = page.href(kind, &namespace, &name);
        view! {
            <LinkButton href weight=Weight::Primary>
                {word}
            </LinkButton>
        }
    });
    let edit = format!("{}/edit", kind.href(&namespace, &name));
    let menu = view! { <MoreMenu kind namespace=namespace.clone() name=name.clone() /> };
    view! {
        <PageHead title=name.clone()>
            {(kind != Kind::Secret)
                .then(|| view! { <LiveStatus kind namespace name state=Some(state) /> })}
            <Actions>{primary} <LinkButton href=edit>"Edit"</LinkButton> {menu}</Actions>
        </PageHead>
        <Tabs label tabs current=page.word() />
    }
}

/// What is done seldom.
#[component]
fn MoreMenu(kind: Kind, namespace: String, name: String) -> impl IntoView {
    let href = kind.href(&namespace, &name);
    let duplicate = (kind != Kind::Secret).then(|| {
        let copy = format!("{}?from={name}", kind.new_href(&namespace));
        view! {
            <li>
                <a class="menu-item" href=copy>
                    "Duplicate"
                </a>
            </li>
        }
    });
    view! {
        <Menu id="more" face=MenuFace::icon(Symbol::More, "More actions")>
            <ul class="menu-items">
                {duplicate}
                <li>
                    <a class="menu-item menu-item--danger" href=format!("{href}/delete")>
                        {format!("Delete {}", kind.noun())}
                    </a>
                </li>
            </ul>
        </Menu>
    }
}

/// Says that a resource does not exist.
pub(crate) fn missing(kind: Kind, namespace: &str, name: &str) -> impl IntoView + use<> {
    let (namespace, name) = (namespace.to_owned(), name.to_owned());
    let noun = kind.noun();
    view! {
        <PageHead title=format!("There is no {noun} {name}") />
        <div class="prose">
            <p>
                "Namespace " <strong>{namespace.clone()}</strong>
                {format!(" has no {noun} of this name. It may have been deleted, or it is in another namespace.")}
            </p>
            <LinkButton href=kind.list_href(&namespace) weight=Weight::Primary>
                {format!("All {} of {namespace}", kind.nouns())}
            </LinkButton>
        </div>
    }
}
