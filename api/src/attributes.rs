//! Every span, metric and attribute name on the wire, in one table.
//!
//! The `gen_ai` names are those of semantic conventions 1.41; a later version is a change of this file
//! alone.

/// Span names. A span about a tool or an agent carries its name after a dot.
pub mod span {
    /// Root of an agent's part of a trace.
    pub const SERVER: &str = "POST /v1/chat/completions";
    /// All steps of one request.
    pub const LOOP: &str = "agent.agentic_loop";
    /// One step; the number follows, from 1.
    pub const STEP_PREFIX: &str = "agent.step.";
    /// One call of the model.
    pub const MODEL: &str = "model.inference";
    /// One call of a tool; the tool's name follows.
    pub const TOOL_PREFIX: &str = "tool.";
    /// One call of another agent; the agent's name follows.
    pub const DELEGATE_PREFIX: &str = "delegate.";
    /// A question to a model, as the gateway answers it.
    pub const GATEWAY_CHAT: &str = "modelapi.chat";
    /// Texts to be made vectors of, as the gateway answers it.
    pub const GATEWAY_EMBEDDINGS: &str = "modelapi.embeddings";
    /// One call of a tool, as its server answers it; the tool's name follows.
    pub const MCP_CALL_PREFIX: &str = "tools/call ";
}

/// Names of the events of spans.
pub mod event {
    /// A model is asked once more.
    pub const RETRY: &str = "retry";
    /// The next model is asked instead.
    pub const FALLBACK: &str = "fallback";
    /// A run reached one of its limits; it sums up and ends.
    pub const LIMIT: &str = "kaos.limit";
}

/// Metric names, with their units in the names of `unit`.
pub mod metric {
    /// Requests answered, in `1`.
    pub const REQUESTS: &str = "kaos.requests";
    /// Duration of requests, in ms.
    pub const REQUEST_DURATION: &str = "kaos.request.duration";
    /// Calls of models, in `1`.
    pub const MODEL_CALLS: &str = "kaos.model.calls";
    /// Duration of calls of models, in ms.
    pub const MODEL_DURATION: &str = "kaos.model.duration";
    /// Calls of tools, in `1`.
    pub const TOOL_CALLS: &str = "kaos.tool.calls";
    /// Duration of calls of tools, in ms.
    pub const TOOL_DURATION: &str = "kaos.tool.duration";
    /// Calls of other agents, in `1`.
    pub const DELEGATIONS: &str = "kaos.delegations";
    /// Duration of calls of other agents, in ms.
    pub const DELEGATION_DURATION: &str = "kaos.delegation.duration";
    /// Questions to models that were asked once more, in `1`.
    pub const MODEL_RETRIES: &str = "kaos.model.retries";
    /// Tokens by model and type, in `{token}`.
    pub const TOKEN_USAGE: &str = "gen_ai.client.token.usage";
    /// Questions to models that were refused because of a limit, in `1`.
    pub const MODEL_REFUSALS: &str = "kaos.model.refusals";
    /// What calls of models cost, as far as prices are known, in `{USD}`.
    pub const MODEL_COST: &str = "kaos.model.cost";
    /// Duration of operations of models, in s.
    pub const OPERATION_DURATION: &str = "gen_ai.client.operation.duration";
    /// Time until the first piece of a streamed answer, in s.
    pub const TIME_TO_FIRST_CHUNK: &str = "gen_ai.client.operation.time_to_first_chunk";
    /// Limits that runs reached, in `1`.
    pub const LIMITS: &str = "kaos.limits";
    /// Requests under way, in `1`.
    pub const ACTIVE_REQUESTS: &str = "kaos.requests.active";
    /// Steps begun, in `1`.
    pub const STEPS: &str = "kaos.steps";
    /// Steps of requests that have ended, in `1`.
    pub const REQUEST_STEPS: &str = "kaos.request.steps";
    /// What failed, by type, in `1`.
    pub const ERRORS: &str = "kaos.errors";
    /// Tokens used, by model and type, in `{token}`.
    pub const TOKENS: &str = "kaos.tokens";

    /// Spans, data points and log records that were lost, by receiver and kind, in `1`.
    pub const TELEMETRY_DROPPED: &str = "kaos.telemetry.dropped";

    /// Upper bounds of the buckets of durations, in ms. They reach five minutes, as agents do.
    pub const DURATION_BUCKETS_MS: [f64; 20] = [
        0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1_000.0, 2_500.0, 5_000.0,
        7_500.0, 10_000.0, 15_000.0, 30_000.0, 60_000.0, 120_000.0, 300_000.0,
    ];
    /// Upper bounds of the buckets of durations, in s: the conventions' own, and on to five minutes.
    pub const DURATION_BUCKETS_S: [f64; 16] = [
        0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
        163.84, 327.68,
    ];
}

/// Attribute keys.
#[expect(
    missing_docs,
    reason = "each name says itself what the conventions say of it"
)]
pub mod key {
    pub const SERVICE_NAME: &str = "service.name";
    pub const SERVICE_NAMESPACE: &str = "service.namespace";
    pub const SERVICE_VERSION: &str = "service.version";
    pub const RESOURCE_NAME: &str = "kaos.resource.name";

    pub const AGENT_NAME: &str = "agent.name";
    pub const MAX_STEPS: &str = "agent.max_steps";
    pub const STREAM: &str = "stream";
    pub const SESSION_ID: &str = "session.id";
    pub const STEP: &str = "step";
    pub const STEP_MAX: &str = "max_steps";
    pub const DELEGATION_TARGET: &str = "agent.delegation.target";
    pub const DELEGATION_TASK: &str = "kaos.delegation.task";
    pub const DELEGATION_ANSWER: &str = "kaos.delegation.answer";
    pub const TOOL_NAME: &str = "tool.name";
    pub const MCP_SERVER: &str = "mcp.server";
    pub const MCP_METHOD: &str = "mcp.method.name";
    pub const MCP_PROTOCOL_VERSION: &str = "mcp.protocol.version";
    pub const NETWORK_TRANSPORT: &str = "network.transport";
    pub const MODEL: &str = "model";
    pub const MODEL_API: &str = "modelapi";
    pub const TOOL: &str = "tool";
    pub const TARGET: &str = "target";
    pub const SUCCESS: &str = "success";
    pub const RETRY_ATTEMPT: &str = "kaos.retry.attempt";
    pub const RETRY_WAIT_MS: &str = "kaos.retry.wait_ms";
    pub const RETRY_REASON: &str = "kaos.retry.reason";
    pub const FALLBACK_FROM: &str = "kaos.fallback.from";
    pub const FALLBACK_MODEL: &str = "kaos.fallback.model";
    pub const RUN_ID: &str = "kaos.run.id";
    pub const IS_RUNNING: &str = "kaos.is_running";
    pub const REPLAY_TRACE_ID: &str = "kaos.replay.trace_id";
    pub const REPLAY_SPAN_ID: &str = "kaos.replay.span_id";
    pub const REPLAY_RECORDED: &str = "kaos.replay.recorded";
    pub const LIMIT: &str = "limit";
    pub const LIMIT_VALUE: &str = "kaos.limit.value";
    pub const FINISH_REASON: &str = "kaos.finish_reason";
    pub const TOTAL_INPUT_TOKENS: &str = "kaos.usage.total_input_tokens";
    pub const TOTAL_OUTPUT_TOKENS: &str = "kaos.usage.total_output_tokens";
    pub const TOTAL_CACHED_TOKENS: &str = "kaos.usage.total_cached_tokens";
    pub const TOTAL_REASONING_TOKENS: &str = "kaos.usage.total_reasoning_tokens";
    pub const TOTAL_COST_USD: &str = "kaos.usage.total_cost_usd";
    pub const COST_USD: &str = "kaos.usage.cost_usd";
    pub const LOGGER_NAME: &str = "logger_name";

    pub const OPERATION: &str = "gen_ai.operation.name";
    pub const GEN_AI_AGENT_NAME: &str = "gen_ai.agent.name";
    pub const GEN_AI_AGENT_ID: &str = "gen_ai.agent.id";
    pub const CONVERSATION_ID: &str = "gen_ai.conversation.id";
    pub const PROVIDER: &str = "gen_ai.provider.name";
    pub const SYSTEM: &str = "gen_ai.system";
    pub const REQUEST_MODEL: &str = "gen_ai.request.model";
    pub const REQUEST_TEMPERATURE: &str = "gen_ai.request.temperature";
    pub const REQUEST_MAX_TOKENS: &str = "gen_ai.request.max_tokens";
    pub const RESPONSE_MODEL: &str = "gen_ai.response.model";
    pub const RESPONSE_ID: &str = "gen_ai.response.id";
    pub const FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
    pub const TIME_TO_FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";
    pub const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
    pub const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
    pub const CACHED_TOKENS: &str = "gen_ai.usage.cache_read.input_tokens";
    pub const CACHE_WRITE_TOKENS: &str = "gen_ai.usage.cache_creation.input_tokens";
    pub const REASONING_TOKENS: &str = "gen_ai.usage.reasoning.output_tokens";
    pub const GEN_AI_COST: &str = "gen_ai.usage.cost";
    pub const TOKEN_TYPE: &str = "gen_ai.token.type";
    pub const INPUT_MESSAGES: &str = "gen_ai.input.messages";
    pub const OUTPUT_MESSAGES: &str = "gen_ai.output.messages";
    pub const GEN_AI_TOOL_NAME: &str = "gen_ai.tool.name";
    pub const TOOL_CALL_ID: &str = "gen_ai.tool.call.id";
    pub const TOOL_TYPE: &str = "gen_ai.tool.type";
    pub const TOOL_ARGUMENTS: &str = "gen_ai.tool.call.arguments";
    pub const TOOL_RESULT: &str = "gen_ai.tool.call.result";

    pub const HTTP_METHOD: &str = "http.request.method";
    pub const HTTP_ROUTE: &str = "http.route";
    pub const HTTP_STATUS: &str = "http.response.status_code";
    pub const SERVER_ADDRESS: &str = "server.address";
    pub const UPSTREAM_ADDRESS: &str = "kaos.upstream.address";
    pub const ERROR_TYPE: &str = "error.type";
    pub const EXCEPTION: &str = "exception";
    pub const EXCEPTION_TYPE: &str = "exception.type";
    pub const EXCEPTION_MESSAGE: &str = "exception.message";
    pub const EXCEPTION_STACKTRACE: &str = "exception.stacktrace";
    pub const EXCEPTION_ESCAPED: &str = "exception.escaped";
}
