//! Says what failed, in the place of what was asked for.

use leptos::prelude::*;

use crate::components::icon::{Icon, Symbol};

/// What failed and what its source said.
#[component]
pub fn ErrorPanel(
    /// What is not shown, such as "Agents".
    #[prop(into)]
    what: String,
    /// The source's own message.
    #[prop(into)]
    message: String,
) -> impl IntoView {
    view! {
        <div class="error-panel" role="alert">
            <Icon symbol=Symbol::StateFailed />
            <div>
                <strong>{what} " cannot be shown"</strong>
                <p>{message}</p>
                <p>
                    <a href="">"Try again"</a>
                </p>
            </div>
        </div>
    }
}
