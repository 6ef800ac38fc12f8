//! Where to go on from a trace, and the files it can be taken along as.

use api::{attributes::key, traces::Trace};
use leptos::prelude::*;

use super::{
    compare::compare_href,
    detail::Loaded,
    layout::{Outcome, Transport},
    url::TraceUrl,
};
use crate::{
    components::menu::{Menu, MenuFace},
    pages::params::ports,
};

/// The buttons of the heading. A run that goes on has no files yet: they would not be whole.
pub(super) fn view(loaded: &Loaded, url: TraceUrl) -> AnyView {
    let Loaded {
        trace,
        layout,
        session,
        ..
    } = loaded;
    let chat = session.as_ref().map(|session| {
        view! {
            <a class="button" href=session.href.clone()>
                "Open chat"
            </a>
        }
    });
    let has_ended = layout.facts.outcome != Outcome::Running;
    let previous = compare_href("previous", &trace.id.to_string());
    let compare = has_ended.then(|| {
        view! {
            <a class="button" href=previous>
                "Compare with the previous run"
            </a>
        }
    });
    let export = has_ended.then(|| export(trace, url));
    view! { <div class="trace-actions">{compare} {export} {chat}</div> }.into_any()
}

/// A file that a trace can be had as.
struct File {
    words: &'static str,
    /// What it is good for.
    about: &'static str,
    href: String,
}

/// The files there are. Those of the built-in store are only offered where traces are read from it.
fn files(trace: &Trace, url: TraceUrl) -> Vec<File> {
    let id = trace.id;
    let transport = match url.transport {
        Transport::Hidden => "",
        Transport::Shown => "?transport=1",
    };
    let page = File {
        words: "Web page (HTML)",
        about: "As it is here, to open anywhere, without KAOS",
        href: format!("/traces/{id}/trace.html{transport}"),
    };
    let table = File {
        words: "Spans as a table (CSV)",
        about: "A line per span: times, tokens, errors",
        href: format!("/traces/{id}/spans.csv"),
    };
    if ports().files.is_none() {
        return vec![page, table];
    }
    let otlp = File {
        words: "OTLP in JSON",
        about: "All of it with its logs, to import again",
        href: format!("/api/export/traces?trace={id}"),
    };
    let jaeger = File {
        words: "Jaeger JSON",
        about: "Its spans, for Jaeger's own pages to open",
        href: format!("/api/export/traces?trace={id}&format=jaeger"),
    };
    vec![page, otlp, jaeger, table]
}

fn export(trace: &Trace, url: TraceUrl) -> AnyView {
    let items = files(trace, url).into_iter().map(|file| {
        view! {
            <li>
                <a class="menu-item" href=file.href download>
                    <span>{file.words}</span>
                    <span class="menu-item-about">{file.about}</span>
                </a>
            </li>
        }
    });
    let note = holds_messages(trace).then(|| {
        view! {
            <p class="menu-note">
                "Messages were recorded: all files but the table hold what models and tools were told \
                 and what they answered."
            </p>
        }
    });
    view! {
        <Menu id="export" face=MenuFace::button("Export")>
            <ul class="menu-items">{items.collect_view()}</ul>
            {note}
        </Menu>
    }
    .into_any()
}

/// Whether somebody's words are in it.
pub(super) fn holds_messages(trace: &Trace) -> bool {
    const WORDS: [&str; 6] = [
        key::INPUT_MESSAGES,
        key::OUTPUT_MESSAGES,
        key::TOOL_ARGUMENTS,
        key::TOOL_RESULT,
        key::DELEGATION_TASK,
        key::DELEGATION_ANSWER,
    ];
    let mut spans = trace.spans.iter();
    spans.any(|span| WORDS.into_iter().any(|key| span.attribute(key).is_some()))
}
