//! Which rows of a file can be opened: as many as keep it small enough to be sent to somebody.

use api::traces::{Attributes, Span, Trace};
use serde_json::Value;

use super::super::layout::Layout;

/// Rows that can be opened.
const MOST: usize = 500;
/// Bytes of their spans together, as they are stored. Some of them are in the file twice.
const LARGEST: usize = 16 << 20;

/// For each row whether it can be opened: that of the span which explains the run, then from the first on as
/// many of the first `n_rows` as there is room for.
pub(super) fn with_details(trace: &Trace, layout: &Layout, n_rows: usize) -> Vec<bool> {
    let rows = &layout.rows[..layout.rows.len().min(n_rows)];
    let explains = rows
        .iter()
        .position(|row| row.span_id.is_some() && row.span_id == layout.default_span);
    let mut has_details = vec![false; layout.rows.len()];
    let (mut n, mut size) = (0, 0);
    for place in explains.into_iter().chain(0..rows.len()) {
        let Some(index) = rows[place].span else {
            continue;
        };
        let own = size_of(&trace.spans[index]);
        if has_details[place] || n == MOST || size + own > LARGEST {
            continue;
        }
        has_details[place] = true;
        n += 1;
        size += own;
    }
    has_details
}

fn size_of(span: &Span) -> usize {
    let events = span.events.iter().map(|event| &event.attributes);
    let all = events.chain([&span.attributes, &span.resource]);
    all.map(size_of_all).sum()
}

fn size_of_all(attributes: &Attributes) -> usize {
    let sizes = attributes.iter().map(|(key, value)| {
        let value = match value {
            Value::String(text) => text.len(),
            other => other.to_string().len(),
        };
        key.len() + value
    });
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use api::attributes::key;

    use super::*;
    use crate::pages::{
        fixture::{TRACE, span},
        traces::layout::{Transport, lay_out},
    };

    fn check(spans: Vec<Span>, n_rows: usize, expected: &[bool]) {
        let trace = Trace { id: TRACE, spans };
        let layout = lay_out(&trace, Transport::Shown);
        assert_eq!(with_details(&trace, &layout, n_rows), expected);
    }

    #[test]
    fn what_is_too_large_or_has_no_row_is_not_opened() {
        let mut spans = vec![
            span(1, 0, "agent.agentic_loop", (0, 100)),
            span(2, 1, "model.inference", (0, 10)),
            span(3, 1, "tool.search", (10, 90)),
            span(4, 1, "model.inference", (90, 100)),
        ];
        check(spans.clone(), 9, &[true; 4]);
        check(spans.clone(), 2, &[true, true, false, false]);
        let large = "x".repeat(LARGEST - 1_000);
        spans[3].attributes = vec![(key::OUTPUT_MESSAGES.to_owned(), large.into())];
        check(spans.clone(), 9, &[true; 4]);
        // The tool explains the run, so it has room before all others.
        let large = "x".repeat(10_000);
        spans[2].attributes = vec![(key::TOOL_RESULT.to_owned(), large.into())];
        check(spans, 9, &[true, true, true, false]);
    }

    #[test]
    fn a_long_run_can_be_opened_at_its_first_rows_and_where_it_is_explained() {
        let mut spans = vec![span(1, 0, "agent.agentic_loop", (0, 1_000))];
        spans.extend((0..600_u16).map(|number| {
            let mut span = span(0, 1, "tool.x", (0, 1));
            span.span_id.0[5..7].copy_from_slice(&(number + 1).to_be_bytes());
            span
        }));
        spans.push(span(9, 1, "tool.slow", (1, 1_000)));
        let mut expected = vec![true; MOST - 1];
        expected.resize(spans.len() - 1, false);
        expected.push(true);
        check(spans, usize::MAX, &expected);
    }
}
