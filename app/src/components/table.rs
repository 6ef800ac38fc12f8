//! A table under one row of headings, which scrolls sideways by itself where it does not fit.

use leptos::prelude::*;

/// What stands above a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heading {
    /// Above words.
    Words(&'static str),
    /// Above numbers, which stand to the right.
    Number(&'static str),
    /// Above what the rows are sorted by, the greatest first.
    Descending(&'static str),
    /// Above what needs no heading to be seen.
    Unseen(&'static str),
}

/// Rows are drawn by who uses it: a `tr` each, with as many cells as there are headings.
#[component]
pub fn Table(
    /// Says what the table lists.
    #[prop(into)]
    label: String,
    /// From left to right.
    #[prop(into)]
    headings: Vec<Heading>,
    /// Besides what every table has, for columns with widths of their own.
    #[prop(optional)]
    class: &'static str,
    children: Children,
) -> impl IntoView {
    view! {
        <div class="table-scroll" role="region" aria-label=label tabindex="0">
            <table class=format!("table {class}")>
                <thead>
                    <tr>{headings.into_iter().map(heading).collect_view()}</tr>
                </thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn heading(heading: Heading) -> AnyView {
    match heading {
        Heading::Words(words) => view! { <th scope="col">{words}</th> }.into_any(),
        Heading::Number(words) => view! {
            <th scope="col" class="table-number">
                {words}
            </th>
        }
        .into_any(),
        Heading::Descending(words) => view! {
            <th scope="col" aria-sort="descending">
                {words}
            </th>
        }
        .into_any(),
        Heading::Unseen(words) => view! {
            <th scope="col">
                <span class="visually-hidden">{words}</span>
            </th>
        }
        .into_any(),
    }
}
