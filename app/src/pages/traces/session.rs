//! The conversation a trace belongs to: the question beside its spans, and the answer.

use api::{attributes::key, traces::Trace};
use leptos::prelude::*;

use super::{detail::namespace_of, layout::Facts};
use crate::{
    pages::chat::{
        history::{PastRun, runs},
        memory::Remembering,
        past::{self, Told},
    },
    site::Ports,
    untrusted::visible,
};

/// What the agent of the root remembers of this run.
pub(super) struct Session {
    id: String,
    agent: String,
    /// The conversation's own page.
    pub(super) href: String,
    run: Option<PastRun>,
    told: Told,
}

/// Asks the agent that began the trace. An agent that is gone or has no memory leaves no pane.
pub(super) async fn of(ports: &Ports, trace: &Trace, facts: &Facts) -> Option<Session> {
    let span = trace
        .spans
        .iter()
        .find(|span| span.text(key::SESSION_ID).is_some())?;
    let id = span.text(key::SESSION_ID)?;
    let namespace = namespace_of(trace)?;
    let name = &span.service;
    let agent = Remembering {
        agents: &ports.agents,
        namespace: &namespace,
        name,
    };
    let events = agent.events(Some(id)).await.ok()?;
    let run = runs(&events)
        .into_iter()
        .find(|run| run.trace_id == Some(trace.id));
    Some(Session {
        href: format!("/ns/{namespace}/agents/{name}/chat/{id}"),
        id: id.to_owned(),
        agent: name.clone(),
        run,
        told: past::told(facts),
    })
}

pub(super) fn view(session: &Session) -> AnyView {
    let run = session.run.as_ref();
    let drawn = run.map(|run| past::one(run, &session.agent, Some(&session.told)));
    let forgotten = drawn.is_none().then(|| {
        view! { <p class="chat-note">"The agent does not remember this message any more."</p> }
    });
    view! {
        <section class="trace-session" aria-label="Conversation">
            <h2>
                "Session "
                <a href=session.href.clone()>
                    <code>{visible(&session.id).into_owned()}</code>
                </a>
            </h2>
            {drawn}
            {forgotten}
        </section>
    }
    .into_any()
}
