//! The field to write in, Send and Stop.

use api::resources::Phase;
use leptos::{ev, prelude::*};

use super::{Conversation, beside, options};
use crate::rows::State;

/// Enter sends, Shift+Enter begins a line, Escape stops. `state` is the agent's; `is_open` says
/// whether a run is going on.
pub(super) fn composer(
    conversation: Conversation,
    state: RwSignal<State>,
    is_open: Memo<bool>,
) -> AnyView {
    let field = conversation.field;
    let agent = conversation.agent.get_value();
    let reason = move || blocked(&conversation.agent.get_value(), &state.read());
    let can_send = move || reason().is_none();
    let submit = move || {
        let text = field.get_untracked().map(|field| field.value());
        let text = text.filter(|text| !text.trim().is_empty());
        if let Some(text) = text.filter(|_| untrack(can_send)) {
            if let Some(field) = field.get_untracked() {
                field.set_value("");
            }
            conversation.submit(text.trim().to_owned());
        }
    };
    let on_key = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Enter" if !event.shift_key() && !event.is_composing() => {
            event.prevent_default();
            submit();
        }
        "ArrowUp"
            if field
                .get_untracked()
                .is_some_and(|field| field.value().is_empty()) =>
        {
            let last = conversation
                .turns
                .with_untracked(|turns| turns.last().copied());
            if let Some(last) = last {
                event.prevent_default();
                conversation.edit(&last.question.get_value());
            }
        }
        "Escape" if untrack(|| is_open.get()) => {
            event.prevent_default();
            conversation.stop();
        }
        _ => {}
    };
    view! {
        <form
            class="chat-composer"
            method="post"
            on:submit=move |event| {
                event.prevent_default();
                submit();
            }
        >
            // Without scripts the form is posted, and the page shows what comes of it.
            <input type="hidden" name="csrf" value=conversation.csrf.get_value() />
            <label class="visually-hidden" for="chat-message">
                {format!("Message {agent}")}
            </label>
            <textarea
                id="chat-message"
                name="message"
                rows="3"
                placeholder=format!("Message {agent}")
                aria-describedby="chat-hint"
                node_ref=field
                on:keydown=on_key
                on:focus=|_| beside::prepare()
            ></textarea>
            <div class="chat-buttons">
                <button class="button button--primary" type="submit" disabled=move || !can_send()>
                    {move || if is_open.get() { "Queue" } else { "Send" }}
                </button>
                <Show when=move || is_open.get()>
                    <button class="button" type="button" on:click=move |_| conversation.stop()>
                        "Stop"
                    </button>
                </Show>
            </div>
            {options::view(conversation.options)}
            <p id="chat-hint" class="chat-hint">
                {move || reason().unwrap_or_else(|| HINT.to_owned())}
            </p>
        </form>
    }
    .into_any()
}

const HINT: &str =
    "Enter sends, Shift+Enter begins a new line, Esc stops, ↑ edits the last message.";

/// Why nothing can be sent.
fn blocked(agent: &str, state: &State) -> Option<String> {
    let why = match state.phase {
        Phase::Ready => return None,
        Phase::Pending => "is starting",
        Phase::Waiting => "waits for something it needs",
        Phase::Failed => "has failed",
    };
    Some(match state.reason.as_str() {
        "" => format!("{agent} {why}."),
        reason => format!("{agent} {why}: {reason}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_that_is_not_ready_says_why_nothing_can_be_sent() {
        let state = |phase, reason: &str| State {
            phase,
            reason: reason.to_owned(),
        };
        assert_eq!(blocked("a", &state(Phase::Ready, "")), None);
        let waiting = state(Phase::Waiting, "ModelAPI x is missing");
        let words = "a waits for something it needs: ModelAPI x is missing";
        assert_eq!(blocked("a", &waiting).as_deref(), Some(words));
    }
}
