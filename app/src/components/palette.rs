//! Search and commands, one key away. Without scripts it is a link to the page of the same name.

#![expect(
    missing_docs,
    reason = "the macro writes a struct of the island's properties"
)]

#[cfg(feature = "hydrate")]
mod browser;

use leptos::{ev, html, prelude::*};

use super::icon::{Icon, Symbol};
use crate::search::Hit;

/// What the palette knows.
#[derive(Clone, Copy)]
struct State {
    namespace: StoredValue<String>,
    dialog: NodeRef<html::Dialog>,
    field: NodeRef<html::Input>,
    hits: RwSignal<Vec<Hit>>,
    /// The hit that Enter opens.
    active: RwSignal<usize>,
    /// Counts questions, so that an old answer does not replace a newer one.
    asked: StoredValue<u32>,
    has_answer: RwSignal<bool>,
}

/// The button in the header and the layer behind it.
#[island]
pub fn Palette(
    /// The namespace whose objects come first.
    namespace: String,
) -> impl IntoView {
    let href = format!("/search?ns={namespace}");
    let state = State {
        namespace: StoredValue::new(namespace),
        dialog: NodeRef::new(),
        field: NodeRef::new(),
        hits: RwSignal::new(Vec::new()),
        active: RwSignal::new(0),
        asked: StoredValue::new(0),
        has_answer: RwSignal::new(false),
    };
    #[cfg(feature = "hydrate")]
    browser::listen(state);
    view! {
        <a
            class="palette-face"
            href=href
            aria-label="Search or run a command"
            on:click=move |event| {
                if open(state) {
                    event.prevent_default();
                }
            }
        >
            <Icon symbol=Symbol::Search />
            <span class="palette-face-words">"Search or run a command"</span>
            <kbd>"Ctrl K"</kbd>
        </a>
        <dialog
            class="palette"
            node_ref=state.dialog
            aria-label="Search or run a command"
            closedby="any"
        >
            <div class="palette-field">
                <Icon symbol=Symbol::Search />
                <input
                    type="text"
                    role="combobox"
                    aria-label="Search or run a command"
                    aria-expanded="true"
                    aria-controls="palette-list"
                    aria-autocomplete="list"
                    aria-activedescendant=move || active_id(state)
                    autocomplete="off"
                    spellcheck="false"
                    placeholder="Agents, tools, models, sessions, traces, commands"
                    node_ref=state.field
                    on:input=move |_| ask(state)
                    on:keydown=move |event| pressed(state, &event)
                />
            </div>
            <div id="palette-list" class="palette-list" role="listbox" aria-label="Results">
                {move || results(state)}
            </div>
            {move || nothing(state)}
        </dialog>
    }
    .into_any()
}

/// Opens the layer; whether there was one to open.
fn open(state: State) -> bool {
    #[cfg(feature = "hydrate")]
    return browser::open(state);
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (state.dialog, state.field);
        false
    }
}

/// Asks the server what the words in the field find.
fn ask(state: State) {
    #[cfg(feature = "hydrate")]
    browser::ask(state);
    #[cfg(not(feature = "hydrate"))]
    let _ = (state.asked, state.namespace);
}

/// Opens a hit, in this window or another.
fn choose(href: &str, place: Window) {
    #[cfg(feature = "hydrate")]
    browser::choose(href, place);
    #[cfg(not(feature = "hydrate"))]
    let _ = (href, place);
}

/// Where a hit is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Window {
    This,
    New,
}

fn pressed(state: State, event: &ev::KeyboardEvent) {
    let n_hits = state.hits.with_untracked(Vec::len);
    let active = state.active.get_untracked();
    match event.key().as_str() {
        "ArrowDown" => state.active.set(next(active, n_hits)),
        "ArrowUp" => state.active.set(previous(active, n_hits)),
        "Enter" => {
            let place = if event.ctrl_key() || event.meta_key() {
                Window::New
            } else {
                Window::This
            };
            let hit = state.hits.with_untracked(|hits| hits.get(active).cloned());
            if let Some(hit) = hit {
                choose(&hit.href, place);
            }
        }
        _ => return,
    }
    event.prevent_default();
}

fn next(active: usize, n_hits: usize) -> usize {
    (active + 1).checked_rem(n_hits).unwrap_or(0)
}

fn previous(active: usize, n_hits: usize) -> usize {
    (active + n_hits.saturating_sub(1))
        .checked_rem(n_hits)
        .unwrap_or(0)
}

fn active_id(state: State) -> Option<String> {
    let active = state.active.get();
    state
        .hits
        .with(|hits| active < hits.len())
        .then(|| id(active))
}

fn id(index: usize) -> String {
    format!("palette-hit-{index}")
}

/// The hits, under the names of their groups.
fn results(state: State) -> Vec<AnyView> {
    let hits = state.hits.get();
    let mut groups: Vec<(String, Vec<AnyView>)> = Vec::new();
    for (index, hit) in hits.into_iter().enumerate() {
        let group = hit.group.clone();
        let view = hit_view(state, index, hit);
        match groups.last_mut() {
            Some((last, views)) if *last == group => views.push(view),
            _ => groups.push((group, vec![view])),
        }
    }
    let group = |(name, views): (String, Vec<AnyView>)| {
        view! {
            <div role="group" aria-label=name>
                <p class="palette-group" aria-hidden="true">
                    {name.clone()}
                </p>
                {views}
            </div>
        }
        .into_any()
    };
    groups.into_iter().map(group).collect()
}

fn hit_view(state: State, index: usize, hit: Hit) -> AnyView {
    let Hit {
        label,
        detail,
        href,
        ..
    } = hit;
    let is_active = move || (state.active.get() == index).to_string();
    view! {
        <div
            id=id(index)
            class="palette-hit"
            role="option"
            aria-selected=is_active
            on:mousemove=move |_| {
                if state.active.get_untracked() != index {
                    state.active.set(index);
                }
            }
            on:click=move |_| choose(&href, Window::This)
        >
            <span>{label}</span>
            <span class="palette-detail">{detail}</span>
        </div>
    }
    .into_any()
}

fn nothing(state: State) -> Option<impl IntoView> {
    let is_empty = state.has_answer.get() && state.hits.with(Vec::is_empty);
    is_empty.then(|| view! { <p class="palette-none">"Nothing has a name like this."</p> })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arrows_go_round() {
        assert_eq!((next(0, 3), next(2, 3), next(0, 0)), (1, 0, 0));
        assert_eq!((previous(0, 3), previous(2, 3), previous(0, 0)), (2, 1, 0));
    }
}
