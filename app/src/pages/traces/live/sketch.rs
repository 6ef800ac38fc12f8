//! Spans as they will be exported, drawn from the events of their run.

use std::collections::HashMap;

use api::{
    attributes::{key, span as name},
    run::{RunEvent, RunEventKind, RunSummary},
    traces::{Span, SpanId, SpanKind, SpanStatus, TraceId},
};
use jiff::Timestamp;
use serde_json::{Value, json};

const MS: u64 = 1_000_000;

/// What becomes of spans that the events leave open.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    /// They are open, and reach to now.
    Open(Timestamp),
    /// They ended with the run.
    Ended(Timestamp),
}

/// The spans that the events tell of, in the order they began.
pub(super) fn of(id: TraceId, events: &[RunEvent], run: &RunSummary, end: End) -> Vec<Span> {
    let mut sketch = Sketch {
        trace_id: id,
        namespace: &run.namespace,
        spans: Vec::new(),
        place_of: HashMap::new(),
        loops: HashMap::new(),
        steps: HashMap::new(),
        last_ns: nanoseconds(run.started_at),
    };
    for event in events {
        sketch.take_in(event);
    }
    sketch.finished(end)
}

struct Sketch<'a> {
    trace_id: TraceId,
    namespace: &'a str,
    /// With an end only when they ended.
    spans: Vec<(Span, Option<u64>)>,
    place_of: HashMap<SpanId, usize>,
    /// The loop of each agent, by the delegations that led to it.
    loops: HashMap<&'a [String], SpanId>,
    /// The step each agent is in.
    steps: HashMap<&'a [String], SpanId>,
    /// When the newest event happened.
    last_ns: u64,
}

impl<'a> Sketch<'a> {
    fn take_in(&mut self, event: &'a RunEvent) {
        if event.at_ms > 0 {
            self.last_ns = self.last_ns.max(event.at_ms * MS);
        }
        let path = event.path.as_slice();
        match &event.kind {
            RunEventKind::RunStarted {
                span_id,
                session_id,
                run_id,
                ..
            } => {
                let attributes = vec![
                    (key::SESSION_ID, json!(session_id)),
                    (key::RUN_ID, json!(run_id)),
                ];
                let parent = path.last().and_then(|id| SpanId::parse(id));
                let begun = self.begin(&event.agent, (span_id, name::LOOP), parent, attributes);
                self.loops.extend(begun.map(|id| (path, id)));
            }
            RunEventKind::StepStarted { step, span_id, .. } => {
                self.close(path);
                let parent = self.loops.get(path).copied();
                let name = format!("{}{step}", name::STEP_PREFIX);
                let begun = self.begin(&event.agent, (span_id, &name), parent, Vec::new());
                self.steps.extend(begun.map(|id| (path, id)));
            }
            RunEventKind::RunFinished { .. } => self.end_run(path, SpanStatus::Ok),
            RunEventKind::RunError { message, .. } => {
                self.end_run(path, SpanStatus::Error(message.clone()));
            }
            RunEventKind::ModelStarted { .. }
            | RunEventKind::ToolStarted { .. }
            | RunEventKind::DelegateStarted { .. } => self.begin_call(event),
            RunEventKind::ModelFinished { .. }
            | RunEventKind::ModelFailed { .. }
            | RunEventKind::ToolFinished { .. }
            | RunEventKind::ToolFailed { .. }
            | RunEventKind::DelegateFinished { .. }
            | RunEventKind::DelegateFailed { .. } => self.end_call(&event.kind),
            RunEventKind::ModelRetrying { .. }
            | RunEventKind::ModelFallback { .. }
            | RunEventKind::MessageDelta { .. } => {}
        }
    }

    fn begin_call(&mut self, event: &'a RunEvent) {
        let path = event.path.as_slice();
        let (span_id, name, attributes) = match &event.kind {
            RunEventKind::ModelStarted { model, span_id } => (
                span_id,
                name::MODEL.to_owned(),
                vec![(key::REQUEST_MODEL, json!(model))],
            ),
            RunEventKind::ToolStarted {
                name,
                arguments,
                span_id,
            } => (
                span_id,
                format!("{}{name}", name::TOOL_PREFIX),
                vec![
                    (key::TOOL_NAME, json!(name)),
                    (key::TOOL_ARGUMENTS, arguments.clone()),
                ],
            ),
            RunEventKind::DelegateStarted {
                target,
                task,
                span_id,
            } => (
                span_id,
                format!("{}{target}", name::DELEGATE_PREFIX),
                vec![
                    (key::DELEGATION_TARGET, json!(target)),
                    (key::DELEGATION_TASK, json!(task)),
                ],
            ),
            _ => return,
        };
        let parent = self.steps.get(path).or_else(|| self.loops.get(path));
        let parent = parent.copied();
        self.begin(&event.agent, (span_id, &name), parent, attributes);
    }

    fn end_call(&mut self, kind: &RunEventKind) {
        let (span_id, duration_ms, error) = match kind {
            RunEventKind::ModelFinished {
                span_id,
                duration_ms,
                ..
            }
            | RunEventKind::ToolFinished {
                span_id,
                duration_ms,
                ..
            }
            | RunEventKind::DelegateFinished {
                span_id,
                duration_ms,
                ..
            } => (span_id, *duration_ms, None),
            RunEventKind::ModelFailed {
                span_id,
                error,
                duration_ms,
            }
            | RunEventKind::ToolFailed {
                span_id,
                error,
                duration_ms,
                ..
            }
            | RunEventKind::DelegateFailed {
                span_id,
                error,
                duration_ms,
                ..
            } => (span_id, *duration_ms, Some(error)),
            _ => return,
        };
        let place = SpanId::parse(span_id).and_then(|id| self.place_of.get(&id).copied());
        if let Some(place) = place {
            let (span, end) = &mut self.spans[place];
            *end = Some(span.start_ns + duration_ms * MS);
            span.status = error.map_or(SpanStatus::Ok, |error| SpanStatus::Error(error.clone()));
        }
    }

    fn begin(
        &mut self,
        service: &str,
        (span_id, name): (&str, &str),
        parent_id: Option<SpanId>,
        attributes: Vec<(&str, Value)>,
    ) -> Option<SpanId> {
        let span_id = SpanId::parse(span_id)?;
        let own = attributes.into_iter();
        let span = Span {
            trace_id: self.trace_id,
            span_id,
            parent_id,
            service: service.to_owned(),
            name: name.to_owned(),
            kind: SpanKind::Internal,
            start_ns: self.last_ns,
            end_ns: self.last_ns,
            status: SpanStatus::Unset,
            attributes: own.map(|(key, value)| (key.to_owned(), value)).collect(),
            events: Vec::new(),
            resource: vec![(key::SERVICE_NAMESPACE.to_owned(), json!(self.namespace))],
        };
        self.place_of.insert(span_id, self.spans.len());
        self.spans.push((span, None));
        Some(span_id)
    }

    /// Ends the step an agent is in.
    fn close(&mut self, path: &[String]) {
        let step = self.steps.get(path);
        let place = step.and_then(|step| self.place_of.get(step).copied());
        if let Some(place) = place {
            self.spans[place].1 = Some(self.last_ns);
        }
    }

    fn end_run(&mut self, path: &[String], status: SpanStatus) {
        self.close(path);
        let own = self.loops.get(path);
        let place = own.and_then(|own| self.place_of.get(own).copied());
        if let Some(place) = place {
            let (span, end) = &mut self.spans[place];
            *end = Some(self.last_ns);
            span.status = status;
        }
    }

    fn finished(self, end: End) -> Vec<Span> {
        let spans = self.spans.into_iter().map(|(mut span, ended)| {
            match (ended, end) {
                (Some(ended), _) => span.end_ns = ended,
                (None, End::Ended(at)) => span.end_ns = nanoseconds(at).max(span.start_ns),
                (None, End::Open(now)) => {
                    span.end_ns = nanoseconds(now).max(span.start_ns);
                    span.attributes
                        .push((key::IS_RUNNING.to_owned(), json!(true)));
                }
            }
            span
        });
        spans.collect()
    }
}

fn nanoseconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_nanosecond()).unwrap_or(0)
}
