//! The query's field, what was understood of it, and the time.

use leptos::prelude::*;

use super::{
    super::query::{KEYS, Misread, Name},
    asked::Asked,
    load::Found,
};
use crate::{components::button::SubmitButton, pages::period::period_picker, untrusted::visible};

/// Values of one condition that are offered.
const MOST: usize = 12;

/// The form; what was found is where its suggestions come from.
pub(super) fn form(asked: &Asked, found: Option<&Found>) -> AnyView {
    let aside = asked.aside();
    let hidden = aside
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| view! { <input type="hidden" name=*name value=value.clone() /> })
        .collect_view();
    let mut rest: Vec<(&str, &str)> = vec![("q", &asked.text)];
    rest.extend(aside.iter().map(|(name, value)| (*name, value.as_str())));
    let wrong = asked.query.as_ref().err();
    let described = match wrong {
        Some(_) => "query-wrong query-help",
        None => "query-help",
    };
    view! {
        <form class="query" method="get" role="search" aria-label="Traces">
            <label class="query-field">
                <span class="visually-hidden">"Query"</span>
                <input
                    type="search"
                    name="q"
                    value=asked.text.clone()
                    list="query-suggestions"
                    spellcheck="false"
                    data-keys="/"
                    placeholder="agent:coordinator status:error duration:>5s"
                    aria-describedby=described
                    aria-invalid=wrong.map(|_| "true")
                />
            </label>
            <SubmitButton>"Search"</SubmitButton>
            {suggestions(asked, found)}
            {hidden}
            {period_picker(asked.period, &asked.path(), &rest)}
            {wrong.map(|wrong| misread(&asked.text, wrong))}
            {help()}
        </form>
    }
    .into_any()
}

/// Where the query stops making sense, and what is expected there.
fn misread(text: &str, Misread { place, message }: &Misread) -> AnyView {
    let part =
        |range: std::ops::Range<usize>| visible(text.get(range).unwrap_or_default()).into_owned();
    let (before, wrong, after) = (
        part(0..place.start),
        part(place.clone()),
        part(place.end..text.len()),
    );
    let message = visible(message).into_owned();
    view! {
        <div class="query-wrong" id="query-wrong" role="alert">
            <code>{before}<mark>{wrong}</mark>{after}</code>
            <p>{message}"."</p>
        </div>
    }
    .into_any()
}

fn help() -> AnyView {
    let line = |(key, what): (&'static str, &'static str)| {
        view! {
            <dt>
                <code>{key}":"</code>
            </dt>
            <dd>{what}</dd>
        }
    };
    view! {
        <details class="query-help">
            <summary id="query-help">"How to ask"</summary>
            <p>
                "All conditions have to be met; one with " <code>"-"</code>
                " in front must not be. Free words are looked for in what the spans recorded, or are a trace's id."
            </p>
            <dl>{KEYS.map(line).collect_view()}</dl>
        </details>
    }
    .into_any()
}

/// The query as it stands with one more condition, for each that makes sense of what was found.
fn suggestions(asked: &Asked, found: Option<&Found>) -> AnyView {
    let works = found.iter().flat_map(|found| &found.matches);
    let works = works.filter_map(|trace| trace.work.as_ref());
    let mut names = std::collections::BTreeSet::new();
    for work in works {
        let of = |name: Name, values: &std::collections::BTreeSet<String>| {
            let values = values.iter().take(MOST).cloned();
            values.map(|value| (name, value)).collect::<Vec<_>>()
        };
        names.extend(
            [
                of(Name::Agent, &work.agents),
                of(Name::Tool, &work.tools),
                of(Name::Model, &work.models),
            ]
            .into_iter()
            .flatten()
            .map(|(name, value)| super::super::query::Condition::Name(name, value).to_string()),
        );
    }
    let fixed = [
        "status:error",
        "status:ok",
        "duration:>5s",
        "tokens:>5000",
        "cost:>0.05",
    ];
    let all = fixed.map(str::to_owned).into_iter().chain(names);
    let before = match asked.text.trim() {
        "" => String::new(),
        text => format!("{text} "),
    };
    let options =
        all.map(|condition| view! { <option value=format!("{before}{condition}")></option> });
    view! { <datalist id="query-suggestions">{options.collect_view()}</datalist> }.into_any()
}
