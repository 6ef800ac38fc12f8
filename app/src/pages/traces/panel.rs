//! The panel at the side of a trace: everything about one span.

mod call;
mod exception;
pub(super) mod messages;
mod tables;

use api::traces::{LogRecord, Span, kind};
use leptos::prelude::*;

use super::{
    around::Around,
    hints,
    url::{Side, TraceUrl},
};
use crate::{components::kind_tile::KindTile, untrusted};

/// The chosen span and what the panel knows of it.
pub(super) struct Chosen {
    pub(super) span: Span,
    /// Start of the trace, in nanoseconds since the epoch.
    pub(super) trace_start_ns: u64,
    pub(super) trace_length_ns: u64,
    pub(super) self_ns: u64,
    /// Logs of the span and of all below it, or why there are none.
    pub(super) logs: Result<Vec<LogRecord>, String>,
    pub(super) around: Around,
}

impl Chosen {
    fn n_exceptions(&self) -> usize {
        hints::exceptions(&self.span).count()
    }

    /// The side that is shown when `asked` is asked for.
    fn side(&self, asked: Side) -> Side {
        match asked {
            Side::Fitting if self.span.status.is_error() || self.n_exceptions() > 0 => {
                Side::Exception
            }
            Side::Fitting => Side::Call,
            other => other,
        }
    }

    fn n_logs(&self) -> usize {
        self.logs.as_ref().map_or(0, Vec::len)
    }

    fn offset_ns(&self, time_ns: u64) -> u64 {
        time_ns.saturating_sub(self.trace_start_ns)
    }
}

/// Everything that was logged in the trace.
pub(super) fn all_logs(
    logs: &Result<Vec<LogRecord>, String>,
    start_ns: u64,
    url: TraceUrl,
) -> AnyView {
    tables::all_logs(logs, start_ns, url)
}

/// The panel's heading, tabs and the side that the address asks for.
pub(super) fn view(chosen: &Chosen, url: TraceUrl) -> AnyView {
    let url = url.with_span(chosen.span.span_id);
    let title = untrusted::visible(&chosen.span.name).into_owned();
    let shown = chosen.side(url.side);
    let side = match shown {
        Side::Fitting | Side::Call => call::view(chosen),
        Side::Exception => exception::view(chosen),
        Side::Attributes => tables::attributes(chosen),
        Side::Logs => tables::logs(chosen),
        Side::Events => tables::events(chosen),
        Side::Raw => tables::raw(chosen),
    };
    view! {
        <aside class="trace-panel" aria-label="Chosen span" data-testid="span-panel">
            <header class="trace-panel-title">
                <KindTile kind=chosen.span.step_kind() />
                <h2 title=kind::title(&chosen.span)>{title}</h2>
            </header>
            <nav class="trace-tabs" aria-label="Sides of the span">
                {Side::ALL.map(|side| tab(chosen, url, (side, shown)))}
            </nav>
            <div class="trace-panel-body">{side}</div>
        </aside>
    }
    .into_any()
}

/// Everything about the span at once, where no side of it can be chosen.
pub(super) fn whole(chosen: &Chosen) -> AnyView {
    let span = &chosen.span;
    let title = untrusted::visible(&span.name).into_owned();
    let events = (!span.events.is_empty())
        .then(|| folded("Events", span.events.len(), tables::events(chosen)));
    view! {
        <div
            class="trace-panel-body"
            id=span.span_id.to_string()
            role="group"
            aria-label=title
            data-testid="span-panel"
        >
            {call::view(chosen)}
            {folded("Attributes", span.attributes.len(), tables::attributes(chosen))}
            {events}
        </div>
    }
    .into_any()
}

fn folded(word: &'static str, count: usize, inside: AnyView) -> AnyView {
    view! {
        <details class="trace-known">
            <summary>{word} " " <span class="trace-tab-count">{count}</span></summary>
            {inside}
        </details>
    }
    .into_any()
}

fn tab(chosen: &Chosen, url: TraceUrl, (side, shown): (Side, Side)) -> Option<AnyView> {
    let (word, count) = match side {
        Side::Fitting | Side::Call => ("Call", None),
        Side::Exception => (
            "Exception",
            Some(chosen.n_exceptions()).filter(|count| *count > 0),
        ),
        Side::Attributes => ("Attributes", Some(chosen.span.attributes.len())),
        Side::Logs => ("Logs", Some(chosen.n_logs())),
        Side::Events => ("Events", Some(chosen.span.events.len())),
        Side::Raw => ("Raw", None),
    };
    let is_needed = side != Side::Exception || chosen.span.status.is_error() || count > Some(0);
    let current = (side == shown).then_some("page");
    is_needed.then(|| {
        view! {
            <a href=url.with_side(side).to_string() aria-current=current>
                {word}
                {count.map(|count| view! { " " <span class="trace-tab-count">{count}</span> })}
            </a>
        }
        .into_any()
    })
}

/// A block of text in fixed-width letters.
fn code(text: &str) -> AnyView {
    let block = untrusted::block(text);
    let note = block.cut_from.map(untrusted::cut_note);
    view! {
        <pre class="trace-code" tabindex="0">{block.text.into_owned()}</pre>
        {note.map(|note| view! { <p class="cut">{note}</p> })}
    }
    .into_any()
}
