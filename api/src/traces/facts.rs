//! What a span says about agents, models, tools, tokens and money, whoever named it.
//!
//! One reading for whoever has a span: the browser, the store while it takes one in, and both readers.

use serde_json::Value;

use super::{Span, SpanKind, StepKind};
use crate::{
    attributes::{key, span},
    money::Usd,
};

/// The facts; text is borrowed from the span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// What sort of step it is.
    pub kind: StepKind,
    /// The agent at work; none when only the service is known.
    pub agent: Option<&'a str>,
    /// The conversation.
    pub session: Option<&'a str>,
    /// The model that was asked for, of a call of a model.
    pub model: Option<&'a str>,
    /// The tool, of a call of a tool.
    pub tool: Option<&'a str>,
    /// What a call of a model used; of other spans nothing, so that sums over spans are right.
    pub usage: SpanUsage,
}

/// Tokens and money of one call of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpanUsage {
    /// Tokens sent, cached ones included.
    pub input_tokens: u64,
    /// Tokens received, reasoning included.
    pub output_tokens: u64,
    /// Those of the input that were cached.
    pub cached_tokens: u64,
    /// What it cost, where a price is known.
    pub cost: Option<Usd>,
}

/// An attribute's value, as far as facts need it.
#[derive(Clone, Copy, Debug)]
pub enum Fact<'a> {
    /// Text.
    Text(&'a str),
    /// A whole number.
    Int(i64),
    /// A number.
    Double(f64),
    /// Anything else.
    Other,
}

impl<'a> Fact<'a> {
    fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            Self::Text(_) | Self::Int(_) | Self::Double(_) | Self::Other => None,
        }
    }

    fn count(self) -> u64 {
        match self {
            Self::Int(number) => u64::try_from(number).unwrap_or(0),
            Self::Text(_) | Self::Double(_) | Self::Other => 0,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "nothing costs 2^53 dollars")]
    fn dollars(self) -> Option<Usd> {
        match self {
            Self::Double(number) => Some(Usd::from_dollars(number)),
            Self::Int(number) => Some(Usd::from_dollars(number as f64)),
            Self::Text(_) | Self::Other => None,
        }
    }
}

impl<'a> From<&'a Value> for Fact<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => Self::Int(whole),
                (None, Some(number)) => Self::Double(number),
                (None, None) => Self::Other,
            },
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Self::Other,
        }
    }
}

/// What was read of the attributes, before it is known which of it counts.
#[derive(Default)]
struct Found<'a> {
    operation: Option<&'a str>,
    has_mcp_method: bool,
    agent: Option<&'a str>,
    genai_agent: Option<&'a str>,
    session: Option<&'a str>,
    conversation: Option<&'a str>,
    request_model: Option<&'a str>,
    response_model: Option<&'a str>,
    tool: Option<&'a str>,
    genai_tool: Option<&'a str>,
    usage: SpanUsage,
    genai_cost: Option<Usd>,
}

impl<'a> Found<'a> {
    fn note(&mut self, name: &str, value: Fact<'a>) {
        match name {
            key::OPERATION => self.operation = value.text(),
            key::MCP_METHOD => self.has_mcp_method = true,
            key::AGENT_NAME => self.agent = value.text(),
            key::GEN_AI_AGENT_NAME => self.genai_agent = value.text(),
            key::SESSION_ID => self.session = value.text(),
            key::CONVERSATION_ID => self.conversation = value.text(),
            key::REQUEST_MODEL => self.request_model = value.text(),
            key::RESPONSE_MODEL => self.response_model = value.text(),
            key::TOOL_NAME => self.tool = value.text(),
            key::GEN_AI_TOOL_NAME => self.genai_tool = value.text(),
            key::INPUT_TOKENS => self.usage.input_tokens = value.count(),
            key::OUTPUT_TOKENS => self.usage.output_tokens = value.count(),
            key::CACHED_TOKENS => self.usage.cached_tokens = value.count(),
            key::COST_USD => self.usage.cost = value.dollars(),
            key::GEN_AI_COST => self.genai_cost = value.dollars(),
            _ => {}
        }
    }

    /// Decides by attributes first, then by name. A server of MCP that tells of a call, too, does not
    /// make two calls of it.
    fn kind(&self, name: &str, side: SpanKind) -> StepKind {
        match self.operation {
            Some("chat" | "generate_content" | "text_completion" | "embeddings") => {
                return StepKind::Model;
            }
            Some("execute_tool") => return StepKind::Tool,
            Some("invoke_agent") if name.starts_with(span::DELEGATE_PREFIX) => {
                return StepKind::Delegate;
            }
            Some("invoke_agent" | "create_agent") => return StepKind::Agent,
            Some(_) | None => {}
        }
        if name == span::MODEL {
            StepKind::Model
        } else if name.starts_with(span::TOOL_PREFIX)
            || (self.has_mcp_method && side != SpanKind::Server)
        {
            StepKind::Tool
        } else if name.starts_with(span::DELEGATE_PREFIX) {
            StepKind::Delegate
        } else if name.starts_with("agent.") {
            StepKind::Agent
        } else {
            StepKind::Http
        }
    }
}

impl<'a> Facts<'a> {
    /// Reads the name, the side and the attributes of a span.
    pub fn of(
        name: &'a str,
        side: SpanKind,
        attributes: impl Iterator<Item = (&'a str, Fact<'a>)>,
    ) -> Self {
        let mut found = Found::default();
        attributes.for_each(|(key, value)| found.note(key, value));
        let kind = found.kind(name, side);
        // What calls an agent names the one it calls.
        let genai_agent = found.genai_agent.filter(|_| kind == StepKind::Agent);
        let mut facts = Self {
            kind,
            agent: found.agent.or(genai_agent),
            session: found.session.or(found.conversation),
            ..Self::default()
        };
        match kind {
            StepKind::Model => {
                facts.model = found.request_model.or(found.response_model);
                facts.usage = found.usage;
                facts.usage.cost = found.usage.cost.or(found.genai_cost);
            }
            StepKind::Tool => {
                let named = name.strip_prefix(span::TOOL_PREFIX);
                facts.tool = found.tool.or(found.genai_tool).or(named);
            }
            StepKind::Agent | StepKind::Delegate | StepKind::Http => {}
        }
        facts
    }
}

impl Span {
    /// What it says about agents, models, tools, tokens and money.
    pub fn facts(&self) -> Facts<'_> {
        let attributes = self.attributes.iter();
        Facts::of(
            &self.name,
            self.kind,
            attributes.map(|(key, value)| (key.as_str(), value.into())),
        )
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(name: &str, attributes: &[(&str, Value)], expected: Facts<'_>) {
        let attributes = attributes.iter().map(|(key, value)| (*key, value.into()));
        let facts = Facts::of(name, SpanKind::Client, attributes);
        assert_eq!(facts, expected, "{name}");
    }

    #[test]
    fn a_call_of_a_model_says_what_it_used() {
        let expected = Facts {
            kind: StepKind::Model,
            agent: Some("researcher"),
            model: Some("gpt-4o"),
            usage: SpanUsage {
                input_tokens: 12,
                output_tokens: 3,
                cached_tokens: 0,
                cost: Some(Usd::from_dollars(0.5)),
            },
            ..Facts::default()
        };
        let attributes = [
            ("agent.name", json!("researcher")),
            ("gen_ai.response.model", json!("gpt-4o-2024-08-06")),
            ("gen_ai.request.model", json!("gpt-4o")),
            ("gen_ai.usage.input_tokens", json!(12)),
            ("gen_ai.usage.output_tokens", json!(3)),
            ("gen_ai.usage.cost", json!(0.5)),
        ];
        check("model.inference", &attributes, expected);
    }

    #[test]
    fn sums_of_an_agent_are_not_counted_beside_what_they_sum() {
        let attributes = [
            ("gen_ai.operation.name", json!("invoke_agent")),
            ("gen_ai.agent.name", json!("analyst")),
            ("gen_ai.conversation.id", json!("s1")),
            ("gen_ai.usage.input_tokens", json!(12)),
        ];
        let expected = Facts {
            kind: StepKind::Agent,
            agent: Some("analyst"),
            session: Some("s1"),
            ..Facts::default()
        };
        check("invoke_agent analyst", &attributes, expected);
    }

    #[test]
    fn a_delegation_is_not_the_work_of_the_agent_it_calls() {
        let attributes = [
            ("gen_ai.operation.name", json!("invoke_agent")),
            ("gen_ai.agent.name", json!("analyst")),
        ];
        let expected = Facts {
            kind: StepKind::Delegate,
            ..Facts::default()
        };
        check("delegate.analyst", &attributes, expected);
    }

    #[test]
    fn a_tool_is_known_by_its_attribute_or_by_the_name_of_the_span() {
        let tool = |tool| Facts {
            kind: StepKind::Tool,
            tool: Some(tool),
            ..Facts::default()
        };
        check("tool.add", &[], tool("add"));
        let attributes = [
            ("gen_ai.operation.name", json!("execute_tool")),
            ("gen_ai.tool.name", json!("search")),
        ];
        check("execute_tool search", &attributes, tool("search"));
    }

    #[test]
    fn what_a_server_of_mcp_tells_of_a_call_is_no_second_call() {
        let attributes = [("mcp.method.name", json!("tools/call"))];
        let kind = |side| {
            let attributes = attributes.iter().map(|(key, value)| (*key, value.into()));
            Facts::of("tools/call add", side, attributes).kind
        };
        assert_eq!(kind(SpanKind::Client), StepKind::Tool);
        assert_eq!(kind(SpanKind::Server), StepKind::Http);
    }
}
