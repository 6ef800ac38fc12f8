//! What a trace is read on: a page of the dashboard, or a file by itself.
//!
//! The same parts draw both. A file leads to nothing but itself, because where it is opened there may
//! be no dashboard.

use api::traces::SpanId;
use leptos::prelude::*;

use super::url::TraceUrl;

/// What a trace is read on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Medium {
    /// A page among others.
    #[default]
    Page,
    /// A file by itself.
    File,
}

impl Medium {
    /// What is being drawn.
    pub(super) fn here() -> Self {
        use_context().unwrap_or_default()
    }
}

/// Words that lead to another page; in a file they stand alone.
pub(super) fn link(href: String, words: impl Into<String>) -> AnyView {
    let words = words.into();
    match Medium::here() {
        Medium::Page => view! { <a href=href>{words}</a> }.into_any(),
        Medium::File => words.into_any(),
    }
}

/// Where a span of the trace is shown.
pub(super) fn span_href(url: TraceUrl, span: SpanId) -> String {
    match Medium::here() {
        Medium::Page => url.with_span(span).to_string(),
        Medium::File => format!("#{span}"),
    }
}
