//! The values of a row.

use leptos::prelude::*;

use crate::{
    components::live_status::state_view,
    format,
    kinds::Kind,
    rows::{Cell, Column, Look, Row},
    untrusted::visible,
};

/// The state of the row.
pub(super) fn state(row: Memo<Option<Row>>) -> impl IntoView {
    move || row.with(|row| row.as_ref().map(|row| state_view(Some(row.state.clone()))))
}

/// One cell; it shows for a moment that it has changed.
pub(super) fn view(row: Memo<Option<Row>>, place: usize, column: &Column) -> AnyView {
    let class = match column.look {
        Look::Plain => "",
        Look::Prose => "table-prose",
        Look::Code => "table-code",
        Look::Number => "table-number",
    };
    let value = Memo::new(move |_| {
        row.with(|row| {
            let row = row.as_ref()?;
            Some((row.id.namespace.clone(), row.cells.get(place)?.clone()))
        })
    });
    let last = StoredValue::new(None);
    let n_changes = StoredValue::new(0_u32);
    let content = move || {
        let (namespace, cell) = value.get()?;
        let has_changed = last.with_value(|last| last.as_ref().is_some_and(|last| *last != cell));
        if has_changed {
            n_changes.update_value(|changes| *changes += 1);
        }
        last.set_value(Some(cell.clone()));
        // Two classes take turns, because an animation does not begin twice under one name.
        let class = match n_changes.get_value() {
            0 => "cell",
            changes if changes % 2 == 1 => "cell cell--changed",
            _ => "cell cell--changed-again",
        };
        Some(view! { <span class=class>{words(&namespace, cell)}</span> })
    };
    view! { <td class=class>{content}</td> }.into_any()
}

fn words(namespace: &str, cell: Cell) -> AnyView {
    match cell {
        Cell::Nothing | Cell::Measured => "–".into_any(),
        Cell::Text(text) => visible(&text).into_owned().into_any(),
        Cell::Texts(texts) => visible(&texts.join(", ")).into_owned().into_any(),
        Cell::Names(names) => links(namespace, names),
        Cell::Number(_, words) => words.into_any(),
        Cell::Link(_, words, href) => view! { <a href=href>{words}</a> }.into_any(),
        Cell::Time(time) => {
            let minute = format::minute(&time);
            view! { <time datetime=time>{minute}</time> }.into_any()
        }
    }
}

fn links(namespace: &str, names: Vec<(Kind, String)>) -> AnyView {
    let link = |(place, (kind, name)): (usize, (Kind, String))| {
        let href = kind.href(namespace, &name);
        view! {
            {(place > 0).then_some(", ")}
            <a href=href>{name}</a>
        }
    };
    names
        .into_iter()
        .enumerate()
        .map(link)
        .collect_view()
        .into_any()
}
