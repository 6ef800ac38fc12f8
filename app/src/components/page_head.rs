//! The top of a page: its heading, its state, what can be done.

use leptos::prelude::*;

/// The page's one `h1`; its children stand beside it, actions last.
#[component]
pub fn PageHead(
    /// The heading.
    #[prop(into)]
    title: String,
    /// State and actions.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="page-head">
            <h1>{title}</h1>
            {children.map(|children| children())}
        </div>
    }
    .into_any()
}

/// The actions of a [`PageHead`], at its end.
#[component]
pub fn Actions(
    /// Buttons and links.
    children: Children,
) -> impl IntoView {
    view! { <div class="page-head-actions">{children()}</div> }
}

/// A part of a page, under its own heading.
#[component]
pub fn Panel(
    /// The heading.
    #[prop(into)]
    title: String,
    /// What stands under it.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="panel">
            <h2>{title}</h2>
            {children()}
        </section>
    }
    .into_any()
}
