//! Whether a trace meets a condition.

use std::collections::BTreeSet;

use api::traces::{Attributes, Span, SpanStatus, Trace, TraceSummary, Work};
use serde_json::Value;

use super::super::{
    layout::operation,
    query::{Condition, Name, Sense, Status, Term},
};

/// Digits of a trace's id from which on text is taken for its beginning.
const SHORTEST_ID: usize = 6;

/// Whether a trace meets all terms; `None` when that takes its spans, which are not here.
pub(super) fn meets(terms: &[Term], summary: &TraceSummary, trace: Option<&Trace>) -> Option<bool> {
    let mut is_known = true;
    for term in terms {
        let is_met = condition(&term.condition, summary, trace);
        match (is_met, term.sense) {
            (Some(false), Sense::Met) | (Some(true), Sense::NotMet) => return Some(false),
            (Some(true), Sense::Met) | (Some(false), Sense::NotMet) => {}
            (None, _) => is_known = false,
        }
    }
    is_known.then_some(true)
}

fn condition(condition: &Condition, summary: &TraceSummary, trace: Option<&Trace>) -> Option<bool> {
    // What the list does not say of the work, the spans do.
    let counted = match (&summary.work, trace) {
        (None, Some(trace)) => Some(trace.work()),
        (Some(_), _) | (None, None) => None,
    };
    let work = summary.work.as_ref().or(counted.as_ref());
    let named = |of: fn(&Work) -> &BTreeSet<String>, name: &str| Some(of(work?).contains(name));
    Some(match condition {
        Condition::Name(Name::Agent, name) => return named(|work| &work.agents, name),
        Condition::Name(Name::Tool, name) => return named(|work| &work.tools, name),
        Condition::Name(Name::Model, name) => return named(|work| &work.models, name),
        Condition::Name(Name::Session, name) => return named(|work| &work.sessions, name),
        Condition::Name(Name::Service, name) => {
            summary.services.iter().any(|service| service.name == *name)
        }
        Condition::Name(Name::Operation, name) => {
            summary.root_name == *name || operation(&summary.root_name) == name
        }
        Condition::Status(Status::Ok) => summary.n_errors == 0,
        Condition::Status(Status::Error) => summary.n_errors > 0,
        Condition::Status(Status::Incomplete) => summary.n_orphans > 0,
        Condition::Duration(bound) => bound.holds(summary.duration_ns()),
        Condition::Tokens(bound) => bound.holds(tokens(work?)),
        Condition::Cost(bound) => bound.holds(work?.cost),
        Condition::Trace(id) => summary.id == *id,
        Condition::Tag(key, value) => trace?.spans.iter().any(|span| has_tag(span, key, value)),
        Condition::Text(text) => {
            let id = summary.id.to_string();
            let begins_it = text.len() >= SHORTEST_ID && id.starts_with(&text.to_lowercase());
            begins_it || says(trace?, text)
        }
    })
}

/// Tokens that models read and wrote.
pub(super) fn tokens(work: &Work) -> u64 {
    work.input_tokens.saturating_add(work.output_tokens)
}

fn has_tag(span: &Span, key: &str, wanted: &str) -> bool {
    let events = span.events.iter().flat_map(|event| &event.attributes);
    let all = span.attributes.iter().chain(&span.resource).chain(events);
    let mut of_key = all.filter(|(name, _)| name == key);
    of_key.any(|(_, value)| match value {
        Value::String(text) => text == wanted,
        other => *other.to_string() == *wanted,
    })
}

/// Whether the words stand in anything that the spans recorded, but not in who recorded it.
fn says(trace: &Trace, text: &str) -> bool {
    let wanted = text.to_lowercase();
    let has = |text: &str| text.to_lowercase().contains(&wanted);
    let in_any = |attributes: &Attributes| {
        let mut texts = attributes.iter().filter_map(|(_, value)| value.as_str());
        texts.any(has)
    };
    trace.spans.iter().any(|span| {
        let failed = match &span.status {
            SpanStatus::Error(reason) => has(reason),
            SpanStatus::Unset | SpanStatus::Ok => false,
        };
        let mut events = span.events.iter();
        failed
            || has(&span.name)
            || in_any(&span.attributes)
            || events.any(|event| in_any(&event.attributes))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::{
        fixture::{TRACE, span},
        traces::query::Query,
    };

    fn trace() -> Trace {
        let mut failed = span(2, 1, "tool.search", (0, 10));
        failed.status = SpanStatus::Error("Connection refused".to_owned());
        let ask = ("gen_ai.input.messages".to_owned(), "the CHIP market".into());
        failed.attributes = vec![ask, ("user.id".to_owned(), 42.into())];
        Trace {
            id: TRACE,
            spans: vec![span(1, 0, "agent.agentic_loop", (0, 20)), failed],
        }
    }

    fn check(text: &str, expected: Option<bool>, with: Option<&Trace>) {
        let mut summary = trace().summary().unwrap();
        if with.is_none() {
            summary.work = None;
        }
        let query = Query::parse(text).unwrap();
        assert_eq!(meets(&query.terms, &summary, with), expected, "{text}");
    }

    #[test]
    fn what_stands_in_spans_is_found_whatever_its_case() {
        let trace = trace();
        for text in [
            "text:\"chip market\"",
            "refused",
            "tool.search",
            "tag:user.id=42",
            "agent:coordinator",
            "operation:chat",
            "status:error duration:>=20ms -duration:>20ms",
            "-tool:add",
            "ababab",
        ] {
            check(text, Some(true), Some(&trace));
        }
        for text in [
            "text:cheap",
            "tag:user.id=4",
            "status:ok",
            "-refused",
            "tokens:>0",
        ] {
            check(text, Some(false), Some(&trace));
        }
    }

    #[test]
    fn without_spans_what_takes_them_is_not_known() {
        for text in ["chip", "tag:a=b", "agent:x", "-tool:add", "cost:<1"] {
            check(text, None, None);
        }
        check("service:coordinator", Some(true), None);
        check("chip status:ok", Some(false), None);
    }
}
