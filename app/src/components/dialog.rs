//! A layer that has to be closed before anything else.
//!
//! A button with `commandfor` and `command="show-modal"` opens it, without scripts too.

use leptos::prelude::*;

use super::icon::{Icon, Symbol};

/// A modal dialog, closed when the page is drawn.
#[component]
pub fn Dialog(
    /// Its id.
    id: &'static str,
    /// Its heading.
    #[prop(into)]
    title: String,
    /// What is in it.
    children: Children,
) -> impl IntoView {
    let heading = format!("{id}-title");
    view! {
        <dialog id=id class="dialog" aria-labelledby=heading closedby="any">
            <div class="dialog-head">
                <h2 id=heading.clone()>{title}</h2>
                <form method="dialog">
                    <button class="icon-button" type="submit" aria-label="Close">
                        <Icon symbol=Symbol::Close />
                    </button>
                </form>
            </div>
            <div class="dialog-body">{children()}</div>
        </dialog>
    }
    .into_any()
}
