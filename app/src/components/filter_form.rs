//! A form that narrows what a page lists. It is sent as the page's own address, so that what it shows can
//! be linked to.

use leptos::prelude::*;

use super::button::SubmitButton;

/// The form; its children are its fields.
#[component]
pub fn FilterForm(
    /// What is listed.
    label: &'static str,
    /// Fields.
    children: Children,
) -> impl IntoView {
    view! {
        <form class="filter-form" method="get" role="search" aria-label=label>
            {children()}
            <SubmitButton>"Show"</SubmitButton>
        </form>
    }
    .into_any()
}

/// A field with a few values to choose from.
#[component]
pub fn FilterSelect(
    /// Its name in the address.
    name: &'static str,
    /// What it is about.
    label: &'static str,
    /// The value that is chosen.
    #[prop(into)]
    chosen: String,
    /// Value and word of each.
    options: Vec<(String, String)>,
) -> impl IntoView {
    let option = |(value, word): (String, String)| {
        let selected = value == chosen;
        view! {
            <option value=value selected=selected>
                {word}
            </option>
        }
    };
    view! {
        <label>
            <span>{label}</span>
            <select name=name>{options.into_iter().map(option).collect_view()}</select>
        </label>
    }
    .into_any()
}

/// A field for words.
#[component]
pub fn FilterText(
    /// Its name in the address.
    name: &'static str,
    /// What it is about.
    label: &'static str,
    /// What stands in it.
    #[prop(into)]
    value: String,
) -> impl IntoView {
    view! {
        <label class="filter-form-text">
            <span>{label}</span>
            <input type="search" name=name value=value autocomplete="off" spellcheck="false" />
        </label>
    }
    .into_any()
}

/// All names to choose from, and "all".
pub fn all_or(names: Vec<String>) -> Vec<(String, String)> {
    let all = [(String::new(), "all".to_owned())].into_iter();
    all.chain(names.into_iter().map(|name| (name.clone(), name)))
        .collect()
}
