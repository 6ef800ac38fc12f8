//! What two runs have, side by side.

use api::{
    money::Usd,
    traces::{SpanId, TraceId},
};
use jiff::Timestamp;
use leptos::prelude::*;

use super::{
    super::url::TraceUrl,
    align::{Pair, Step, Usage},
    name_of,
    run::{Run, texts},
    summary::{delta, signed},
};
use crate::{
    components::{
        kind_tile::KindTile,
        table::{Heading, Table},
    },
    diff::{DiffLine, words as word_diff},
    format,
    untrusted::{block, visible},
};

/// Rows that are drawn.
const MOST_ROWS: usize = 500;
/// Rows whose words are compared.
const MOST_DIFFS: usize = 60;

/// The totals.
pub(super) fn numbers(a: &Run, b: &Run) -> AnyView {
    let facts = [&a.layout.facts, &b.layout.facts];
    let total = facts.map(|facts| facts.total_ns);
    let time = (
        "Time",
        total.map(format::duration),
        delta(signed(total[1]) - signed(total[0])),
    );
    let number = |word: &'static str, [a, b]: [usize; 2]| {
        let (a, b) = (a as u64, b as u64);
        (word, [a, b].map(format::count), count_delta(a, b))
    };
    let usage = [a.usage, b.usage];
    let lines = [
        time,
        number("Steps", facts.map(|facts| facts.steps)),
        number("Model calls", facts.map(|facts| facts.model_calls)),
        number("Tool calls", facts.map(|facts| facts.tool_calls)),
        number("Delegations", facts.map(|facts| facts.delegations)),
        (
            "Tokens",
            usage.map(|usage| format::count(usage.tokens)),
            count_delta(usage[0].tokens, usage[1].tokens),
        ),
        (
            "Cost",
            usage.map(|usage| money(usage.cost)),
            cost_delta(usage[0].cost, usage[1].cost),
        ),
        number("Error spans", facts.map(|facts| facts.errors)),
    ];
    let line = |(word, [a, b], delta): (&'static str, [String; 2], String)| {
        view! {
            <tr>
                <th scope="row">{word}</th>
                <td class="table-number">{a}</td>
                <td class="table-number">{b}</td>
                <td class="table-number">{delta}</td>
            </tr>
        }
    };
    let head = |letter: &'static str, run: &Run| {
        let (name, href) = name_of(run);
        let started = started(run);
        view! {
            <th scope="col" class="table-number">
                {letter} " " <a href=href>{name}</a> " " {started}
            </th>
        }
    };
    view! {
        <div class="table-scroll" role="region" aria-label="Totals" tabindex="0">
            <table class="table compare-numbers">
                <thead>
                    <tr>
                        <td></td>
                        {head("A", a)}
                        {head("B", b)}
                        <th scope="col" class="table-number">
                            "B − A"
                        </th>
                    </tr>
                </thead>
                <tbody>{lines.map(line).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn started(run: &Run) -> String {
    let time = Timestamp::from_nanosecond(i128::from(run.layout.start_ns)).unwrap_or_default();
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The steps of both, aligned.
pub(super) fn steps(a: &Run, b: &Run, pairs: &[(usize, Pair<'_>)]) -> AnyView {
    let mut n_diffs = 0;
    let rows = pairs.iter().take(MOST_ROWS).map(|(depth, pair)| {
        let texts = (n_diffs < MOST_DIFFS).then(|| differing(a, b, *pair));
        let texts = texts.unwrap_or_default();
        n_diffs += usize::from(!texts.is_empty());
        row(*depth, *pair, (a.trace.id, b.trace.id), texts)
    });
    let rows = rows.collect_view();
    let cut = pairs.len().saturating_sub(MOST_ROWS);
    let mut headings = vec![Heading::Words("Step"), Heading::Words("Agent")];
    headings.extend(["A", "B", "B − A", "Tokens", "Cost"].map(Heading::Number));
    view! {
        <section class="panel">
            <h2>"Steps"</h2>
            <Table label="Steps of both runs" headings class="compare-steps">
                {rows}
            </Table>
            {(cut > 0).then(|| view! { <p class="panel-note">{cut} " more steps are not shown."</p> })}
        </section>
    }
    .into_any()
}

fn row(
    depth: usize,
    pair: Pair<'_>,
    (id_a, id_b): (TraceId, TraceId),
    texts: Vec<(&'static str, String, String)>,
) -> AnyView {
    let step = pair.step();
    let (class, sign, side) = match pair {
        Pair::Both(..) => ("", "", ""),
        Pair::OnlyA(_) => ("compare-only", "− ", " only in A"),
        Pair::OnlyB(_) => ("compare-only", "+ ", " only in B"),
    };
    let title = match pair {
        Pair::Both(a, b) if a.title != b.title => format!("{} / {}", a.title, b.title),
        Pair::Both(..) | Pair::OnlyA(_) | Pair::OnlyB(_) => step.title.clone(),
    };
    let time = |step: Option<&Step>, id| step.map(|step| duration(step, id));
    let [by, tokens, cost] = match pair {
        Pair::Both(a, b) => {
            let usage = |of: fn(Usage, Usage) -> String| match (a.usage, b.usage) {
                (Some(a), Some(b)) => of(a, b),
                (_, _) => String::new(),
            };
            [
                delta(signed(b.duration_ns) - signed(a.duration_ns)),
                usage(|a, b| count_delta(a.tokens, b.tokens)),
                usage(|a, b| cost_delta(a.cost, b.cost)),
            ]
        }
        Pair::OnlyA(_) | Pair::OnlyB(_) => Default::default(),
    };
    let diffs = texts
        .into_iter()
        .map(|(word, a, b)| view! { <details class="compare-diff"><summary>{word} " differs"</summary>{parts(&a, &b)}</details> })
        .collect_view();
    view! {
        <tr class=class data-testid="compare-row">
            <td class="compare-step" style=format!("--depth:{depth}")>
                <span>
                    <b class="compare-sign">{sign}</b>
                    {step.kind.map(|kind| view! { <KindTile kind /> })}
                    " "
                    {visible(&title).into_owned()}
                    <span class="compare-side">{side}</span>
                </span>
                {diffs}
            </td>
            <td>{visible(&step.agent).into_owned()}</td>
            <td class="table-number">{time(pair.a(), id_a)}</td>
            <td class="table-number">{time(pair.b(), id_b)}</td>
            <td class="table-number">{by}</td>
            <td class="table-number">{tokens}</td>
            <td class="table-number">{cost}</td>
        </tr>
    }
    .into_any()
}

/// How long a step took, as a link to it.
fn duration(step: &Step, id: TraceId) -> AnyView {
    let words = format::duration(step.duration_ns);
    let failed = step.failed.then_some("▲ failed ");
    let link = |span: SpanId| {
        let href = TraceUrl::of(id).with_span(span).to_string();
        view! { <a href=href>{words.clone()}</a> }.into_any()
    };
    let words = match step.span {
        Some(span) => link(span),
        None => words.clone().into_any(),
    };
    view! {
        {failed}
        {words}
    }
    .into_any()
}

/// The texts of a pair that are not the same.
fn differing(a: &Run, b: &Run, pair: Pair<'_>) -> Vec<(&'static str, String, String)> {
    let Pair::Both(one, other) = pair else {
        return Vec::new();
    };
    let (Some(one), Some(other)) = (a.span(one), b.span(other)) else {
        return Vec::new();
    };
    let theirs = texts(other);
    let pairs = texts(one).into_iter().filter_map(|(word, text)| {
        let (_, other) = theirs.iter().find(|(known, _)| *known == word)?;
        (text != *other).then(|| (word, text, other.clone()))
    });
    pairs.collect()
}

/// A text of both runs.
pub(super) fn words(title: &'static str, a: Option<&str>, b: Option<&str>) -> AnyView {
    let content = match (a, b) {
        (None, None) => view! { <p class="panel-note">"It was not recorded."</p> }.into_any(),
        (Some(a), Some(b)) if a == b => {
            let text = block(a).text.into_owned();
            view! {
                <div class="panel-body">
                    <p class="compare-note">"The same in both:"</p>
                    <p class="compare-words">{text}</p>
                </div>
            }
            .into_any()
        }
        (a, b) => {
            let parts = parts(a.unwrap_or_default(), b.unwrap_or_default());
            view! { <div class="panel-body">{parts}</div> }.into_any()
        }
    };
    view! {
        <section class="panel">
            <h2>{title}</h2>
            {content}
        </section>
    }
    .into_any()
}

/// Words that went and words that came; by sign as well as by colour.
fn parts(a: &str, b: &str) -> AnyView {
    let (a, b) = (block(a).text, block(b).text);
    let part = |part: DiffLine| match part {
        DiffLine::Same(text) => view! { <span>{text}</span> }.into_any(),
        DiffLine::Gone(text) => view! { <del>{text}</del> }.into_any(),
        DiffLine::New(text) => view! { <ins>{text}</ins> }.into_any(),
    };
    let parts = word_diff(&a, &b).into_iter().map(part).collect_view();
    view! { <p class="compare-words">{parts}</p> }.into_any()
}

fn money(cost: Option<Usd>) -> String {
    cost.map_or_else(|| "no price".to_owned(), format::dollars)
}

fn count_delta(a: u64, b: u64) -> String {
    match b.cmp(&a) {
        std::cmp::Ordering::Equal => "±0".to_owned(),
        std::cmp::Ordering::Greater => format!("+{}", format::count(b - a)),
        std::cmp::Ordering::Less => format!("−{}", format::count(a - b)),
    }
}

fn cost_delta(a: Option<Usd>, b: Option<Usd>) -> String {
    let (Some(a), Some(b)) = (a, b) else {
        return String::new();
    };
    let (a, b) = (a.billionths(), b.billionths());
    let money = |billionths| format::dollars(Usd::from_billionths(billionths));
    match b.cmp(&a) {
        std::cmp::Ordering::Equal => "±0".to_owned(),
        std::cmp::Ordering::Greater => format!("+{}", money(b - a)),
        std::cmp::Ordering::Less => format!("−{}", money(a - b)),
    }
}
