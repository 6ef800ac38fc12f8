//! Why a span failed: its exceptions with their stacks, and what is known about failures like it.

use api::{
    attributes::key,
    traces::{Span, SpanEvent, SpanStatus},
};
use leptos::prelude::*;

use super::{Chosen, code};
use crate::{
    pages::traces::{
        hints::{Hint, exceptions, text_of},
        medium::link,
    },
    untrusted::visible,
};

/// The side that opens by itself when something failed.
pub(super) fn view(chosen: &Chosen) -> AnyView {
    let all = chosen.around.namespace.as_ref().map(|namespace| {
        let href = format!("/ns/{namespace}/exceptions");
        view! {
            <p>
                <a href=href>"All exceptions of this namespace"</a>
            </p>
        }
    });
    view! {
        {failure(&chosen.span)}
        {hints(&chosen.around.hints)}
        {all}
    }
    .into_any()
}

/// The exceptions of a span, or the reason of its status when it has none.
pub(super) fn failure(span: &Span) -> AnyView {
    let found: Vec<_> = exceptions(span).map(exception).collect();
    match &span.status {
        SpanStatus::Error(reason) if found.is_empty() => view! {
            <section class="trace-exception">
                <h3>"Error"</h3>
                <p>{visible(reason).into_owned()}</p>
            </section>
        }
        .into_any(),
        SpanStatus::Unset | SpanStatus::Ok | SpanStatus::Error(_) => found.into_any(),
    }
}

fn exception(event: &SpanEvent) -> AnyView {
    let text = |key| text_of(event, key).filter(|text| !text.is_empty());
    let seen = |text: &str| visible(text).into_owned();
    let sort = text(key::EXCEPTION_TYPE).unwrap_or("exception");
    view! {
        <section class="trace-exception">
            <h3>{seen(sort)}</h3>
            {text(key::EXCEPTION_MESSAGE).map(|message| view! { <p>{seen(message)}</p> })}
            {text(key::EXCEPTION_STACKTRACE).map(stack)}
        </section>
    }
    .into_any()
}

/// A stack trace; lines of libraries in a row are folded.
fn stack(trace: &str) -> AnyView {
    let parts = parts(trace).into_iter().map(|(owner, text)| match owner {
        Owner::Own => code(&text),
        Owner::Library => {
            let lines = text.lines().count();
            view! {
                <details class="trace-frames">
                    <summary>{format!("{lines} lines of libraries")}</summary>
                    {code(&text)}
                </details>
            }
            .into_any()
        }
    });
    parts.collect_view().into_any()
}

/// Whose a line of a stack is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Own,
    Library,
}

/// Lines in a row of the same owner, together.
fn parts(trace: &str) -> Vec<(Owner, String)> {
    let mut parts: Vec<(Owner, String)> = Vec::new();
    let mut owner = Owner::Own;
    for line in trace.lines() {
        // A line of code belongs to the frame above it.
        if is_frame(line) {
            owner = owner_of(line);
        } else if !line.starts_with(' ') && !line.starts_with('\t') {
            owner = Owner::Own;
        }
        match parts.last_mut() {
            Some((last, text)) if *last == owner => {
                text.push('\n');
                text.push_str(line);
            }
            Some(_) | None => parts.push((owner, line.to_owned())),
        }
    }
    parts
}

fn is_frame(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("File \"") || line.starts_with("at ")
}

fn owner_of(line: &str) -> Owner {
    const LIBRARIES: [&str; 7] = [
        "site-packages",
        "/lib/python",
        "node_modules",
        "node:internal",
        "/rustc/",
        "/registry/src/",
        "<frozen ",
    ];
    if LIBRARIES.into_iter().any(|library| line.contains(library)) {
        Owner::Library
    } else {
        Owner::Own
    }
}

/// What is known, with what shows it and where to change it.
pub(super) fn hints(hints: &[Hint]) -> AnyView {
    if hints.is_empty() {
        return ().into_any();
    }
    let lines = hints.iter().map(|hint| {
        let next = hint.next.as_ref().map(|next| {
            view! { <p>{link(next.href.clone(), visible(&next.words))}</p> }
        });
        view! {
            <li>
                <strong>{visible(&hint.what).into_owned()}</strong>
                <p class="trace-hint-evidence">{visible(&hint.evidence).into_owned()}</p>
                {next}
            </li>
        }
    });
    view! {
        <section class="trace-hints" aria-label="Why did it fail?" data-testid="hints">
            <h3>"Why did it fail?"</h3>
            <ul>{lines.collect_view()}</ul>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_libraries_in_a_row_are_one_part() {
        let trace = "Traceback (most recent call last):\n  \
                     File \"/app/search.py\", line 3, in search\n    \
                     get(url)\n  \
                     File \"/usr/lib/python3.12/site-packages/httpx/_api.py\", line 9, in get\n    \
                     send()\n  \
                     File \"/usr/lib/python3.12/site-packages/httpx/_client.py\", line 1, in send\n\
                     ConnectError: refused";
        let parts = parts(trace);
        let owners: Vec<_> = parts
            .iter()
            .map(|(owner, text)| (*owner, text.lines().count()))
            .collect();
        let expected = [(Owner::Own, 3), (Owner::Library, 3), (Owner::Own, 1)];
        assert_eq!(owners, expected);
    }
}
