//! The top of a trace: who did what, how it went, the numbers, and the one sentence that explains it.

use api::{
    attributes::key,
    traces::{StepKind, Trace, TraceId, kind},
};
use leptos::prelude::*;

use super::{
    actions,
    compare::compare_href,
    detail::{Loaded, namespace_of},
    layout::{Cause, Facts, Layout, Outcome, Share, Transport, operation},
    list::{all_of, traces_href},
    medium::{Medium, link, span_href},
    query::{Condition, Name},
    url::TraceUrl,
    usual::day_before,
};
use crate::{
    format, frame::Section, kinds::ALL_NAMESPACES, pages::period::Period, untrusted,
    url::with_query,
};

/// `coordinator · chat`.
pub(super) fn title(trace: &Trace) -> String {
    let root = trace.spans.iter().find(|span| span.parent_id.is_none());
    let title = match root.or_else(|| trace.spans.first()) {
        Some(span) => format!("{} · {}", span.service, operation(&span.name)),
        None => "Trace".to_owned(),
    };
    untrusted::visible(&title).into_owned()
}

pub(super) fn view(loaded: &Loaded, url: TraceUrl) -> AnyView {
    let Loaded { trace, layout, .. } = loaded;
    let actions = match Medium::here() {
        Medium::Page => Some(actions::view(loaded, url)),
        Medium::File => None,
    };
    view! {
        <header class="trace-head">
            <div class="trace-head-title">
                <h1>{title(trace)}</h1>
                {chips(&layout.facts)}
                {actions}
            </div>
            {replay_of(trace)}
            {facts(layout, url)}
            {incomplete(&layout.facts)}
            <div class="trace-answer">
                {sentence(loaded, url)}
                {bar(&layout.shares)}
            </div>
        </header>
    }
    .into_any()
}

/// Which run this one goes on from, where it is a replay.
fn replay_of(trace: &Trace) -> Option<AnyView> {
    let mut spans = trace.spans.iter();
    let old = spans.find_map(|span| span.text(key::REPLAY_TRACE_ID))?;
    let old = TraceId::parse(old)?;
    let (old, new) = (old.to_string(), trace.id.to_string());
    let compare =
        (Medium::here() == Medium::Page).then(|| link(compare_href(&old, &new), "Compare the two"));
    let line = view! {
        <p class="trace-replay">
            "Replay of " {link(format!("/traces/{old}"), "an earlier run")} ". " {compare}
        </p>
    };
    Some(line.into_any())
}

fn chips(facts: &Facts) -> impl IntoView {
    let (class, shape, word) = match facts.outcome {
        Outcome::Completed => ("trace-chip trace-chip--ok", "✓", "Completed"),
        Outcome::Failed => ("trace-chip trace-chip--err", "▲", "Failed"),
        Outcome::Cancelled => ("trace-chip trace-chip--warn", "⊖", "Cancelled"),
        Outcome::Running => ("trace-chip trace-chip--info", "◐", "Running"),
        Outcome::Incomplete => ("trace-chip trace-chip--warn", "○", "Incomplete"),
    };
    let errors = (facts.errors > 0).then(|| counted(facts.errors, "error span", "error spans"));
    view! {
        <span class=class data-testid="trace-outcome">
            <span aria-hidden="true">{shape}</span>
            " "
            {word}
        </span>
        {errors
            .map(|errors| {
                view! {
                    <span class="trace-chip trace-chip--err">
                        <span aria-hidden="true">"▲"</span>
                        " "
                        {errors}
                    </span>
                }
            })}
    }
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format::counted(number as u64, one, many)
}

fn facts(layout: &Layout, url: TraceUrl) -> impl IntoView {
    let facts = &layout.facts;
    let number = |number: usize, one: &'static str, many: &'static str| {
        let noun = if number == 1 { one } else { many };
        fact(format::count(number as u64), noun)
    };
    let tokens = match facts.tokens {
        Some(tokens) => view! {
            <span>
                <b>{format::count(tokens.input)}</b>
                " in / "
                <b>{format::count(tokens.output)}</b>
                " out tokens"
            </span>
        }
        .into_any(),
        None => view! { <span>"tokens not reported"</span> }.into_any(),
    };
    view! {
        <p class="trace-numbers">
            {fact(format::duration(facts.total_ns), "total")}
            {number(facts.steps, "step", "steps")}
            {number(facts.model_calls, "model call", "model calls")}
            {number(facts.tool_calls, "tool call", "tool calls")}
            {number(facts.delegations, "delegation", "delegations")} {tokens}
            {number(facts.spans, "span", "spans")} {hidden(layout, url)}
        </p>
    }
}

fn fact(number: String, noun: &'static str) -> impl IntoView {
    view! {
        <span>
            <b>{number}</b>
            " "
            {noun}
        </span>
    }
}

/// What has no row, and the way to see it.
fn hidden(layout: &Layout, url: TraceUrl) -> Option<AnyView> {
    let (text, other) = match url.transport {
        Transport::Hidden => {
            let transport = (layout.n_transport, "transport");
            let folded = (layout.n_folded, "folded");
            let parts: Vec<String> = [transport, folded]
                .into_iter()
                .filter(|(number, _)| *number > 0)
                .map(|(number, what)| format!("{} {what}", format::count(number as u64)))
                .collect();
            if parts.is_empty() {
                return None;
            }
            let hidden = format!("{} hidden", parts.join(", "));
            if Medium::here() == Medium::File {
                return Some(view! { <span>{hidden}</span> }.into_any());
            }
            (format!("{hidden}: show all"), Transport::Shown)
        }
        Transport::Shown if Medium::here() == Medium::File => return None,
        Transport::Shown => ("hide transport".to_owned(), Transport::Hidden),
    };
    let href = url.with_transport(other).to_string();
    Some(view! { <a href=href>{text}</a> }.into_any())
}

/// Says what has not arrived.
fn incomplete(facts: &Facts) -> Option<AnyView> {
    let text = match (facts.outcome, facts.orphans) {
        (Outcome::Incomplete, _) => {
            "The root span has not arrived: the run is still going on, or its end was never sent. The \
             total is that of the spans that are here."
                .to_owned()
        }
        (Outcome::Running, _)
        | (Outcome::Completed | Outcome::Failed | Outcome::Cancelled, 0) => return None,
        (Outcome::Completed | Outcome::Failed | Outcome::Cancelled, orphans) => {
            let spans = counted(orphans, "span", "spans");
            format!("The parent of {spans} has not arrived; they stand under \"missing parent\".")
        }
    };
    Some(view! { <p class="trace-incomplete">{text}</p> }.into_any())
}

/// The failure, or what took longest.
fn sentence(loaded: &Loaded, url: TraceUrl) -> impl IntoView {
    let layout = &loaded.layout;
    let Some(cause) = &layout.cause else {
        return view! { <p class="trace-sentence">"Nothing to explain."</p> }.into_any();
    };
    let href = span_href(url, cause.span());
    let visible = |text: &str| untrusted::visible(text).into_owned();
    let (lead, step, rest) = match cause {
        Cause::Failure { step, reason, .. } if reason.is_empty() => (
            "Failed because of ",
            step,
            ", which gave no reason.".to_owned(),
        ),
        Cause::Failure { step, reason, .. } => {
            ("Failed because of ", step, format!(": {}", visible(reason)))
        }
        Cause::Doing { step, since_ns, .. } => {
            let since = format::duration(*since_ns);
            ("Now at ", step, format!(", for {since} so far."))
        }
        Cause::Slowest {
            step, length_ns, ..
        } => {
            let path = layout.shares.iter().map(|share| share.length_ns).sum();
            let of = format!(
                ": {} of the {} critical path.",
                format::duration(*length_ns),
                format::duration(path)
            );
            (lead_of(path), step, of)
        }
    };
    view! {
        <p class="trace-sentence" data-testid="trace-answer">
            <strong>{lead}</strong>
            <a href=href>{visible(step)}</a>
            {rest}
            {compared(loaded)}
        </p>
    }
    .into_any()
}

/// How long the step usually takes, with a way to the runs that this is known from and one to the
/// metrics of its service. Nothing when there are too few.
fn compared(loaded: &Loaded) -> Option<AnyView> {
    let Loaded {
        trace,
        layout,
        usual,
        ..
    } = loaded;
    let usual = (*usual)?;
    let id = layout.cause.as_ref()?.span();
    let span = trace.spans.iter().find(|span| span.span_id == id)?;
    let namespace = namespace_of(trace).unwrap_or_else(|| ALL_NAMESPACES.to_owned());
    let title = kind::title(span);
    let runs = match span.step_kind() {
        StepKind::Tool => Condition::Name(Name::Tool, title),
        StepKind::Model => Condition::Name(Name::Model, title),
        StepKind::Agent | StepKind::Delegate | StepKind::Http => {
            Condition::Name(Name::Service, span.service.clone())
        }
    };
    let period = Period::Between(day_before(layout.start_ns));
    let runs = traces_href(&namespace, all_of([runs]), period);
    let metrics = Section::Metrics.href(&namespace);
    let asked = [("agent", span.service.as_str()), ("range", "24h")];
    let metrics = with_query(&metrics, &asked);
    let words = format!("usually takes {}", format::duration(usual.p50_ns));
    let of = format!(" (P50 of {} in the day before)", format::count(usual.n));
    let metrics = (Medium::here() == Medium::Page).then(|| {
        view! {
            ", "
            <a href=metrics>"see its metrics"</a>
        }
    });
    Some(
        view! {
            <span data-testid="trace-usual">
                " It " {link(runs, words)} {of} {metrics} "."
            </span>
        }
        .into_any(),
    )
}

/// Nobody calls a run slow that took less than a second.
fn lead_of(path_ns: u64) -> &'static str {
    const SLOW_NS: u64 = 1_000_000_000;
    if path_ns < SLOW_NS {
        "Most time went to "
    } else {
        "Slow because of "
    }
}

/// The critical path by kinds, as one bar; its widths add up to the run.
fn bar(shares: &[Share]) -> impl IntoView {
    /// Narrower parts have no room for their words, and carry them as a title alone.
    const ROOM_FOR_WORDS: f64 = 0.16;
    let parts = shares.iter().map(|share| {
        let (class, word) = named(share.kind);
        let text = format!("{word} {}", format::duration(share.length_ns));
        let title = text.clone();
        let class_of_words = if share.fraction < ROOM_FOR_WORDS {
            "visually-hidden"
        } else {
            "trace-share-words"
        };
        let style = format!("flex-grow:{:.4}", share.fraction.max(0.004));
        view! {
            <li class=format!("trace-share trace-share--{class}") style=style title=title>
                <span class=class_of_words>{text}</span>
            </li>
        }
    });
    view! {
        <ul class="trace-shares" aria-label="Critical path by kind">
            {parts.collect_view()}
        </ul>
    }
}

/// Class and word of a part.
fn named(kind: Option<StepKind>) -> (&'static str, &'static str) {
    match kind {
        Some(StepKind::Http) => ("http", "transport"),
        Some(StepKind::Delegate) => ("delegate", "delegation"),
        Some(kind) => (kind.as_str(), kind.as_str()),
        None => ("unknown", "unknown"),
    }
}
