//! Spans and logs of the research system of the examples, as its agents send them: a coordinator asks a
//! researcher and an analyst, each of whom asks a model and calls a tool. Message content is off.
//!
//! Ids, times and sessions come from a seed, so that every run stores the same.

use opentelemetry_proto::tonic::{
    collector::{logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span::SpanKind, status::StatusCode},
};

/// Spans of one trace.
pub(crate) const SPANS_PER_TRACE: usize = 24;

/// Log records of one trace.
pub(crate) const LOGS_PER_TRACE: usize = 26;

const MS: u64 = 1_000_000;

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
        let trace_id: Vec<u8> = [self.random(), self.random()]
            .iter()
            .flat_map(|part| part.to_be_bytes())
            .collect();
        let session = format!(
            "session_{:012x}",
            (self.random() >> 16) % (self.n_traces / 4 + 1)
        );
        let start_ns = self.now_ns + self.random() % MS;
        self.now_ns += self.step_ns;
        let run = Run {
            trace_id,
            session,
            model: ["gpt-4o-mini", "gpt-4o", "llama3.1:8b"]
                [usize::from(self.n_traces % 8 == 0) + usize::from(self.n_traces % 24 == 0)],
            fails: self.n_traces % 50 == 0,
        };
        let [(_, coordinator), (_, researcher), (_, analyst)] = agents;
        let calls = self.agent(
            &run,
            coordinator,
            "coordinator",
            None,
            start_ns,
            &["researcher", "analyst"],
        );
        for ((parent, called_ns), (name, work)) in calls
            .into_iter()
            .zip([("researcher", researcher), ("analyst", analyst)])
        {
            self.agent(&run, work, name, Some(parent), called_ns, &[]);
        }
    }

    /// One agent's part of a trace; returns the spans that call others, and when.
    fn agent(
        &mut self,
        run: &Run,
        work: &mut Work,
        name: &str,
        parent: Option<Vec<u8>>,
        start_ns: u64,
        delegates: &[&str],
    ) -> Vec<(Vec<u8>, u64)> {
        let n_calls = if delegates.is_empty() {
            1
        } else {
            delegates.len()
        };
        let step_ns = (300 + self.random() % 900) * MS;
        let whole_ns = step_ns * (n_calls as u64 + 1) + 20 * MS;
        let server = self.span(
            run,
            "POST /v1/chat/completions",
            SpanKind::Server,
            parent,
            start_ns,
            whole_ns,
            vec![
                text("http.request.method", "POST"),
                text("http.route", "/v1/chat/completions"),
                text("session.id", &run.session),
                int("http.response.status_code", 200),
            ],
        );
        let looped = self.span(
            run,
            "agent.agentic_loop",
            SpanKind::Internal,
            Some(server.span_id.clone()),
            start_ns + MS,
            whole_ns - 2 * MS,
            vec![
                text("agent.name", name),
                int("agent.max_steps", 5),
                flag("stream", false),
                text("session.id", &run.session),
                text("gen_ai.operation.name", "invoke_agent"),
                text("gen_ai.agent.name", name),
                text("gen_ai.agent.id", &format!("kaos-hierarchy/{name}")),
                text("gen_ai.conversation.id", &run.session),
                text("gen_ai.provider.name", "kaos"),
                text("kaos.finish_reason", "stop"),
                int("kaos.usage.total_input_tokens", 900),
                int("kaos.usage.total_output_tokens", 120),
            ],
        );
        let mut calls = Vec::new();
        work.logs.push(run.log(
            &looped,
            9,
            format!(
                "Processing message for session {}, streaming=false",
                run.session
            ),
        ));
        for n in 0..=n_calls {
            let at_ns = start_ns + 2 * MS + step_ns * n as u64;
            let step = self.span(
                run,
                &format!("agent.step.{}", n + 1),
                SpanKind::Internal,
                Some(looped.span_id.clone()),
                at_ns,
                step_ns,
                vec![
                    text("agent.name", name),
                    int("step", n as i64 + 1),
                    int("max_steps", 5),
                ],
            );
            work.logs
                .push(run.log(&step, 5, format!("Agentic loop step {}/5", n + 1)));
            let tokens = 300 + (self.random() % 700) as i64;
            let model = self.span(
                run,
                "model.inference",
                SpanKind::Client,
                Some(step.span_id.clone()),
                at_ns + MS,
                step_ns / 2,
                vec![
                    text("agent.name", name),
                    text("gen_ai.operation.name", "chat"),
                    text("gen_ai.provider.name", "openai"),
                    text("gen_ai.system", "openai"),
                    text("gen_ai.request.model", run.model),
                    text(
                        "gen_ai.response.id",
                        &format!("chatcmpl-{:016x}", self.random()),
                    ),
                    text("gen_ai.response.model", run.model),
                    int("gen_ai.usage.input_tokens", tokens),
                    int("gen_ai.usage.output_tokens", tokens / 8),
                    number("kaos.usage.cost_usd", tokens as f64 * 0.000_001),
                    text("gen_ai.response.finish_reasons", "tool_calls"),
                ],
            );
            work.logs.push(run.log(
                &model,
                5,
                format!("Model call: {}, messages count: {}", run.model, n + 2),
            ));
            work.spans.push(model);
            if n < n_calls {
                let (call, said) = match delegates.get(n) {
                    Some(target) => (
                        self.span(
                            run,
                            &format!("delegate.{target}"),
                            SpanKind::Client,
                            Some(step.span_id.clone()),
                            at_ns + step_ns / 2,
                            step_ns / 3,
                            vec![
                                text("agent.name", name),
                                text("agent.delegation.target", target),
                                text("gen_ai.operation.name", "invoke_agent"),
                                text("gen_ai.agent.name", target),
                            ],
                        ),
                        format!("Delegating to sub-agent: {target}"),
                    ),
                    None => (
                        self.span(
                            run,
                            "tool.search",
                            SpanKind::Client,
                            Some(step.span_id.clone()),
                            at_ns + step_ns / 2,
                            step_ns / 3,
                            vec![
                                text("agent.name", name),
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
                            ],
                        ),
                        "Executing tool: search, args: hidden".to_owned(),
                    ),
                };
                work.logs.push(run.log(&call, 9, said));
                calls.push((call.span_id.clone(), call.start_time_unix_nano + MS));
                work.spans.push(if run.fails { failed(call) } else { call });
            }
            work.spans.push(step);
        }
        work.spans.extend([looped, server]);
        calls
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a span is made in many places, each saying all of it"
    )]
    fn span(
        &mut self,
        run: &Run,
        name: &str,
        kind: SpanKind,
        parent: Option<Vec<u8>>,
        start_ns: u64,
        takes_ns: u64,
        attributes: Vec<KeyValue>,
    ) -> Span {
        let start_ns = start_ns + self.random() % MS;
        Span {
            trace_id: run.trace_id.clone(),
            span_id: self.random().to_be_bytes().to_vec(),
            parent_span_id: parent.unwrap_or_default(),
            flags: 0x101,
            name: name.to_owned(),
            kind: kind.into(),
            start_time_unix_nano: start_ns,
            end_time_unix_nano: start_ns + takes_ns + self.random() % MS,
            attributes,
            status: Some(Status {
                code: StatusCode::Ok.into(),
                ..Status::default()
            }),
            ..Span::default()
        }
    }

    fn random(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
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
            severity_text: if severity_number == 9 {
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

fn failed(mut span: Span) -> Span {
    span.status = Some(Status {
        code: StatusCode::Error.into(),
        message: "the tool does not answer".to_owned(),
    });
    span.attributes.push(text("error.type", "timeout"));
    span
}

fn resource(agent: &str) -> Resource {
    Resource {
        attributes: vec![
            text("service.name", agent),
            text("service.namespace", "kaos-hierarchy"),
            text("service.version", "0.1.0"),
            text("kaos.resource.name", agent),
        ],
        ..Resource::default()
    }
}

fn scope(agent: &str) -> InstrumentationScope {
    InstrumentationScope {
        name: format!("kaos.{agent}"),
        version: "0.1.0".to_owned(),
        ..InstrumentationScope::default()
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    pair(key, Value::StringValue(value.to_owned()))
}

fn int(key: &str, value: i64) -> KeyValue {
    pair(key, Value::IntValue(value))
}

fn number(key: &str, value: f64) -> KeyValue {
    pair(key, Value::DoubleValue(value))
}

fn flag(key: &str, value: bool) -> KeyValue {
    pair(key, Value::BoolValue(value))
}

fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
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
