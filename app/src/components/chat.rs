//! The conversation with an agent: what was said before, and what is being said now.
//!
//! The server draws the past and hands it in as children; the island adds what happens from then on.
//! A run is only ever what [`run_state`] makes of its stream.

#![expect(
    missing_docs,
    reason = "the macro writes a struct of the island's properties"
)]

mod beside;
mod composer;
pub(crate) mod messages;
mod options;
mod queue;
pub(crate) mod run_state;
#[cfg(any(feature = "hydrate", test))]
mod sse;
mod stream;
mod view_end;

use std::time::Duration;

use leptos::{html, prelude::*};
use serde::{Deserialize, Serialize};

use crate::{live, rows};
use api::chat::{ChatRequest, Message, Role};
use composer::composer;
use messages::turn_view;
use options::Options;
use run_state::{Input, RunState, Status};

/// How often a run is read on after its connection broke, with a pause before each time.
const RESUMES: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);

/// A run that went on when the page was drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenRun {
    /// Its id.
    pub id: String,
    /// The message that began it.
    pub question: String,
}

/// Who is talked to, and in which session.
#[derive(Clone, Copy)]
struct Conversation {
    namespace: StoredValue<String>,
    agent: StoredValue<String>,
    session: RwSignal<Option<String>>,
    turns: RwSignal<Vec<Turn>>,
    /// The reader's clock in milliseconds; it ticks while a run is open.
    now_ms: RwSignal<u64>,
    /// Output that came while the reader was looking further up.
    is_behind: RwSignal<bool>,
    log: NodeRef<html::Div>,
    /// Where messages are written.
    field: NodeRef<html::Textarea>,
    /// Messages that wait for the end of the run.
    queue: RwSignal<Vec<Queued>>,
    /// What is asked besides the message.
    options: RwSignal<Options>,
    /// The token of the form that is posted where no scripts run.
    csrf: StoredValue<String>,
}

/// A message that is sent as soon as the run before it has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Queued {
    key: usize,
    text: String,
}

/// A message sent from this page, and the run it started.
#[derive(Clone, Copy)]
struct Turn {
    key: usize,
    question: StoredValue<String>,
    run: RwSignal<RunState>,
    request: StoredValue<Option<stream::Request>, LocalStorage>,
    /// What the stream brought since the last frame was drawn.
    heard: StoredValue<Vec<Input>>,
    /// How often it was read on after its connection broke.
    n_resumes: StoredValue<u32>,
}

impl Turn {
    /// Brings the run up to date. Returns its id when it has to be read on, because its connection broke.
    fn after(self, heard: Vec<Input>) -> Option<String> {
        let now = stream::now_ms();
        let may_resume = self.n_resumes.with_value(|resumes| *resumes < RESUMES);
        let cut_off = self.run.try_update(|run| {
            for input in heard {
                if let Some(run_id) = run.to_resume(&input).filter(|_| may_resume) {
                    return Some(run_id);
                }
                *run = std::mem::take(run).after(input, now);
            }
            None
        });
        cut_off.flatten()
    }
}

impl Conversation {
    /// The run that is still going on.
    fn open_turn(self) -> Option<Turn> {
        let turns = self.turns.get();
        let is_open = |turn: &Turn| turn.run.with(|run| run.status.is_open());
        turns.into_iter().find(is_open)
    }

    /// Sends a message, or lets it wait for the end of the run that goes on.
    fn submit(self, text: String) {
        if untrack(|| self.open_turn()).is_none() {
            self.send(text);
            return;
        }
        self.queue.update(|queue| {
            let key = queue.last().map_or(0, |last| last.key + 1);
            queue.push(Queued { key, text });
        });
    }

    /// Sends the message that has waited longest, once nothing goes on.
    fn send_next(self) {
        if self.queue.with_untracked(Vec::is_empty) || untrack(|| self.open_turn()).is_some() {
            return;
        }
        let next = self.queue.try_update(|queue| queue.remove(0));
        if let Some(next) = next {
            self.send(next.text);
        }
    }

    /// Puts a message back into the field, to be changed and sent again.
    fn edit(self, text: &str) {
        if let Some(field) = self.field.get_untracked() {
            field.set_value(text);
            // A field that cannot be focused can still be written in.
            drop(field.focus());
        }
    }

    /// Sends a message and follows its run.
    fn send(self, text: String) {
        let turn = self.begin_turn(text.clone(), RunState::default());
        let path = format!(
            "/agents/{}/{}/v1/chat/completions",
            self.namespace.get_value(),
            self.agent.get_value()
        );
        let asked = ChatRequest {
            messages: vec![Message::text(Role::User, text)],
            stream: Some(true),
            session_id: self.session.get_untracked(),
            rest: self.options.with_untracked(Options::fields),
            ..ChatRequest::default()
        };
        let request = stream::send(path, asked, move |input| self.hear(turn, input));
        turn.request.set_value(Some(request));
        self.tick();
    }

    /// Shows a run that goes on already.
    fn resume(self, run: OpenRun) {
        let turn = self.begin_turn(run.question, RunState::resumed(run.id.clone()));
        self.follow(turn, &run.id);
        self.tick();
    }

    fn begin_turn(self, question: String, run: RunState) -> Turn {
        let turn = Turn {
            key: self.turns.with_untracked(Vec::len),
            question: StoredValue::new(question),
            run: RwSignal::new(run),
            request: StoredValue::new_local(None),
            heard: StoredValue::new(Vec::new()),
            n_resumes: StoredValue::new(0),
        };
        self.turns.update(|turns| turns.push(turn));
        self.follow_end();
        turn
    }

    /// Reads a run's events from the first on.
    fn follow(self, turn: Turn, run_id: &str) {
        let request = stream::follow(run_id, move |input| self.hear(turn, input));
        turn.request.set_value(Some(request));
    }

    /// Goes on with a run whose connection broke, after a pause.
    fn follow_again(self, turn: Turn, run_id: String) {
        turn.n_resumes.update_value(|resumes| *resumes += 1);
        let again = move || {
            if turn.run.with_untracked(|run| run.status.is_open()) {
                turn.run.set(RunState::resumed(run_id.clone()));
                self.follow(turn, &run_id);
            }
        };
        set_timeout(again, PAUSE);
    }

    /// Keeps what the stream brings for the next frame: a fast model says several words in one, and each
    /// change of a long answer costs the browser a layout.
    fn hear(self, turn: Turn, input: Input) {
        let is_first = turn.heard.try_update_value(|heard| {
            heard.push(input);
            heard.len() == 1
        });
        if is_first.is_some() {
            stream::before_next_frame(is_first == Some(true), move || self.take_in(turn));
        }
    }

    /// Shows what the stream brought.
    fn take_in(self, turn: Turn) {
        let heard = turn.heard.try_update_value(std::mem::take);
        let Some(heard) = heard.filter(|heard| !heard.is_empty()) else {
            return;
        };
        let mut cut_off = None;
        self.keep_end(|| cut_off = turn.after(heard));
        self.show_session(turn);
        if let Some(run_id) = cut_off {
            self.follow_again(turn, run_id);
            return;
        }
        if turn.run.with_untracked(|run| run.status == Status::Stopped) {
            stop_run(turn);
        }
        // After a failure or a stop the reader decides what becomes of what waits.
        if turn.run.with_untracked(|run| run.status == Status::Done) {
            self.send_next();
        }
    }

    /// Keeps the session of a run for the messages after it.
    fn show_session(self, turn: Turn) {
        let session = turn.run.with_untracked(|run| run.session_id.clone());
        if session.is_some() && self.session.get_untracked() != session {
            self.session.set(session);
            self.show_address();
        }
    }

    /// Stops the open run; what was said so far stays.
    fn stop(self) {
        if let Some(turn) = untrack(|| self.open_turn()) {
            self.hear(turn, Input::Stopped);
        }
    }

    /// Changes what is shown, and goes on looking at the end if that is what the reader did.
    fn keep_end(self, change: impl FnOnce()) {
        let was_at_end = view_end::is_near(self.log);
        change();
        if was_at_end {
            self.follow_end();
        } else {
            self.is_behind.set(true);
        }
    }

    fn follow_end(self) {
        self.is_behind.set(false);
        view_end::show(self.log);
    }

    /// Moves the clock as long as a run is open.
    fn tick(self) {
        self.now_ms.set(stream::now_ms());
        let is_open = untrack(|| self.open_turn().is_some());
        if is_open {
            let again = Duration::from_millis(100);
            set_timeout(move || self.tick(), again);
        }
    }

    /// Puts the session into the address, so that a reload shows it.
    fn show_address(self) {
        if let Some(session) = self.session.get_untracked() {
            stream::replace_address(&format!(
                "/ns/{}/agents/{}/chat/{session}",
                self.namespace.get_value(),
                self.agent.get_value()
            ));
        }
    }
}

/// Tells the agent to stop, as soon as the run's id is known.
fn stop_run(turn: Turn) {
    let Some(run_id) = turn.run.with_untracked(|run| run.run_id.clone()) else {
        return;
    };
    turn.request.update_value(|request| {
        if let Some(request) = request.take() {
            stream::cancel(&run_id);
            stream::abort(request);
        }
    });
}

/// The conversation and the field to go on with it.
#[island(lazy)]
pub fn ChatConsole(
    /// Namespace of the agent.
    namespace: String,
    /// Its name.
    agent: String,
    /// The session that is shown; the agent begins one when there is none.
    session: Option<String>,
    /// The agent's state when the page was drawn.
    state: rows::State,
    /// Its runs in this session that go on.
    open_runs: Vec<OpenRun>,
    /// The token of the form that is posted where no scripts run.
    csrf: String,
    /// The trace of the newest run that has ended.
    trace: Option<String>,
    /// What was said before.
    children: Children,
) -> impl IntoView {
    let conversation = Conversation {
        namespace: StoredValue::new(namespace.clone()),
        agent: StoredValue::new(agent.clone()),
        session: RwSignal::new(session),
        turns: RwSignal::new(Vec::new()),
        now_ms: RwSignal::new(0),
        is_behind: RwSignal::new(false),
        log: NodeRef::new(),
        field: NodeRef::new(),
        queue: RwSignal::new(Vec::new()),
        options: RwSignal::default(),
        csrf: StoredValue::new(csrf),
    };
    let state = RwSignal::new(state);
    Effect::new(move || {
        view_end::show(conversation.log);
        untrack(|| {
            open_runs
                .iter()
                .cloned()
                .for_each(|run| conversation.resume(run));
        });
        let name = agent.clone();
        live::subscribe(live::topic(&namespace, "agents"), move |message| {
            if let Some(object) = rows::object_in(message, &name) {
                state.set(rows::State::of(object));
            }
        });
    });
    let is_open = Memo::new(move |_| conversation.open_turn().is_some());
    view! {
        <div class="chat-console">
            <div
                class="chat-log"
                node_ref=conversation.log
                role="log"
                aria-label="Conversation"
                aria-busy=move || is_open.get().to_string()
                tabindex="0"
                on:scroll=move |_| {
                    if view_end::is_near(conversation.log) {
                        conversation.is_behind.set(false);
                    }
                }
            >
                {children()}
                <For
                    each=move || conversation.turns.get()
                    key=|turn| turn.key
                    children=move |turn| turn_view(conversation, turn)
                />
            </div>
            <Show when=move || conversation.is_behind.get()>
                <button
                    class="button chat-behind"
                    type="button"
                    on:click=move |_| conversation.follow_end()
                >
                    "New output"
                </button>
            </Show>
            {queue::view(conversation, is_open)}
            {composer(conversation, state, is_open)} {beside::view(conversation, trace)}
        </div>
    }
    .into_any()
}
