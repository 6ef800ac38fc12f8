//! The pages about one thing, as tabs. Each is a page of its own, so each is a link.

use leptos::prelude::*;

/// One tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab {
    /// Its word.
    pub word: &'static str,
    /// Its page.
    pub href: String,
    /// How many there are behind it, where that means something.
    pub count: Option<usize>,
}

impl Tab {
    /// A tab without a number.
    pub fn new(word: &'static str, href: impl Into<String>) -> Self {
        Self {
            word,
            href: href.into(),
            count: None,
        }
    }
}

/// Links to the pages of one thing; the current one is marked.
#[component]
pub fn Tabs(
    /// What the pages are about, such as "Agent analyst".
    #[prop(into)]
    label: String,
    /// All of them.
    tabs: Vec<Tab>,
    /// The word of the one that is open.
    current: &'static str,
) -> impl IntoView {
    let tab = |tab: Tab| {
        let Tab { word, href, count } = tab;
        view! {
            <li>
                <a class="tabs-tab" href=href aria-current=(word == current).then_some("page")>
                    {word}
                    {count.map(|count| view! { " " <span class="tabs-count">{count}</span> })}
                </a>
            </li>
        }
    };
    view! {
        <nav class="tabs" aria-label=label>
            <ul>{tabs.into_iter().map(tab).collect_view()}</ul>
        </nav>
    }
    .into_any()
}
