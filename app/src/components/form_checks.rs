//! What a form would do, beside it: the tools, the YAML, a command, and what is wrong.
//!
//! The server says it all; while somebody fills the form in, the browser asks again.

#![expect(
    missing_docs,
    reason = "the macro writes a struct of the island's properties"
)]

#[cfg(feature = "hydrate")]
mod browser;

use api::functions::Function;
use leptos::prelude::*;

use super::{
    diff_view::diff_view,
    status_mark::{Mark, StatusMark},
};
use crate::{
    preview::{Preview, Problem},
    untrusted::visible,
};

/// Tools that are named; more are counted.
const MOST_TOOLS: usize = 100;

/// How far the answer is from what is in the form.
#[cfg_attr(
    not(feature = "hydrate"),
    expect(dead_code, reason = "only in a browser is a form changed")
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Freshness {
    /// It is about what is in the form.
    Current,
    /// The form was changed since.
    Asking,
    /// The server could not be asked.
    Unknown,
}

/// Follows the form with the id `resource-form`.
#[island(lazy)]
pub fn FormChecks(
    /// Where the form is sent to be checked.
    check: String,
    /// What was known when the page was drawn.
    preview: Preview,
) -> impl IntoView {
    let preview = RwSignal::new(preview);
    let freshness = RwSignal::new(Freshness::Current);
    #[cfg(feature = "hydrate")]
    browser::follow(check, preview, freshness);
    #[cfg(not(feature = "hydrate"))]
    let _ = check;
    let yaml = move || preview.with(|preview| preview.yaml.clone());
    let command = move || preview.with(|preview| preview.command.clone());
    view! {
        <section class="form-check">
            <h2>"Checks"</h2>
            <div class="form-check-state" role="status">
                {move || verdict(freshness.get(), preview.with(|preview| preview.errors.len()))}
            </div>
            <ul class="form-check-list">
                {move || preview.with(|preview| problems(&preview.errors))}
                {move || preview.with(|preview| notes(&preview.notes))}
            </ul>
        </section>
        {move || preview.with(|preview| tools(&preview.functions))}
        {move || {
            preview
                .with(|preview| {
                    (!preview.diff.is_empty())
                        .then(|| {
                            view! {
                                <section class="form-check">
                                    <h2>"What changes"</h2>
                                    {diff_view(&preview.diff)}
                                </section>
                            }
                        })
                })
        }}
        <details class="form-check" open>
            <summary>
                <h2>"YAML"</h2>
            </summary>
            <pre class="code-block" tabindex="0" role="region" aria-label="YAML">
                <code>{yaml}</code>
            </pre>
        </details>
        <details class="form-check">
            <summary>
                <h2>"In a terminal"</h2>
            </summary>
            <pre class="code-block" tabindex="0" role="region" aria-label="Command">
                <code>{command}</code>
            </pre>
        </details>
    }
    .into_any()
}

/// The functions that become tools, as they are written.
fn tools(functions: &[Function]) -> Option<AnyView> {
    let tool = |function: &Function| {
        let signature = visible(&function.to_string()).into_owned();
        let words = if function.summary.is_empty() {
            view! { <em>"It has no docstring, and models read that to know what it does."</em> }
                .into_any()
        } else {
            visible(&function.summary).into_owned().into_any()
        };
        view! {
            <li>
                <code>{signature}</code>
                " "
                {words}
            </li>
        }
    };
    let shown = functions.iter().take(MOST_TOOLS);
    let n_more = functions.len().saturating_sub(MOST_TOOLS);
    let more = (n_more > 0).then(|| view! { <li>{format!("and {n_more} more")}</li> });
    (!functions.is_empty()).then(|| {
        view! {
            <section class="form-check">
                <h2>"Tools"</h2>
                <ul class="form-check-list form-check-tools">{shown.map(tool).collect_view()} {more}</ul>
            </section>
        }
        .into_any()
    })
}

fn verdict(freshness: Freshness, n_errors: usize) -> AnyView {
    let (mark, word) = match (freshness, n_errors) {
        (Freshness::Asking, _) => (Mark::Working, "Checking".to_owned()),
        (Freshness::Unknown, _) => (
            Mark::Degraded,
            "The server cannot be asked; it checks again when the form is sent".to_owned(),
        ),
        (Freshness::Current, 0) => (Mark::Ready, "Nothing is wrong".to_owned()),
        (Freshness::Current, 1) => (Mark::Degraded, "1 thing to put right".to_owned()),
        (Freshness::Current, many) => (Mark::Degraded, format!("{many} things to put right")),
    };
    view! { <StatusMark mark word /> }.into_any()
}

fn problems(problems: &[Problem]) -> Vec<AnyView> {
    let line = |problem: &Problem| {
        let words = problem.words();
        let words = match &problem.field {
            Some(field) => view! { <a href=format!("#{field}")>{words}</a> }.into_any(),
            None => words.into_any(),
        };
        view! { <li>{words}</li> }.into_any()
    };
    problems.iter().map(line).collect()
}

fn notes(notes: &[String]) -> Vec<AnyView> {
    let line = |note: &String| view! { <li>{note.clone()}</li> }.into_any();
    notes.iter().map(line).collect()
}
