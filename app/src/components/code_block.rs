//! Text in letters of one width: code, YAML, arguments, results.

use leptos::prelude::*;

use crate::untrusted;

/// A block that scrolls inside itself. Its text is shown as it is, with what cannot be seen spelled
/// out, and cut where nobody reads on.
#[component]
pub fn CodeBlock(
    /// What it is, for who cannot see it.
    #[prop(into)]
    label: String,
    /// The text.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    let block = untrusted::block(&text);
    let cut = block.cut_from.map(untrusted::cut_note);
    view! {
        <pre class="code-block" tabindex="0" role="region" aria-label=label>
            <code>{block.text.into_owned()}</code>
        </pre>
        {cut.map(|note| view! { <p class="cut">{note}</p> })}
    }
    .into_any()
}
