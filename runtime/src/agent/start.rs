//! Begins a run: its span, its place among the runs of this process, and who hears it.

use std::sync::{Arc, atomic::AtomicU32};

use api::{
    attributes::{key, span},
    run::RunState,
};
use futures::{
    FutureExt, StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use opentelemetry::{Context, KeyValue, trace::SpanKind};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::{sync::DropGuard, task::TaskTracker};
use uuid::Uuid;

use super::{
    Agent,
    attended::Attended,
    conversation::Asked,
    delegation::Ancestors,
    error::ChatError,
    events::{CAPACITY, Events, FellBehind, Hearing, Update, from_log},
    respond::Envelope,
    run::{Life, Request, Run, end},
};
use crate::{
    memory::Session,
    runs::{Log, NewRun, Underway},
    telemetry::{Span, SpanSpec},
    turn::Answer,
};

/// What a client hears of a run, until it ends.
pub(super) type Updates = BoxStream<'static, Result<Update, FellBehind>>;

/// How a run ends, for whoever waits for it.
pub(super) type Outcome = BoxFuture<'static, Result<Answer, ChatError>>;

/// A run that has begun.
pub(super) struct Started {
    pub(super) envelope: Envelope,
    /// What it tells; nothing when the answer is not streamed.
    pub(super) updates: Updates,
    /// How it ends.
    pub(super) outcome: Outcome,
    /// Cancels an attached run when the client goes away.
    pub(super) guard: Option<DropGuard>,
}

/// Starts a run. One that is refused has a trace all the same, and its id.
pub(super) fn start(
    agent: &Arc<Agent>,
    request: Request,
    parent: &Context,
) -> Result<Started, (ChatError, String)> {
    let Session {
        id: session,
        is_new,
    } = Session::of(request.session.as_deref());
    let server = server_span(agent, &session, parent);
    let id = Uuid::new_v4().simple().to_string();
    let envelope = Envelope {
        id: format!("chatcmpl-{id}"),
        created: agent.context.clock.now().as_second(),
        model: request.model.unwrap_or_else(|| agent.plan.id.name.clone()),
        session_id: session.clone(),
        trace_id: server.trace_id(),
    };
    let cancel = agent.context.shutdown.child_token();
    let ancestors = Ancestors::of(parent);
    let new = NewRun {
        id: id.clone(),
        agent: agent.plan.id.clone(),
        session_id: session.clone(),
        trace_id: envelope.trace_id.clone(),
        cancel: cancel.clone(),
    };
    let (life, underway) = match placed(agent, &ancestors, new) {
        Ok(None) => (Life::Attached, None),
        Ok(underway) => (request.life, underway),
        Err(error) => {
            end(server, &error);
            return Err((error, envelope.trace_id));
        }
    };
    let is_first = underway.is_some();
    let log = underway.as_ref().map(Underway::log);
    let (hearing, updates) = heard(life, request.streams, log);
    let run = Run {
        events: Events::new(
            &agent.plan.id.name,
            hearing,
            log.cloned(),
            Arc::clone(&agent.context.clock),
        ),
        agent: Arc::clone(agent),
        ancestors: ancestors.with(&agent.plan.id.name),
        session,
        continues: !is_new,
        cancel: cancel.clone(),
        rest: request.rest,
        tools: request.tools,
        bounds: request.bounds,
        began: Instant::now(),
        steps_begun: AtomicU32::new(0),
        replay: request.replay,
    };
    let work = Work {
        asked: request.asked,
        streams: request.streams,
        server,
        underway,
    };
    let tracker = &agent.context.tracker;
    let working = work.done_by(run, id);
    let tells_nothing = life == Life::Attached && !request.streams;
    // A delegated run within the one that delegated would be woken through all agents on the way.
    let outcome = if tells_nothing && is_first {
        Attended::new(working, tracker).boxed()
    } else {
        spawned(working, tracker)
    };
    let guard = (life == Life::Attached).then(|| cancel.drop_guard());
    Ok(Started {
        envelope,
        updates,
        outcome,
        guard,
    })
}

/// What a run is given to do.
struct Work {
    asked: Asked,
    streams: bool,
    server: Span,
    underway: Option<Underway>,
}

impl Work {
    fn done_by(self, run: Run, id: String) -> Outcome {
        let Self {
            asked,
            streams,
            server,
            underway,
        } = self;
        // Boxed, because it is large and would be moved as often as it is handed on.
        Box::pin(async move {
            let outcome = run.observed(id, server, asked, streams).await;
            if let Some(underway) = underway {
                underway.end(state_after(&outcome));
            }
            outcome
        })
    }
}

/// A run as a task of its own, for it tells of itself before it ends, or outlives who asked.
fn spawned(working: Outcome, tracker: &TaskTracker) -> Outcome {
    let (sender, outcome) = oneshot::channel();
    tracker.spawn(async move {
        // Nobody waits any more when the client has gone.
        sender.send(working.await).ok();
    });
    outcome
        .map(|outcome| outcome.unwrap_or(Err(ChatError::Cancelled)))
        .boxed()
}

/// Its place among the runs of this process. A delegated run has none: it is part of the run that
/// delegated, and ends with it.
fn placed(
    agent: &Agent,
    ancestors: &Ancestors,
    new: NewRun,
) -> Result<Option<Underway>, ChatError> {
    if !ancestors.is_empty() {
        return Ok(None);
    }
    Ok(Some(agent.runs.begin(new)?))
}

fn server_span(agent: &Agent, session: &str, parent: &Context) -> Span {
    let mut span = agent.service.start_span(SpanSpec {
        name: span::SERVER.into(),
        kind: SpanKind::Server,
        parent,
        attributes: vec![
            KeyValue::new(key::HTTP_METHOD, "POST"),
            KeyValue::new(key::HTTP_ROUTE, "/v1/chat/completions"),
            KeyValue::new(key::SESSION_ID, session.to_owned()),
        ],
    });
    // Tools and sub-agents learn whose work it is.
    span.carry(KeyValue::new(key::SESSION_ID, session.to_owned()));
    span
}

/// Who hears a run, and what its client hears.
fn heard(life: Life, streams: bool, log: Option<&Arc<Log>>) -> (Hearing, Updates) {
    match (life, log) {
        (Life::Attached, _) if streams => {
            let (sender, receiver) = mpsc::channel(CAPACITY);
            let updates = ReceiverStream::new(receiver).map(Ok);
            (Hearing::Client(sender), updates.boxed())
        }
        (Life::Detached, Some(log)) if streams => (Hearing::Followers, from_log(log).boxed()),
        (Life::Attached, _) => (Hearing::FollowersIfAny, stream::empty().boxed()),
        (Life::Detached, _) => (Hearing::Followers, stream::empty().boxed()),
    }
}

fn state_after(outcome: &Result<Answer, ChatError>) -> RunState {
    match outcome {
        Ok(_) => RunState::Finished,
        Err(ChatError::Cancelled) => RunState::Cancelled,
        Err(_) => RunState::Failed,
    }
}
