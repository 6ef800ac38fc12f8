//! The field of a query, with what could be written next below it. Without JavaScript it is the field alone.

#![expect(
    missing_docs,
    reason = "the macro writes a struct of the island's properties"
)]

#[cfg(feature = "hydrate")]
mod browser;

use leptos::{ev, html, prelude::*};

use crate::{
    suggest::{Key, Suggestion},
    untrusted::visible,
};

/// What the island knows.
#[derive(Clone, Copy)]
#[cfg_attr(
    not(feature = "hydrate"),
    expect(dead_code, reason = "only a browser suggests")
)]
struct Completion {
    field: NodeRef<html::Input>,
    keys: StoredValue<Vec<Key>>,
    /// What is offered; nothing while the list is closed.
    offered: RwSignal<Vec<Suggestion>>,
    active: RwSignal<Option<usize>>,
}

/// Id of the list.
const OPTIONS: &str = "query-options";

/// A combobox: arrows choose, Enter and a click write, Escape closes.
#[island(lazy)]
pub fn QueryField(
    /// What stands in it.
    text: String,
    /// What can be written.
    keys: Vec<Key>,
    /// Ids of what explains it.
    described: String,
    /// Whether it is not understood.
    is_wrong: bool,
) -> impl IntoView {
    let completion = Completion {
        field: NodeRef::new(),
        keys: StoredValue::new(keys),
        offered: RwSignal::new(Vec::new()),
        active: RwSignal::new(None),
    };
    #[cfg(feature = "hydrate")]
    browser::replace_list(completion);
    let Completion {
        field,
        offered,
        active,
        ..
    } = completion;
    let look = move |_: ev::Event| {
        #[cfg(feature = "hydrate")]
        browser::look(completion);
    };
    let press = move |event: ev::KeyboardEvent| {
        #[cfg(feature = "hydrate")]
        browser::press(completion, &event);
        #[cfg(not(feature = "hydrate"))]
        drop(event);
    };
    let is_open = move || offered.with(|offered| !offered.is_empty());
    let option = move |(at, suggestion): (usize, Suggestion)| option(completion, at, &suggestion);
    let options = move || {
        let offered = offered.get().into_iter().enumerate();
        offered.map(option).collect_view()
    };
    view! {
        <div class="query-field">
            <label>
                <span class="visually-hidden">"Query"</span>
                <input
                    node_ref=field
                    type="search"
                    name="q"
                    value=text
                    list="query-suggestions"
                    spellcheck="false"
                    autocomplete="off"
                    data-keys="/"
                    placeholder="agent:coordinator status:error duration:>5s"
                    role="combobox"
                    aria-autocomplete="list"
                    aria-expanded=move || is_open().to_string()
                    aria-controls=OPTIONS
                    aria-activedescendant=move || active.get().map(id)
                    aria-describedby=described
                    aria-invalid=is_wrong.then_some("true")
                    on:input=look
                    on:keydown=press
                    on:blur=move |_| offered.set(Vec::new())
                />
            </label>
            <ul
                id=OPTIONS
                class="query-options"
                role="listbox"
                aria-label="What could be written"
                hidden=move || !is_open()
            >
                {options}
            </ul>
        </div>
    }
    .into_any()
}

fn id(at: usize) -> String {
    format!("query-option-{at}")
}

fn option(completion: Completion, at: usize, suggestion: &Suggestion) -> AnyView {
    let is_active = move || completion.active.get() == Some(at);
    let choose = move |event: ev::MouseEvent| {
        // The focus stays in the field.
        event.prevent_default();
        #[cfg(feature = "hydrate")]
        browser::choose(completion, at);
    };
    view! {
        <li
            id=id(at)
            role="option"
            aria-selected=move || is_active().to_string()
            on:mousedown=choose
        >
            <code>{visible(&suggestion.text).into_owned()}</code>
            " "
            <span>{suggestion.hint.clone()}</span>
        </li>
    }
    .into_any()
}
