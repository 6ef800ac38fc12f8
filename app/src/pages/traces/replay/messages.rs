//! The messages of a call, as they are edited: each with its buttons, and one to add another.

use api::chat::{Content, Message, Role};
use leptos::prelude::*;

use super::{recording::Recording, text_field};
use crate::{
    components::code_block::CodeBlock,
    site::replay_form::{
        Change, Origin, ROLES, ReplayForm, SAID, role_field, text_field as field_of,
    },
    untrusted::visible,
};

/// All of them.
pub(super) fn view(recording: &Recording, form: &ReplayForm) -> AnyView {
    let places = 0..form.messages.0.len();
    let messages = places.map(|place| message(recording, form, place));
    let messages = messages.collect_view();
    let add = Change::Add(form.messages.0.len()).to_string();
    view! {
        <div class="panel-body replay-said">
            {problem(SAID.to_owned(), form.problem(SAID))}
            <ol class="replay-messages">{messages}</ol>
            <p>
                <button class="button" type="submit" formnovalidate name="intent" value=add>
                    "Add a message"
                </button>
            </p>
        </div>
    }
    .into_any()
}

fn message(recording: &Recording, form: &ReplayForm, place: usize) -> Option<AnyView> {
    let said = form.messages.0.get(place)?;
    let number = place + 1;
    let body = match (said.origin, form.messages.recorded(place, recording)) {
        (Origin::Added(role), _) => added(form, place, role),
        (Origin::Recorded(_), Some(message)) => recorded(recording, form, place, message),
        (Origin::Recorded(_), None) => return None,
    };
    let is_result = form.messages.is_result(place, recording);
    let below = if is_result {
        let caller = form.messages.caller(place, recording);
        caller.map(|caller| {
            let words = format!(
                "Stays with its call, in message {}, and goes when that is removed.",
                caller + 1
            );
            view! { <p class="field-hint">{words}</p> }.into_any()
        })
    } else {
        let has_results = form.messages.is_result(number, recording);
        Some(buttons(place, has_results))
    };
    Some(
        view! {
            <li class="field">
                <input type="hidden" name=SAID value=said.origin.to_string() />
                {body}
                {below}
            </li>
        }
        .into_any(),
    )
}

fn buttons(place: usize, has_results: bool) -> AnyView {
    let number = place + 1;
    let button = |change: Change, words: &'static str| {
        view! {
            <button type="submit" formnovalidate name="intent" value=change.to_string()>
                {words}
                <span class="visually-hidden">{format!(" message {number}")}</span>
            </button>
        }
    };
    let remove = if has_results {
        "Remove with its results"
    } else {
        "Remove"
    };
    view! {
        <p class="replay-message-buttons">
            {button(Change::Add(place), "Add above")} {button(Change::Remove(place), remove)}
        </p>
    }
    .into_any()
}

/// One that was recorded, to be changed.
fn recorded(recording: &Recording, form: &ReplayForm, place: usize, message: &Message) -> AnyView {
    let role = match message.role {
        Role::System => "system".to_owned(),
        Role::Developer => "developer".to_owned(),
        Role::User => "user".to_owned(),
        Role::Assistant => "assistant".to_owned(),
        Role::TaskDelegation => "task".to_owned(),
        Role::Tool => format!("result of {}", called(recording, form, place, message)),
    };
    let label = format!("{} · {role}", place + 1);
    let calls = message.tool_calls.iter().map(|call| {
        let function = &call.function;
        let text = format!("{}({})", function.name, function.arguments);
        view! { <CodeBlock label="Call" text /> }
    });
    let calls = calls.collect_view();
    let field = match message.content {
        Some(Content::Text(_)) => {
            let id = field_of(place);
            view! {
                <label class="field-label" for=id.clone()>
                    {label}
                </label>
                {text_of(form, place, id)}
            }
            .into_any()
        }
        Some(Content::Parts(_)) => view! {
            <p class="field-label">{label}</p>
            <p class="field-hint">"It holds more than text, and is sent as it was recorded."</p>
        }
        .into_any(),
        None => view! { <p class="field-label">{label}</p> }.into_any(),
    };
    view! {
        {field}
        {calls}
    }
    .into_any()
}

/// The function whose result a message is.
fn called(recording: &Recording, form: &ReplayForm, place: usize, result: &Message) -> String {
    let caller = form.messages.caller(place, recording);
    let caller = caller.and_then(|caller| form.messages.recorded(caller, recording));
    let calls = caller.map_or(&[][..], |caller| &caller.tool_calls);
    let call = calls
        .iter()
        .find(|call| Some(&call.id) == result.tool_call_id.as_ref());
    call.map_or("a call".to_owned(), |call| {
        visible(&call.function.name).into_owned()
    })
}

/// One that was added: who says it, and what.
fn added(form: &ReplayForm, place: usize, role: Role) -> AnyView {
    let (id, role_id, number) = (field_of(place), role_field(place), place + 1);
    let option = |(word, choice): (&'static str, Role)| {
        view! {
            <option value=word selected=choice == role>
                {word}
            </option>
        }
    };
    view! {
        <label class="field-label" for=role_id.clone()>
            {format!("{number} · said by")}
        </label>
        <select id=role_id.clone() name=role_id>
            {ROLES.into_iter().map(option).collect_view()}
        </select>
        <label class="field-label" for=id.clone()>
            {format!("{number} · added message")}
        </label>
        {text_of(form, place, id)}
    }
    .into_any()
}

fn text_of(form: &ReplayForm, place: usize, id: String) -> AnyView {
    let text = form.messages.0.get(place).map_or("", |said| &said.text);
    let error = form.problem(&id);
    let is_next = form.next == Some(place);
    view! {
        {text_field(id.clone(), text, is_next, error)}
        {problem(id, error)}
    }
    .into_any()
}

/// What is wrong with a field; it is there when nothing is, so that it can be filled in.
fn problem(id: String, words: &'static str) -> AnyView {
    view! {
        <p class="field-error" id=format!("{id}-error") hidden=words.is_empty()>
            {words}
        </p>
    }
    .into_any()
}
