//! Spans and logs of the research system of the examples, as its agents send them: a coordinator asks a
//! researcher and an analyst, each of whom asks a model and calls a tool. Message content is off.
//!
//! Ids, times and sessions come from a seed, so that every run stores the same.

mod durations;
mod words;

use opentelemetry_proto::tonic::{
    collector::{logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{AnyValue, any_value::Value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    trace::v1::{
        ResourceSpans, ScopeSpans, Span, Status,
        span::{Event, SpanKind},
        status::StatusCode,
    },
};

pub(crate) use durations::durations;
use words::{int, loop_attributes, pair, resource, scope, text};

/// Spans of one trace.
pub(crate) const SPANS_PER_TRACE: usize = 24;

/// Log records of one trace.
pub(crate) const LOGS_PER_TRACE: usize = 21;

const MS: u64 = 1_000_000;

/// Severities of logs.
const DEBUG: i32 = 5;
const INFO: i32 = 9;

/// Makes one trace after the other.
pub(crate) struct Scenario {
    state: u64,
    /// When the next trace starts, in nanoseconds since the epoch.
    pub(crate) now_ns: u64,
    /// Between the starts of traces.
    pub(crate) step_ns: u64,
    n_traces: u64,
}

/// What one agent did for a trace.
#[derive(Default)]
struct Work {
    spans: Vec<Span>,
    logs: Vec<LogRecord>,
}

impl Scenario {
    pub(crate) fn new(now_ns: u64, step_ns: u64) -> Self {
        Self {
            state: 0x9e37_79b9_7f4a_7c15,
            now_ns,
            step_ns,
            n_traces: 0,
        }
    }

    /// A batch as the pipeline of one process sends it: grouped by agent.
    pub(crate) fn batch(
        &mut self,
        n_traces: usize,
    ) -> (ExportTraceServiceRequest, ExportLogsServiceRequest) {
        let mut agents = [
            ("coordinator", Work::default()),
            ("researcher", Work::default()),
            ("analyst", Work::default()),
        ];
        for _ in 0..n_traces {
            self.trace(&mut agents);
        }
        let mut spans = ExportTraceServiceRequest::default();
        let mut logs = ExportLogsServiceRequest::default();
        for (agent, work) in agents {
            spans.resource_spans.push(ResourceSpans {
                resource: Some(resource(agent)),
                scope_spans: vec![ScopeSpans {
                    scope: Some(scope(agent)),
                    spans: work.spans,
                    ..ScopeSpans::default()
                }],
                ..ResourceSpans::default()
            });
            logs.resource_logs.push(ResourceLogs {
                resource: Some(resource(agent)),
                scope_logs: vec![ScopeLogs {
                    scope: Some(scope(agent)),
                    log_records: work.logs,
                    ..ScopeLogs::default()
                }],
                ..ResourceLogs::default()
            });
        }
        (spans, logs)
    }

    fn trace(&mut self, agents: &mut [(&str, Work); 3]) {
        self.n_traces += 1;
        let n = self.n_traces;
        let trace_id = [self.random(), self.random()];
        let session = (self.random() >> 16) % (n / 4 + 1);
        let start_ns = self.now_ns + self.random() % MS;
        self.now_ns += self.step_ns;
        let run = Run {
            trace_id: trace_id
                .iter()
                .flat_map(|part| part.to_be_bytes())
                .collect(),
            session: format!("session_{session:012x}"),
            model: match n % 24 {
                0 => "llama3.1:8b",
                8 | 16 => "gpt-4o",
                _ => "gpt-4o-mini",
            },
            fails: n.is_multiple_of(50),
        };
        let [(_, coordinator), (_, researcher), (_, analyst)] = agents;
        let asked = Asked {
            agent: "coordinator",
            parent: Vec::new(),
            start_ns,
            delegates: &["researcher", "analyst"],
        };
        let calls = self.agent(&run, coordinator, &asked);
        for ((parent, start_ns), (agent, work)) in calls
            .into_iter()
            .zip([("researcher", researcher), ("analyst", analyst)])
        {
            let asked = Asked {
                agent,
                parent,
                start_ns,
                delegates: &[],
            };
            self.agent(&run, work, &asked);
        }
    }

    /// One agent's part of a trace; returns the spans that call others, and when.
    fn agent(&mut self, run: &Run, work: &mut Work, asked: &Asked<'_>) -> Vec<(Vec<u8>, u64)> {
        // Who asks nobody calls a tool instead.
        let n_calls = asked.delegates.len().max(1) as u64;
        let step_ns = (300 + self.random() % 900) * MS;
        let server = self.span(run, "POST /v1/chat/completions", SpanKind::Server);
        let server = Span {
            parent_span_id: asked.parent.clone(),
            attributes: vec![
                text("http.request.method", "POST"),
                text("http.route", "/v1/chat/completions"),
                text("session.id", &run.session),
                int("http.response.status_code", 200),
            ],
            ..self.timed(server, asked.start_ns, step_ns * (n_calls + 1) + 20 * MS)
        };
        let looped = self.span(run, "agent.agentic_loop", SpanKind::Internal);
        let looped = Span {
            parent_span_id: server.span_id.clone(),
            attributes: loop_attributes(&run.session, asked.agent),
            ..self.timed(
                looped,
                asked.start_ns + MS,
                step_ns * (n_calls + 1) + 18 * MS,
            )
        };
        let said = format!(
            "Processing message for session {}, streaming=false",
            run.session
        );
        work.logs.push(run.log(&looped, INFO, said));
        let mut calls = Vec::new();
        for n in 0..=n_calls {
            let step = self.span(run, &format!("agent.step.{}", n + 1), SpanKind::Internal);
            let step = Span {
                parent_span_id: looped.span_id.clone(),
                attributes: vec![
                    text("agent.name", asked.agent),
                    int("step", n + 1),
                    int("max_steps", 5),
                ],
                ..self.timed(step, asked.start_ns + 2 * MS + step_ns * n, step_ns)
            };
            let said = format!("Agentic loop step {}/5", n + 1);
            work.logs.push(run.log(&step, DEBUG, said));
            let model = self.model(run, asked.agent, &step);
            let said = format!("Model call: {}, messages count: {}", run.model, n + 2);
            work.logs.push(run.log(&model, DEBUG, said));
            work.spans.push(model);
            if n < n_calls {
                let place = usize::try_from(n).unwrap_or_default();
                let target = asked.delegates.get(place).copied();
                let (call, said) = self.call(run, asked.agent, &step, target);
                work.logs.push(run.log(&call, INFO, said));
                calls.push((call.span_id.clone(), call.start_time_unix_nano + MS));
                work.spans.push(call);
            }
            work.spans.push(step);
        }
        work.spans.extend([looped, server]);
        calls
    }

    fn model(&mut self, run: &Run, agent: &str, step: &Span) -> Span {
        let n_tokens = 300 + self.random() % 700;
        let cost = f64::from(u32::try_from(n_tokens).unwrap_or_default()) * 0.000_001;
        let id = format!("chatcmpl-{:016x}", self.random());
        let span = self.span(run, "model.inference", SpanKind::Client);
        let half_ns = (step.end_time_unix_nano - step.start_time_unix_nano) / 2;
        Span {
            parent_span_id: step.span_id.clone(),
            attributes: vec![
                text("agent.name", agent),
                text("gen_ai.operation.name", "chat"),
                text("gen_ai.provider.name", "openai"),
                text("gen_ai.system", "openai"),
                text("gen_ai.request.model", run.model),
                text("gen_ai.response.id", &id),
                text("gen_ai.response.model", run.model),
                int("gen_ai.usage.input_tokens", n_tokens),
                int("gen_ai.usage.output_tokens", n_tokens / 8),
                pair("kaos.usage.cost_usd", Value::DoubleValue(cost)),
                text("gen_ai.response.finish_reasons", "tool_calls"),
            ],
            ..self.timed(span, step.start_time_unix_nano + MS, half_ns)
        }
    }

    /// A delegation to `target`, or a tool's call, with what is logged about it.
    fn call(
        &mut self,
        run: &Run,
        agent: &str,
        step: &Span,
        target: Option<&str>,
    ) -> (Span, String) {
        let name = target.map_or("tool.search".to_owned(), |target| {
            format!("delegate.{target}")
        });
        let mut attributes = vec![text("agent.name", agent)];
        let said = if let Some(target) = target {
            attributes.extend([
                text("agent.delegation.target", target),
                text("gen_ai.operation.name", "invoke_agent"),
                text("gen_ai.agent.name", target),
            ]);
            format!("Delegating to sub-agent: {target}")
        } else {
            attributes.extend([
                text("tool.name", "search"),
                text("gen_ai.operation.name", "execute_tool"),
                text("gen_ai.tool.name", "search"),
                text(
                    "gen_ai.tool.call.id",
                    &format!("call_{:016x}", self.random()),
                ),
                text("gen_ai.tool.type", "function"),
                text("mcp.server", "research-tools"),
                text("mcp.method.name", "tools/call"),
            ]);
            "Executing tool: search, args: (hidden)".to_owned()
        };
        let third_ns = (step.end_time_unix_nano - step.start_time_unix_nano) / 3;
        let span = self.span(run, &name, SpanKind::Client);
        let mut span = Span {
            parent_span_id: step.span_id.clone(),
            attributes,
            ..self.timed(span, step.start_time_unix_nano + third_ns, third_ns)
        };
        if run.fails {
            span.status = Some(Status {
                code: StatusCode::Error.into(),
                message: "the tool does not answer".to_owned(),
            });
            span.attributes.push(text("error.type", "timeout"));
            span.events.push(Event {
                time_unix_nano: span.end_time_unix_nano,
                name: "exception".to_owned(),
                attributes: vec![
                    text("exception.type", "timeout"),
                    text("exception.message", "the tool does not answer"),
                    text(
                        "exception.stacktrace",
                        &format!("timeout: the tool does not answer\n    at {name} ({agent})"),
                    ),
                ],
                ..Event::default()
            });
        }
        (span, said)
    }

    fn span(&mut self, run: &Run, name: &str, kind: SpanKind) -> Span {
        Span {
            trace_id: run.trace_id.clone(),
            span_id: self.random().to_be_bytes().to_vec(),
            flags: 0x101,
            name: name.to_owned(),
            kind: kind.into(),
            status: Some(Status {
                code: StatusCode::Ok.into(),
                ..Status::default()
            }),
            ..Span::default()
        }
    }

    /// Real times have no round nanoseconds.
    fn timed(&mut self, span: Span, start_ns: u64, takes_ns: u64) -> Span {
        let start_time_unix_nano = start_ns + self.random() % MS;
        Span {
            start_time_unix_nano,
            end_time_unix_nano: start_time_unix_nano + takes_ns + self.random() % MS,
            ..span
        }
    }

    fn random(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
}

/// What an agent is asked to do.
struct Asked<'a> {
    agent: &'a str,
    /// The span of whoever asks; empty when that is nobody we know.
    parent: Vec<u8>,
    start_ns: u64,
    /// Whom it asks in turn.
    delegates: &'a [&'a str],
}

/// What all spans of a trace share.
struct Run {
    trace_id: Vec<u8>,
    session: String,
    model: &'static str,
    fails: bool,
}

impl Run {
    fn log(&self, span: &Span, severity_number: i32, body: String) -> LogRecord {
        LogRecord {
            time_unix_nano: span.start_time_unix_nano,
            observed_time_unix_nano: span.start_time_unix_nano + 2_000,
            severity_number,
            severity_text: if severity_number == INFO {
                "INFO"
            } else {
                "DEBUG"
            }
            .to_owned(),
            body: Some(AnyValue {
                value: Some(Value::StringValue(body)),
            }),
            attributes: vec![text("logger_name", "runtime::agent::run")],
            trace_id: self.trace_id.clone(),
            span_id: span.span_id.clone(),
            flags: 1,
            ..LogRecord::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_has_as_many_spans_and_logs_as_the_rows_count_with() {
        let (spans, logs) = Scenario::new(0, 1).batch(3);
        let n_spans: usize = spans
            .resource_spans
            .iter()
            .map(|of| of.scope_spans[0].spans.len())
            .sum();
        let n_logs: usize = logs
            .resource_logs
            .iter()
            .map(|of| of.scope_logs[0].log_records.len())
            .sum();
        assert_eq!((n_spans, n_logs), (3 * SPANS_PER_TRACE, 3 * LOGS_PER_TRACE));
    }
}
