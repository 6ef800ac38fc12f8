//! Fields that two changed at once: what each says, and what both began from.

use leptos::prelude::*;

use crate::site::resource_forms::Conflict;

/// One choice per field. Sending the form again decides.
pub(super) fn view(conflicts: &[Conflict]) -> Option<AnyView> {
    if conflicts.is_empty() {
        return None;
    }
    let lines = conflicts.iter().map(one).collect_view();
    Some(
        view! {
            <div class="instead instead--partial" role="alert">
                <div class="instead-words">
                    <strong>"Somebody changed the same in the meantime"</strong>
                    <p>"Choose what is to stay, then save again."</p>
                    {lines}
                </div>
            </div>
        }
        .into_any(),
    )
}

fn one(conflict: &Conflict) -> impl IntoView + use<> {
    let Conflict {
        id,
        label,
        mine,
        theirs,
        base,
    } = conflict.clone();
    let name = format!("resolve.{id}");
    let choice = |value: &'static str, words: &'static str, text: String| {
        view! {
            <label class="conflict-choice">
                <input type="radio" name=name.clone() value=value checked=value == "mine" />
                <span>
                    <strong>{words}</strong>
                    <span class="conflict-text">{shown(text)}</span>
                </span>
            </label>
        }
    };
    view! {
        <fieldset class="conflict">
            <legend>{label}</legend>
            {choice("mine", "Yours", mine)}
            {choice("theirs", "Theirs", theirs)}
            <p class="conflict-base">
                "Before: " <span class="conflict-text">{shown(base)}</span>
            </p>
        </fieldset>
    }
}

fn shown(text: String) -> String {
    if text.is_empty() {
        "(empty)".to_owned()
    } else {
        text
    }
}
