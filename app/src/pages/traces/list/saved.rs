//! Searches that have names: the way to each, and the form that keeps this one.

use api::telemetry::SavedSearch;
use leptos::prelude::*;

use super::asked::Asked;
use crate::{components::button::SubmitButton, frame::CsrfField, untrusted::visible, url};

/// The searches of the namespace, and a way to keep what is asked for now once it is understood.
pub(super) fn saved(searches: &[SavedSearch], asked: &Asked) -> AnyView {
    let question = asked.question();
    let is_known = searches.iter().any(|search| search.address == question);
    let line = |search: &SavedSearch| line(search, &question, asked);
    let lines = searches.iter().map(line).collect_view();
    let list =
        (!searches.is_empty()).then(|| view! { <ul aria-label="Saved searches">{lines}</ul> });
    let keep = (asked.query.is_ok() && !is_known).then(|| {
        view! {
            <details>
                <summary>"Save this search"</summary>
                <form method="post" action=format!("{}/searches", asked.path())>
                    {fields(asked)}
                    <label>
                        <span class="visually-hidden">"Name of this search"</span>
                        <input
                            type="text"
                            name="name"
                            maxlength="80"
                            placeholder="Name"
                            autocomplete="off"
                            required
                        />
                    </label>
                    <SubmitButton>"Save"</SubmitButton>
                </form>
            </details>
        }
    });
    view! { <div class="searches">{list} {keep}</div> }.into_any()
}

fn line(search: &SavedSearch, question: &str, asked: &Asked) -> AnyView {
    let name = visible(&search.name).into_owned();
    let is_shown = search.address == question;
    let href = format!("{}?{}", asked.path(), search.address);
    let pairs = url::pairs(&search.address);
    let query = pairs.into_iter().find(|(name, _)| name == "q");
    let query = query.map(|(_, query)| visible(&query).into_owned());
    view! {
        <li>
            <a href=href title=query aria-current=is_shown.then_some("true")>
                {name.clone()}
            </a>
            <form method="post" action=format!("{}/searches/delete", asked.path())>
                {fields(asked)} <input type="hidden" name="name" value=search.name.clone() />
                <button type="submit" aria-label=format!("Forget the search {name}")>
                    "×"
                </button>
            </form>
        </li>
    }
    .into_any()
}

/// What is asked for now, as hidden fields: the list that is shown again afterwards.
fn fields(asked: &Asked) -> AnyView {
    let pairs = url::pairs(&asked.question()).into_iter();
    let pairs = pairs.map(|(name, value)| view! { <input type="hidden" name=name value=value /> });
    view! {
        <CsrfField />
        {pairs.collect_view()}
    }
    .into_any()
}
