//! The query's field, what was understood of it, and the time.

use std::collections::BTreeSet;

use leptos::prelude::*;

use super::{
    super::query::{Condition, KEYS, Misread, Name},
    asked::Asked,
    load::Found,
};
use crate::{
    components::{button::SubmitButton, query_field::QueryField},
    pages::period::period_picker,
    suggest::Key,
    untrusted::visible,
};

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
    let named = named(found);
    view! {
        <form class="query" method="get" role="search" aria-label="Traces">
            <QueryField
                text=asked.text.clone()
                keys=keys(&named)
                described=described.to_owned()
                is_wrong=wrong.is_some()
            />
            <SubmitButton>"Search"</SubmitButton>
            {suggestions(asked, &named)}
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

/// Conditions for the names that stand in what was found.
fn named(found: Option<&Found>) -> BTreeSet<String> {
    let works = found.iter().flat_map(|found| &found.matches);
    let works = works.filter_map(|trace| trace.work.as_ref());
    let mut named = BTreeSet::new();
    for work in works {
        let kinds = [
            (Name::Agent, &work.agents),
            (Name::Tool, &work.tools),
            (Name::Model, &work.models),
        ];
        for (name, values) in kinds {
            let condition = |value: &String| Condition::Name(name, value.clone()).to_string();
            named.extend(values.iter().take(MOST).map(condition));
        }
    }
    named
}

/// The keys of the language, with what is known to stand behind them.
fn keys(named: &BTreeSet<String>) -> Vec<Key> {
    let key = |(key, hint): (&str, &str)| {
        let begin = format!("{key}:");
        let known = named.iter();
        let known = known.filter_map(|condition| condition.strip_prefix(&begin));
        let fixed: &[&str] = match key {
            "status" => &["ok", "error", "incomplete"],
            "duration" => &[">1s", ">5s", ">30s"],
            "tokens" => &[">5000"],
            "cost" => &[">0.05"],
            _ => &[],
        };
        Key {
            name: key.to_owned(),
            hint: hint.to_owned(),
            values: known
                .chain(fixed.iter().copied())
                .map(str::to_owned)
                .collect(),
        }
    };
    KEYS.into_iter().map(key).collect()
}

/// For browsers without scripts: the query as it stands with one more condition.
fn suggestions(asked: &Asked, named: &BTreeSet<String>) -> AnyView {
    let fixed = [
        "status:error",
        "status:ok",
        "duration:>5s",
        "tokens:>5000",
        "cost:>0.05",
    ];
    let all = fixed.map(str::to_owned).into_iter();
    let all = all.chain(named.iter().cloned());
    let before = match asked.text.trim() {
        "" => String::new(),
        text => format!("{text} "),
    };
    let options =
        all.map(|condition| view! { <option value=format!("{before}{condition}")></option> });
    view! { <datalist id="query-suggestions">{options.collect_view()}</datalist> }.into_any()
}
