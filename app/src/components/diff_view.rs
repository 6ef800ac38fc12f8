//! The difference between two texts.

use leptos::prelude::*;

use crate::diff::DiffLine;

/// Lines that went and lines that came, by sign, colour and word.
pub fn diff_view(lines: &[DiffLine]) -> AnyView {
    let line = |line: &DiffLine| {
        let (class, sign, text) = match line {
            DiffLine::Same(text) => ("diff-line", " ", text),
            DiffLine::Gone(text) => ("diff-line diff-line--gone", "-", text),
            DiffLine::New(text) => ("diff-line diff-line--new", "+", text),
        };
        view! { <span class=class>{format!("{sign} {text}\n")}</span> }
    };
    view! {
        <pre class="code-block diff" tabindex="0" role="region" aria-label="What changes">
            <code>{lines.iter().map(line).collect_view()}</code>
        </pre>
    }
    .into_any()
}
