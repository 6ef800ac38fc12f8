//! Messages that wait for the end of the run before them.

use leptos::prelude::*;

use super::{Conversation, Queued};
use crate::untrusted::visible;

/// What waits, each with a way to take it back; when nothing goes on, also one to send the first.
pub(super) fn view(conversation: Conversation, is_open: Memo<bool>) -> AnyView {
    let queue = conversation.queue;
    let line = move |waiting: Queued| {
        let key = waiting.key;
        let take_back = move |_| queue.update(|queue| queue.retain(|one| one.key != key));
        view! {
            <li>
                <span class="chat-queue-text">{visible(&waiting.text).into_owned()}</span>
                <button class="button" type="button" on:click=take_back>
                    "Remove"
                </button>
            </li>
        }
    };
    view! {
        <Show when=move || !queue.with(Vec::is_empty)>
            <div class="chat-queue" data-testid="chat-queue">
                <p class="chat-meta">"Waiting for the answer before"</p>
                <ol>
                    <For each=move || queue.get() key=|waiting| waiting.key children=line />
                </ol>
                <Show when=move || !is_open.get()>
                    <button class="button" type="button" on:click=move |_| conversation.send_next()>
                        "Send the first"
                    </button>
                </Show>
            </div>
        </Show>
    }
    .into_any()
}
