//! The ways to see a session.

use std::collections::HashMap;

use leptos::prelude::*;
use serde_json::json;

use super::event::{actor, summary, text, words};
use crate::{
    components::{
        code_block::CodeBlock,
        table::{Heading, Table},
    },
    format,
    pages::chat::{
        history::{MemoryEvent, runs},
        past,
    },
    untrusted::visible,
};

/// Messages, with calls and what came of them together.
pub(super) fn conversation(agent: &str, events: &[&MemoryEvent]) -> AnyView {
    let events: Vec<MemoryEvent> = events.iter().map(|event| (*event).clone()).collect();
    let runs = runs(&events);
    let runs = runs.iter().map(|run| past::one(run, agent, None));
    view! { <div class="memory-conversation">{runs.collect_view()}</div> }.into_any()
}

/// A line for each event; of two that say the same, the second says so.
pub(super) fn events(events: &[&MemoryEvent]) -> AnyView {
    let mut seen = HashMap::<(&str, String), usize>::new();
    let mut lines = Vec::new();
    for (place, event) in events.iter().enumerate() {
        let said = (event.event_type.as_str(), text(event));
        let earlier = seen.get(&said).copied();
        // Only messages are said once; a tool may well be called twice.
        let twice = earlier.filter(|_| event.event_type == "user_message");
        lines.push(line(event, place + 1, twice));
        seen.entry(said).or_insert(place + 1);
    }
    let headings = [
        Heading::Number("#"),
        Heading::Words("Time"),
        Heading::Words("Type"),
        Heading::Words("What"),
        Heading::Words("Span"),
    ];
    view! {
        <Table label="Events" headings>
            {lines}
        </Table>
    }
    .into_any()
}

fn line(event: &MemoryEvent, number: usize, twice: Option<usize>) -> AnyView {
    let metadata = &event.metadata;
    let span = metadata.trace_id.as_ref().map(|trace| {
        let href = match &metadata.span_id {
            Some(span) => format!("/traces/{trace}?span={span}"),
            None => format!("/traces/{trace}"),
        };
        view! { <a href=href>"Open span"</a> }
    });
    let twice = twice.map(|earlier| {
        view! { <span class="memory-aside">{format!(" identical to #{earlier}")}</span> }
    });
    let who = actor("agent", event);
    view! {
        <tr id=format!("event-{number}")>
            <td class="table-number">{number}</td>
            <td>
                <time datetime=event.timestamp.clone()>{format::minute(&event.timestamp)}</time>
            </td>
            <td>
                {words(&event.event_type)} " "
                <span class="memory-aside">{visible(&who).into_owned()}</span>
            </td>
            <td>{visible(&summary(event)).into_owned()} {twice}</td>
            <td>{span}</td>
        </tr>
    }
    .into_any()
}

/// The events as JSON.
pub(super) fn raw(events: &[&MemoryEvent]) -> AnyView {
    let events: Vec<_> = events
        .iter()
        .map(|event| {
            let metadata = &event.metadata;
            json!({
                "event_id": event.event_id,
                "timestamp": event.timestamp,
                "session_id": event.session_id,
                "event_type": event.event_type,
                "content": event.content,
                "metadata": {"trace_id": metadata.trace_id, "span_id": metadata.span_id},
            })
        })
        .collect();
    let text = serde_json::to_string_pretty(&events).unwrap_or_default();
    view! { <CodeBlock label="Events as JSON" text /> }.into_any()
}
