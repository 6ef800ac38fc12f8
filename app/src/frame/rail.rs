//! The navigation: a rail at the side, and on a phone a bar at the bottom.

use leptos::prelude::*;

use super::{
    CsrfField,
    account::Back,
    section::{GROUPS, Section},
};
use crate::{
    components::icon::{Icon, Symbol},
    kinds::Kind,
    pages::params::visitor,
    site::{Navigation, Preference},
};

/// The sections a phone has room for.
const BAR: [Section; 4] = [
    Section::Overview,
    Section::Resources(Kind::Agent),
    Section::Sessions,
    Section::Traces,
];
const SHEET: &str = "navigation-sheet";

/// Links to all sections, in groups, and the switch of its own width.
#[component]
pub(super) fn Rail(section: Section, namespace: String) -> impl IntoView {
    view! {
        <nav class="rail" aria-label="Pages">
            {groups(section, &namespace, Keys::Named)} <WidthSwitch />
        </nav>
    }
    .into_any()
}

/// The same on a phone: four sections, and all of them behind the last button.
#[component]
pub(super) fn Bar(section: Section, namespace: String) -> impl IntoView {
    let items = BAR.map(|target| item(target, section, &namespace, Keys::Unnamed));
    view! {
        <nav class="bar" aria-label="Main pages">
            <ul>
                {items.into_iter().collect_view()} <li>
                    <button class="rail-item" type="button" popovertarget=SHEET>
                        <Icon symbol=Symbol::More />
                        <span class="rail-word">"More"</span>
                    </button>
                </li>
            </ul>
        </nav>
        <nav id=SHEET class="sheet" popover="auto" aria-label="All pages">
            {groups(section, &namespace, Keys::Unnamed)}
        </nav>
    }
    .into_any()
}

/// Whether a link is found by its keys; only one of the two navigations may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    Named,
    Unnamed,
}

fn groups(section: Section, namespace: &str, keys: Keys) -> Vec<AnyView> {
    let group = |(word, sections): &(&'static str, &[Section])| {
        let items = sections
            .iter()
            .map(|target| item(*target, section, namespace, keys));
        view! {
            <p class="rail-group">{*word}</p>
            <ul>{items.collect_view()}</ul>
        }
        .into_any()
    };
    GROUPS.iter().map(group).collect()
}

fn item(target: Section, section: Section, namespace: &str, keys: Keys) -> AnyView {
    let keys = target.keys().filter(|_| keys == Keys::Named);
    view! {
        <li>
            <a
                class="rail-item"
                href=target.href(namespace)
                title=target.label()
                aria-current=(target == section).then_some("page")
                data-keys=keys
            >
                <Icon symbol=target.symbol() />
                <span class="rail-word">{target.label()}</span>
            </a>
        </li>
    }
    .into_any()
}

#[component]
fn WidthSwitch() -> impl IntoView {
    let (next, label) = match visitor().navigation {
        Navigation::Narrow => (Navigation::Wide, "Show the words of the navigation"),
        Navigation::Auto | Navigation::Wide => (Navigation::Narrow, "Show icons only"),
    };
    view! {
        <form class="rail-switch" method="post" action="/preferences">
            <CsrfField />
            <Back />
            <input type="hidden" name=Navigation::COOKIE value=next.as_str() />
            <button class="rail-item" type="submit" title=label data-keys="[">
                <Icon symbol=Symbol::Rail />
                <span class="visually-hidden">{label}</span>
            </button>
        </form>
    }
    .into_any()
}
