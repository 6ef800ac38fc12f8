//! Talking to an agent.

pub(crate) mod history;
pub(crate) mod memory;
pub(crate) mod past;
mod prompts;
#[cfg(test)]
mod tests;

use api::{
    resources::{Agent, Phase},
    run::RunSummary,
    traces::TraceId,
};
use http::StatusCode;
use jiff::Timestamp;
use leptos::prelude::*;

use crate::{
    components::{
        chat::{ChatConsole, OpenRun},
        time::Ago,
    },
    frame::{Frame, Section, failed},
    kinds::Kind,
    pages::{
        params::{namespace, now, ports, set_status},
        resource::head::{Page, ResourceHead, crumbs, missing},
        tasks,
    },
    rows,
    site::{CsrfToken, Failure, Ports, kubernetes},
    untrusted::visible,
};
use history::{PastRun, runs};
use memory::Remembering;
use past::Numbers;

/// `/ns/{ns}/agents/{name}/chat` and `/ns/{ns}/agents/{name}/chat/{session}`.
#[component]
pub(crate) fn ChatPage(agent: String, session: Option<String>) -> impl IntoView {
    let ports = ports();
    let address = Address {
        namespace: namespace(),
        agent,
        session,
    };
    Suspend::new(async move {
        match load(&ports, &address).await {
            Ok(Some(loaded)) => draw(loaded, &address),
            Ok(None) => not_found(&address),
            Err(failure) => cannot_be_shown(&address, &failure),
        }
    })
}

/// What the path says.
#[derive(Clone)]
struct Address {
    namespace: String,
    agent: String,
    session: Option<String>,
}

impl Address {
    fn agent_href(&self) -> String {
        format!("/ns/{}/agents/{}", self.namespace, self.agent)
    }

    fn href(&self, session: Option<&str>) -> String {
        match session {
            None => format!("{}/chat", self.agent_href()),
            Some(session) => format!("{}/chat/{session}", self.agent_href()),
        }
    }
}

/// The agent and what it remembers.
struct Loaded {
    agent: Agent,
    state: rows::State,
    sessions: Vec<Session>,
    runs: Vec<PastRun>,
    open_runs: Vec<OpenRun>,
    numbers: Numbers,
    /// What one could ask, where nothing was said yet and the agent can answer.
    prompts: Vec<String>,
    /// Why its memory is not shown.
    memory_failure: Option<String>,
}

/// A conversation in the list at the left.
struct Session {
    id: String,
    /// Its first message.
    title: Option<String>,
    /// When something was said in it last.
    last: Option<Timestamp>,
}

async fn load(ports: &Ports, address: &Address) -> Result<Option<Loaded>, Failure> {
    let agent = kubernetes::agent(&ports.kube, &address.namespace, &address.agent).await?;
    let Some(agent) = agent else {
        return Ok(None);
    };
    let state = serde_json::to_value(&agent).map(|object| rows::State::of(&object));
    let (sessions, runs, memory_failure) = match remembered(ports, address).await {
        Ok((sessions, runs)) => (sessions, runs, None),
        Err(error) => (Vec::new(), Vec::new(), Some(error.to_string())),
    };
    let (open_runs, runs) = take_open(runs, running(ports, address).await);
    let numbers = past::numbers(&*ports.traces, &runs).await;
    let state = state.unwrap_or_default();
    let is_new = runs.is_empty() && open_runs.is_empty();
    let prompts = if is_new && state.phase == Phase::Ready {
        let card = tasks::card(&ports.agents, &address.namespace, &address.agent).await;
        prompts::prompts(&card.unwrap_or_default(), agent.spec.access())
    } else {
        Vec::new()
    };
    Ok(Some(Loaded {
        agent,
        state,
        sessions,
        runs,
        open_runs,
        numbers,
        prompts,
        memory_failure,
    }))
}

/// Characters of a session's first message that stand for it in the list.
const TITLE_CHARS: usize = 120;

async fn remembered(
    ports: &Ports,
    address: &Address,
) -> Result<(Vec<Session>, Vec<PastRun>), memory::Error> {
    let agent = Remembering {
        agents: &ports.agents,
        namespace: &address.namespace,
        name: &address.agent,
    };
    let newest = agent.events(None).await?;
    let title = |id: &str| {
        let mut events = newest.iter();
        let first = events.find(|event| event.session_id.as_deref() == Some(id) && event.asks())?;
        Some(first.question().chars().take(TITLE_CHARS).collect())
    };
    let last = |id: &str| {
        let mut events = newest.iter().rev();
        let last = events.find(|event| event.session_id.as_deref() == Some(id))?;
        last.timestamp.parse().ok()
    };
    let sessions = agent.sessions().await?.into_iter().map(|id| Session {
        title: title(&id),
        last: last(&id),
        id,
    });
    let runs = match &address.session {
        Some(session) => runs(&agent.events(Some(session)).await?),
        None => Vec::new(),
    };
    Ok((sessions.collect(), runs))
}

/// The runs of the session that go on, newest first. Without them the page shows what is remembered.
async fn running(ports: &Ports, address: &Address) -> Vec<RunSummary> {
    let agent = Remembering {
        agents: &ports.agents,
        namespace: &address.namespace,
        name: &address.agent,
    };
    match &address.session {
        Some(session) => agent.running(session).await.unwrap_or_default(),
        None => Vec::new(),
    }
}

/// Runs that go on are shown as they happen, not as they are remembered so far.
fn take_open(mut past: Vec<PastRun>, running: Vec<RunSummary>) -> (Vec<OpenRun>, Vec<PastRun>) {
    let open = running.into_iter().rev().map(|run| {
        let trace = TraceId::parse(&run.trace_id);
        let begun = past
            .iter()
            .position(|past| past.trace_id == trace && trace.is_some());
        let question = begun.map(|place| past.remove(place).question);
        OpenRun {
            id: run.id,
            question: question.unwrap_or_default(),
        }
    });
    (open.collect(), past)
}

fn draw(loaded: Loaded, address: &Address) -> AnyView {
    let name = address.agent.clone();
    let crumbs = crumbs(Kind::Agent, &address.namespace, &name, Some("chat"));
    let sessions = sessions(&loaded.sessions, address);
    let failure = loaded.memory_failure.as_ref().map(|failure| {
        view! { <p class="chat-note" role="status">{failure.clone()}</p> }
    });
    let without_scripts = without_scripts(&loaded.open_runs);
    let csrf = expect_context::<CsrfToken>().value().to_owned();
    let Address {
        namespace, session, ..
    } = address.clone();
    let newest = loaded.runs.last().and_then(|run| run.trace_id);
    let past = if loaded.runs.is_empty() && loaded.open_runs.is_empty() {
        introduction(&loaded.agent, &loaded.prompts, &address.href(None))
    } else {
        past::view(loaded.runs, &name, &loaded.numbers)
    };
    view! {
        <Frame section=Section::Resources(Kind::Agent) title=name.clone() crumbs>
            <div class="chat">
                <ResourceHead
                    kind=Kind::Agent
                    namespace=namespace.clone()
                    name=name.clone()
                    state=loaded.state.clone()
                    page=Page::Chat
                />
                {sessions}
                <div class="chat-main">
                    {failure}
                    {without_scripts}
                    <ChatConsole
                        namespace
                        agent=name
                        session
                        state=loaded.state
                        open_runs=loaded.open_runs
                        csrf
                        trace=newest.map(|trace| trace.to_string())
                    >
                        {past}
                    </ChatConsole>
                </div>
            </div>
        </Frame>
    }
    .into_any()
}

fn not_found(address: &Address) -> AnyView {
    set_status(StatusCode::NOT_FOUND);
    let missing = missing(Kind::Agent, &address.namespace, &address.agent);
    view! {
        <Frame section=Section::Resources(Kind::Agent) title=address.agent.clone()>
            {missing}
        </Frame>
    }
    .into_any()
}

fn cannot_be_shown(address: &Address, failure: &Failure) -> AnyView {
    let title = address.agent.clone();
    let failed = failed("The conversation", failure);
    view! {
        <Frame section=Section::Resources(Kind::Agent) title=title.clone()>
            <h1>{title}</h1>
            {failed}
        </Frame>
    }
    .into_any()
}

fn sessions(sessions: &[Session], address: &Address) -> AnyView {
    let current = address.session.as_deref();
    let lines = sessions.iter().map(|session| {
        let title = session
            .title
            .as_deref()
            .filter(|title| !title.trim().is_empty());
        let title = title.unwrap_or(&session.id);
        let is_current = current == Some(session.id.as_str());
        view! {
            <li>
                <a
                    href=address.href(Some(&session.id))
                    title=session.id.clone()
                    aria-current=is_current.then_some("page")
                >
                    <span>{visible(title).into_owned()}</span>
                    {age(session)}
                </a>
            </li>
        }
    });
    let lines = lines.collect_view();
    let count = sessions.len();
    view! {
        <nav class="chat-sessions" aria-label="Sessions">
            <a class="button" href=address.href(None)>
                "New session"
            </a>
            {(count == 0).then(|| view! { <p class="chat-note">"No sessions yet."</p> })}
            <ol>{lines}</ol>
        </nav>
    }
    .into_any()
}

/// How long ago something was said in a session.
fn age(session: &Session) -> Option<AnyView> {
    let time_ns = u64::try_from(session.last?.as_nanosecond()).ok()?;
    let age = view! {
        <span class="chat-age">
            <Ago time_ns now=now() />
        </span>
    };
    Some(age.into_any())
}

/// Who this is and what it can use, before anything was said.
fn introduction(agent: &Agent, prompts: &[String], action: &str) -> AnyView {
    let spec = &agent.spec;
    let names = |label: &'static str, names: &[String]| {
        let chips = names
            .iter()
            .map(|name| view! { <li>{visible(name).into_owned()}</li> });
        let chips = chips.collect_view();
        (!names.is_empty()).then(|| {
            view! {
                <p class="chat-meta">{label}</p>
                <ul class="chat-chips">{chips}</ul>
            }
        })
    };
    let description = match spec.description() {
        "" => "This agent has no description.",
        description => description,
    };
    view! {
        <div class="chat-introduction">
            <p>{visible(description).into_owned()}</p>
            {names("MCP servers", &spec.mcp_servers)}
            {names("May delegate to", spec.access())}
            {(!prompts.is_empty()).then(|| prompts::view(prompts, action))}
        </div>
    }
    .into_any()
}

/// Where no scripts run: what goes on, and the page again every two seconds until it has ended.
fn without_scripts(open_runs: &[OpenRun]) -> Option<impl IntoView + use<>> {
    if open_runs.is_empty() {
        return None;
    }
    let asked = |run: &OpenRun| {
        let question = visible(&run.question).into_owned();
        view! {
            <p class="chat-note" data-testid="open-run">
                "At work on: " <q>{question}</q>
            </p>
        }
    };
    Some(view! {
        <noscript>
            <meta http-equiv="refresh" content="2" />
            {open_runs.iter().map(asked).collect_view()}
            <p class="chat-note">"This page is loaded again every two seconds until the answer is here."</p>
        </noscript>
    })
}
