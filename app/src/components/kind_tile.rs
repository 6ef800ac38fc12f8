//! The square with a letter that says what sort of step something is.

use api::traces::StepKind;
use leptos::prelude::*;

/// Letter and colour of a kind; the word beside it says the same.
#[component]
pub fn KindTile(
    /// Which kind.
    kind: StepKind,
) -> impl IntoView {
    view! {
        <span class=format!("kind-tile kind-tile--{}", kind.as_str()) aria-hidden="true">
            {kind.letter()}
        </span>
    }
    .into_any()
}
