//! What stands around every page: header, navigation, the notice.

mod loaded;
mod namespace_switch;
mod theme_switch;

pub(crate) use loaded::loaded;
pub(crate) use theme_switch::CsrfField;

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::{
        icon::{Icon, Symbol},
        live_state::LiveState,
    },
    pages::params::{namespace, ports},
};
use namespace_switch::NamespaceSwitch;
use theme_switch::ThemeSwitch;

/// The part of the dashboard a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// How things are.
    Overview,
    /// The agents and all about one.
    Agents,
    /// What happened.
    Traces,
}

impl Section {
    const ALL: [Self; 3] = [Self::Overview, Self::Agents, Self::Traces];

    fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Agents => "Agents",
            Self::Traces => "Traces",
        }
    }

    fn symbol(self) -> Symbol {
        match self {
            Self::Overview => Symbol::Overview,
            Self::Agents => Symbol::Agents,
            Self::Traces => Symbol::Traces,
        }
    }

    /// The section's page of one namespace.
    pub(crate) fn href(self, namespace: &str) -> String {
        match self {
            Self::Overview => format!("/ns/{namespace}"),
            Self::Agents => format!("/ns/{namespace}/agents"),
            Self::Traces => format!("/ns/{namespace}/traces"),
        }
    }
}

/// One step of the breadcrumb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Crumb {
    label: String,
    href: Option<String>,
}

impl Crumb {
    /// A step that leads back.
    pub(crate) fn link(label: impl Into<String>, href: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            href: Some(href.into()),
        }
    }

    /// The page itself.
    pub(crate) fn here(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            href: None,
        }
    }
}

/// Header, navigation and notice around the `main` of a page. The page draws its own `h1`.
#[component]
pub(crate) fn Frame(
    /// What is marked in the navigation.
    section: Section,
    /// First part of the document's title, the same as the page's `h1`.
    #[prop(into)]
    title: String,
    /// The way here, from the namespace on.
    #[prop(default = Vec::new())]
    crumbs: Vec<Crumb>,
    children: Children,
) -> impl IntoView {
    let namespace = namespace();
    view! {
        <Title text=format!("{title} · KAOS") />
        <a class="skip-link" href="#main">
            "Skip to the content"
        </a>
        <header class="header">
            <a class="header-mark" href=Section::Overview.href(&namespace) aria-label="KAOS">
                <Icon symbol=Symbol::Mark />
            </a>
            <NamespaceSwitch section namespace=namespace.clone() />
            <Breadcrumb crumbs />
            <span class="header-space"></span>
            <LiveState />
            <ThemeSwitch />
        </header>
        <Rail section namespace />
        <main id="main" class="main" tabindex="-1">
            {ports()
                .notice
                .map(|notice| {
                    view! {
                        <p class="notice">
                            <Icon symbol=Symbol::Info />
                            <span>{notice}</span>
                        </p>
                    }
                })}
            {children()}
        </main>
    }
}

#[component]
fn Rail(section: Section, namespace: String) -> impl IntoView {
    let item = |target: Section| {
        view! {
            <li>
                <a
                    class="rail-item"
                    href=target.href(&namespace)
                    aria-current=(target == section).then_some("page")
                >
                    <Icon symbol=target.symbol() />
                    <span>{target.label()}</span>
                </a>
            </li>
        }
    };
    view! {
        <nav class="rail" aria-label="Pages">
            <ul>{Section::ALL.map(item).collect_view()}</ul>
        </nav>
    }
}

#[component]
fn Breadcrumb(crumbs: Vec<Crumb>) -> impl IntoView {
    let step = |Crumb { label, href }: Crumb| match href {
        Some(href) => view! {
            <li>
                <a href=href>{label}</a>
            </li>
        }
        .into_any(),
        None => view! {
            <li>
                <span aria-current="page">{label}</span>
            </li>
        }
        .into_any(),
    };
    (!crumbs.is_empty()).then(|| {
        view! {
            <nav class="breadcrumb" aria-label="Breadcrumb">
                <ol>{crumbs.into_iter().map(step).collect_view()}</ol>
            </nav>
        }
    })
}
