//! What needs somebody: resources that are not ready.

#![expect(
    missing_docs,
    reason = "the island macro writes types without documentation"
)]

use leptos::prelude::*;

use super::live_status::state_view;
use crate::{
    kinds::Kind,
    live,
    rows::{self, Trouble},
};

/// Every resource of a namespace that is not ready, with the reason; follows their changes.
#[island]
pub fn Troubles(
    /// The namespace it watches.
    namespace: String,
    /// What was not ready when the page was drawn.
    troubles: Vec<Trouble>,
) -> impl IntoView {
    let troubles = RwSignal::new(troubles);
    Effect::new(move || {
        for kind in Kind::OWN {
            live::subscribe(live::topic(&namespace, kind.plural()), move |message| {
                troubles.update(|troubles| rows::apply_trouble(troubles, kind, message));
            });
        }
    });
    move || {
        let troubles = troubles.get();
        if troubles.is_empty() {
            view! { <p class="troubles-none">"All resources are ready."</p> }.into_any()
        } else {
            let lines = troubles.into_iter().map(line).collect_view();
            view! { <ul class="troubles">{lines}</ul> }.into_any()
        }
    }
}

fn line(trouble: Trouble) -> impl IntoView {
    let Trouble { kind, id, state } = trouble;
    view! {
        <li>
            <span class="troubles-kind">{kind.noun()}</span>
            <a href=kind.href(&id.namespace, &id.name)>{id.name.clone()}</a>
            {state_view(Some(state))}
        </li>
    }
    .into_any()
}
