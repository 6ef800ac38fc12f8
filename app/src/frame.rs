//! What stands around every page: header, navigation, notices, and the layers above it.

mod account;
mod bell;
mod create;
mod loaded;
mod namespace_switch;
mod rail;
mod section;
mod shortcuts;
mod toasts;

pub(crate) use account::{Back, Choice};
pub(crate) use loaded::{failed, loaded};
pub(crate) use namespace_switch::name_of;
pub(crate) use section::Section;
pub(crate) use shortcuts::KeyList;

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::{
        icon::{Icon, Symbol},
        keys::Keys,
        live_state::LiveState,
        palette::Palette,
    },
    pages::params::{namespace, ports, visitor},
    site::{CsrfToken, Shortcuts},
};
use account::AccountMenu;
use bell::Bell;
use create::CreateMenu;
use namespace_switch::NamespaceSwitch;
use rail::{Bar, Rail};
use shortcuts::ShortcutsDialog;
use toasts::Toasts;

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
    let single_keys = visitor().shortcuts == Shortcuts::On;
    // Without their types, or the type of the page would be as large as the page.
    let header = view! { <Header section namespace=namespace.clone() crumbs /> }.into_any();
    let rail = view! { <Rail section namespace=namespace.clone() /> }.into_any();
    let around = view! {
        <Bar section namespace />
        <ShortcutsDialog />
        <Toasts />
        <Keys single_keys />
    }
    .into_any();
    view! {
        <Title text=format!("{title} · KAOS") />
        <a class="skip-link" href="#main">
            "Skip to the content"
        </a>
        {header}
        {rail}
        <main id="main" class="main" tabindex="-1">
            <Notice />
            {children()}
        </main>
        {around}
    }
    .into_any()
}

#[component]
fn Header(section: Section, namespace: String, crumbs: Vec<Crumb>) -> impl IntoView {
    view! {
        <header class="header">
            <a class="header-mark" href=Section::Overview.href(&namespace) aria-label="KAOS">
                <Icon symbol=Symbol::Mark />
            </a>
            <NamespaceSwitch section namespace=namespace.clone() />
            <Breadcrumb crumbs />
            <span class="header-space"></span>
            <Palette namespace=namespace.clone() />
            <CreateMenu namespace=namespace.clone() />
            <Bell namespace />
            <LiveState />
            <AccountMenu />
        </header>
    }
    .into_any()
}

/// The one sentence that the program says on every page.
#[component]
fn Notice() -> impl IntoView {
    ports().notice.map(|notice| {
        view! {
            <p class="notice">
                <Icon symbol=Symbol::Info />
                <span>{notice}</span>
            </p>
        }
    })
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

/// The hidden field every posted form carries.
#[component]
pub(crate) fn CsrfField() -> impl IntoView {
    let token = expect_context::<CsrfToken>();
    view! { <input type="hidden" name=CsrfToken::FIELD value=token.value().to_owned() /> }
}
