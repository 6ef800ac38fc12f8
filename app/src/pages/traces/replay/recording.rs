//! What a trace recorded of a call of an agent's model, as far as the call can be made again.

use api::{
    attributes::{key, span as name},
    chat::{Message, Role},
    replay::RecordedCall,
    traces::{Span, SpanId, Trace},
};

use super::super::layout::loops;
use crate::rows::Id;

/// How an agent tells a model of its tools that knows no function calls.
const TOOLS_IN_TEXT: &str = "```tool_call\n";

/// A call of a model, and what came of the calls of its run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recording {
    pub(crate) span: SpanId,
    /// Whose model was asked.
    pub(crate) agent: Id,
    pub(crate) model: String,
    /// The whole conversation that the model was given.
    pub(crate) messages: Vec<Message>,
    /// What became of all calls of the run whose result a model was told.
    pub(crate) results: Vec<RecordedCall>,
    /// How many of them are part of the messages.
    pub(crate) n_earlier: usize,
}

/// Why a call cannot be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// It is none, or not one of an agent of KAOS.
    OtherSpan,
    /// Messages were not recorded.
    NotCaptured,
    /// They were recorded, and are not whole.
    NotWhole,
    /// The agent wrote its tools into the text, and would do so twice.
    ToolsInText,
}

impl Recording {
    /// What was recorded of the call that this span is of.
    pub(crate) fn of(trace: &Trace, id: SpanId) -> Result<Self, Unusable> {
        let place = trace.spans.iter().position(|span| span.span_id == id);
        let place = place.ok_or(Unusable::OtherSpan)?;
        let span = &trace.spans[place];
        let loops = loops(&trace.spans);
        let own = loops[place].filter(|_| span.name == name::MODEL);
        let agent = own.and_then(|own| agent(&trace.spans[own]));
        let (Some(own), Some(agent)) = (own, agent) else {
            return Err(Unusable::OtherSpan);
        };
        if span.attribute(key::INPUT_MESSAGES).is_none() {
            return Err(Unusable::NotCaptured);
        }
        let messages = messages(span).ok_or(Unusable::NotWhole)?;
        if messages
            .iter()
            .any(|said| said.role == Role::System && said.words().contains(TOOLS_IN_TEXT))
        {
            return Err(Unusable::ToolsInText);
        }
        // Each call of the loop was given all that was said before it, so the longest knows most.
        let of_loop = (0..trace.spans.len())
            .filter(|other| trace.spans[*other].name == name::MODEL && loops[*other] == Some(own));
        let longest = of_loop
            .filter_map(|other| messages_at(trace, other))
            .max_by_key(Vec::len);
        Ok(Self {
            span: id,
            agent,
            model: span.text(key::REQUEST_MODEL).unwrap_or_default().to_owned(),
            results: longest.as_deref().map(results).unwrap_or_default(),
            n_earlier: results(&messages).len(),
            messages,
        })
    }
}

fn messages_at(trace: &Trace, place: usize) -> Option<Vec<Message>> {
    messages(&trace.spans[place])
}

fn messages(span: &Span) -> Option<Vec<Message>> {
    serde_json::from_str(span.text(key::INPUT_MESSAGES)?).ok()
}

/// The agent of a loop; its id is namespace and name.
fn agent(span: &Span) -> Option<Id> {
    let (namespace, name) = span.text(key::GEN_AI_AGENT_ID)?.split_once('/')?;
    Some(Id {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    })
}

fn results(messages: &[Message]) -> Vec<RecordedCall> {
    let calls = messages.iter().flat_map(|message| &message.tool_calls);
    let with_result = calls.filter_map(|call| {
        let mut told = messages.iter().filter(|said| said.role == Role::Tool);
        let result = told.find(|said| said.tool_call_id.as_ref() == Some(&call.id))?;
        Some(RecordedCall {
            name: call.function.name.clone(),
            arguments: serde_json::from_str(&call.function.arguments).ok()?,
            result: result.words(),
        })
    });
    with_result.collect()
}
