//! What an agent remembers: its sessions, and the events of one of them.

mod context;
mod event;
mod views;

use std::collections::BTreeMap;

use leptos::prelude::*;

use super::{
    chat::{history::MemoryEvent, memory::Remembering},
    params::query_param,
    resource::{
        head::Page,
        tab::{About, tab},
    },
};
use crate::{
    components::{
        button::{LinkButton, SubmitButton, Weight},
        dialog::Dialog,
        instead::{Instead, Why},
        tabs::{Tab, Tabs},
    },
    format,
    frame::CsrfField,
    kinds::Kind,
    untrusted::visible,
    url::Encoded,
};
use event::summary;

/// `/ns/{ns}/agents/{name}/memory` and `/memory/{session}?view=&type=&q=`.
#[component]
pub(crate) fn MemoryPage(name: String, session: Option<String>) -> impl IntoView {
    let asked = Asked {
        session: session.clone(),
        view: View::of(query_param("view").as_deref()),
        kind: query_param("type"),
        words: query_param("q"),
    };
    tab(
        (Kind::Agent, name, Page::Memory),
        move |ports, about| async move {
            let agent = Remembering {
                agents: &ports.agents,
                namespace: &about.id.namespace,
                name: &about.id.name,
            };
            let newest = match agent.events(None).await {
                Ok(newest) => newest,
                Err(error) => return Ok(Err(error.to_string())),
            };
            let events = match &session {
                Some(session) => agent.events(Some(session)).await,
                None => Ok(Vec::new()),
            };
            let sessions = agent.sessions().await;
            let both = sessions.and_then(|sessions| Ok((sessions, events?)));
            Ok(both
                .map(|(sessions, events)| Remembered {
                    sessions: Session::all(&sessions, &newest),
                    events,
                })
                .map_err(|error| error.to_string()))
        },
        move |about, remembered| match remembered {
            Ok(remembered) => draw(about, &remembered, &asked),
            Err(message) => unavailable(about, &message),
        },
    )
}

/// How the events of a session are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum View {
    /// Who said what, with calls and their results together.
    #[default]
    Conversation,
    /// A line for each.
    Events,
    /// What of it the model is given.
    Context,
    /// As the agent sends them.
    Raw,
}

impl View {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Conversation, "conversation", "Conversation"),
        (Self::Events, "events", "Events"),
        (Self::Context, "context", "Context"),
        (Self::Raw, "raw", "Raw"),
    ];

    fn of(value: Option<&str>) -> Self {
        let known = Self::ALL.iter().find(|(_, known, _)| value == Some(*known));
        known.map_or_else(Self::default, |(view, ..)| *view)
    }

    fn word(self) -> &'static str {
        let own = Self::ALL.iter().find(|(view, ..)| *view == self);
        own.map_or("", |(_, _, word)| word)
    }
}

/// What the address says.
struct Asked {
    session: Option<String>,
    view: View,
    kind: Option<String>,
    words: Option<String>,
}

impl Asked {
    fn is_filter(&self) -> bool {
        self.kind.is_some() || self.words.is_some()
    }

    fn keeps(&self, event: &MemoryEvent) -> bool {
        let kind = self.kind.as_ref();
        let words = self.words.as_ref().map(|words| words.to_lowercase());
        kind.is_none_or(|kind| *kind == event.event_type)
            && words.is_none_or(|words| summary(event).to_lowercase().contains(&words))
    }
}

struct Remembered {
    sessions: Vec<Session>,
    events: Vec<MemoryEvent>,
}

/// A session in the list at the left.
struct Session {
    id: String,
    /// Its first message, if that is among the newest events.
    title: Option<String>,
    n_events: usize,
    /// When something happened in it last, ISO 8601.
    last: Option<String>,
}

impl Session {
    /// All sessions, with what the newest events tell of them.
    fn all(ids: &[String], newest: &[MemoryEvent]) -> Vec<Self> {
        let mut of = BTreeMap::<&str, Vec<&MemoryEvent>>::new();
        for event in newest {
            let session = event.session_id.as_deref().unwrap_or_default();
            of.entry(session).or_default().push(event);
        }
        let session = |id: &String| {
            let events = of.get(id.as_str()).map(Vec::as_slice).unwrap_or_default();
            let first = events.iter().find(|event| event.asks());
            let title = first.map(|event| event.question());
            Self {
                id: id.clone(),
                title: title.filter(|title| !title.trim().is_empty()),
                n_events: events.len(),
                last: events.last().map(|event| event.timestamp.clone()),
            }
        };
        ids.iter().map(session).collect()
    }
}

fn href(about: &About, session: &str, view: View) -> String {
    let page = about.href(Page::Memory);
    let value = View::ALL.iter().find(|(known, ..)| *known == view);
    let value = value.map_or("", |(_, value, _)| value);
    match view {
        View::Conversation => format!("{page}/{}", Encoded(session)),
        View::Events | View::Context | View::Raw => {
            format!("{page}/{}?view={value}", Encoded(session))
        }
    }
}

fn draw(about: &About, remembered: &Remembered, asked: &Asked) -> AnyView {
    if remembered.sessions.is_empty() {
        return nothing(about);
    }
    let body = match &asked.session {
        None => view! {
            <p class="panel-note">"Choose a session to see what is remembered of it."</p>
        }
        .into_any(),
        Some(session) if remembered.events.is_empty() => forgotten(session),
        Some(session) => session_view(about, session, remembered, asked),
    };
    view! {
        <div class="memory">
            {list(about, remembered, asked.session.as_deref())} <div class="memory-main">{body}</div>
        </div>
    }
    .into_any()
}

fn list(about: &About, remembered: &Remembered, current: Option<&str>) -> AnyView {
    let line = |session: &Session| {
        let title = session.title.as_deref().unwrap_or(&session.id);
        let last = session.last.clone();
        let minute = last.as_deref().map(format::minute);
        let is_current = (current == Some(session.id.as_str())).then_some("page");
        view! {
            <li>
                <a
                    href=href(about, &session.id, View::Conversation)
                    title=session.id.clone()
                    aria-current=is_current
                >
                    <span class="memory-title">{visible(title).into_owned()}</span>
                    <span class="memory-aside">
                        {format::counted(session.n_events as u64, "event", "events")} " "
                        <time datetime=last>{minute}</time>
                    </span>
                </a>
            </li>
        }
    };
    let n_sessions = remembered.sessions.len() as u64;
    view! {
        <nav class="memory-sessions" aria-label="Sessions">
            <p class="panel-note">{format::counted(n_sessions, "session", "sessions")}</p>
            <ol>{remembered.sessions.iter().map(line).collect_view()}</ol>
        </nav>
    }
    .into_any()
}

fn session_view(about: &About, session: &str, remembered: &Remembered, asked: &Asked) -> AnyView {
    let tabs = View::ALL.map(|(view, _, word)| Tab::new(word, href(about, session, view)));
    let kept: Vec<&MemoryEvent> = remembered
        .events
        .iter()
        .filter(|event| asked.keeps(event))
        .collect();
    let body = if kept.is_empty() {
        let all = href(about, session, View::Events);
        view! {
            <Instead why=Why::Empty { title: "No event matches the filter".to_owned() }>
                <a href=all>"Clear the filter"</a>
            </Instead>
        }
        .into_any()
    } else {
        match asked.view {
            View::Conversation => views::conversation(&about.id.name, &kept),
            View::Events => views::events(&kept),
            View::Context => context::view(about, &remembered.events),
            View::Raw => views::raw(&kept),
        }
    };
    let filter = (asked.view == View::Events || asked.is_filter())
        .then(|| filter(about, session, remembered, asked));
    view! {
        <div class="memory-head">
            <h2>
                "Session " <code>{session.to_owned()}</code>
            </h2>
            <LinkButton href=format!("{}/{}", about.href(Page::Chat), Encoded(session))>
                "Go on with it"
            </LinkButton>
            {forget(about, session)}
        </div>
        <Tabs label="Ways to see the session" tabs=tabs.into() current=asked.view.word() />
        {filter}
        {body}
    }
    .into_any()
}

/// The filter of the events; it is a form, so that it works without scripts.
fn filter(about: &About, session: &str, remembered: &Remembered, asked: &Asked) -> AnyView {
    let mut kinds: Vec<&str> = remembered
        .events
        .iter()
        .map(|event| event.event_type.as_str())
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    let option = |kind: &&str| {
        let is_chosen = asked.kind.as_deref() == Some(*kind);
        view! {
            <option value=(*kind).to_owned() selected=is_chosen>
                {event::words(kind)}
            </option>
        }
    };
    let action = format!("{}/{}", about.href(Page::Memory), Encoded(session));
    view! {
        <form class="memory-filter" method="get" action=action>
            <input type="hidden" name="view" value="events" />
            <label>
                "Type " <select name="type">
                    <option value="">"all"</option>
                    {kinds.iter().map(option).collect_view()}
                </select>
            </label>
            <label>
                "Words " <input type="search" name="q" value=asked.words.clone() />
            </label>
            <button class="button" type="submit">
                "Filter"
            </button>
        </form>
    }
    .into_any()
}

/// Asks before a session is deleted.
fn forget(about: &About, session: &str) -> AnyView {
    let action = format!("{}/{}/delete", about.href(Page::Memory), Encoded(session));
    let agent = about.id.name.clone();
    view! {
        <button class="button" type="button" commandfor="forget" command="show-modal">
            "Delete session"
        </button>
        <Dialog id="forget" title=format!("Delete session {session}")>
            <p>
                {agent}
                " forgets everything said in this session. Its traces stay. This cannot be undone."
            </p>
            <form method="post" action=action>
                <CsrfField />
                <SubmitButton weight=Weight::Danger>"Delete session"</SubmitButton>
            </form>
        </Dialog>
    }
    .into_any()
}

fn nothing(about: &About) -> AnyView {
    let is_off = about.object["spec"]["config"]["memory"]["enabled"] == false;
    let edit = format!("{}/edit", about.href(Page::Overview));
    if is_off {
        return view! {
            <Instead why=Why::Empty { title: "Memory is switched off".to_owned() }>
                <p>
                    "This agent begins every conversation anew. Field " <code>"memory"</code>
                    " of its form switches its memory on."
                </p>
                <LinkButton href=edit weight=Weight::Primary>
                    "Edit agent"
                </LinkButton>
            </Instead>
        }
        .into_any();
    }
    let chat = about.href(Page::Chat);
    view! {
        <Instead why=Why::Empty { title: "Nothing is remembered yet".to_owned() }>
            <p>"Every conversation becomes a session here, with each call and its result."</p>
            <LinkButton href=chat weight=Weight::Primary>
                "Ask it something"
            </LinkButton>
        </Instead>
    }
    .into_any()
}

fn forgotten(session: &str) -> AnyView {
    let title = format!("Session {session} is not remembered");
    view! {
        <Instead why=Why::Empty { title }>
            <p>
                "It may have been deleted, or newer sessions have taken its place: an agent keeps only \
                 so many."
            </p>
        </Instead>
    }
    .into_any()
}

fn unavailable(about: &About, message: &str) -> AnyView {
    let why = Why::Failed {
        what: format!("The memory of {}", about.id.name),
        message: message.to_owned(),
    };
    view! {
        <Instead why>
            <p>"An agent tells what it remembers only while it is ready."</p>
        </Instead>
    }
    .into_any()
}

#[cfg(test)]
mod tests;
