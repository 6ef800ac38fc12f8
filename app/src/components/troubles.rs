//! What needs somebody: resources that are not ready.

#![expect(
    missing_docs,
    reason = "the island macro writes types without documentation"
)]

use leptos::prelude::*;

use super::live_status::state_view;
use crate::{
    live,
    rows::{self, Trouble},
};

const PLURALS: [&str; 3] = ["agents", "modelapis", "mcpservers"];

/// Every resource of a namespace that is not ready, with the reason; follows their changes.
#[island]
pub fn Troubles(
    /// The namespace it watches.
    namespace: String,
    /// What was not ready when the page was drawn.
    troubles: Vec<Trouble>,
) -> impl IntoView {
    let troubles = RwSignal::new(troubles);
    let topics = PLURALS.map(|plural| (plural, live::topic(&namespace, plural)));
    Effect::new(move || {
        for (plural, topic) in topics.clone() {
            live::subscribe(topic, move |message| {
                troubles.update(|troubles| rows::apply_trouble(troubles, plural, message));
            });
        }
    });
    let line = move |trouble: Trouble| {
        let name = match trouble.plural.as_str() {
            "agents" => {
                let href = format!("/ns/{namespace}/agents/{}", trouble.name);
                view! { <a href=href>{trouble.name.clone()}</a> }.into_any()
            }
            _ => view! { <span>{trouble.name.clone()}</span> }.into_any(),
        };
        view! {
            <li>
                <span class="troubles-kind">{kind(&trouble.plural)}</span>
                {name}
                {state_view(Some(trouble.state))}
            </li>
        }
    };
    move || {
        let troubles = troubles.get();
        if troubles.is_empty() {
            view! { <p class="troubles-none">"All resources are ready."</p> }.into_any()
        } else {
            let lines = troubles.into_iter().map(&line).collect_view();
            view! { <ul class="troubles">{lines}</ul> }.into_any()
        }
    }
}

fn kind(plural: &str) -> &'static str {
    match plural {
        "agents" => "Agent",
        "modelapis" => "Model API",
        _ => "MCP server",
    }
}
