//! Those spans of a block that sums are made of, once more by themselves.
//!
//! A sum over a day has to look at each call of a model, but not at the many spans around it. An extract is
//! written with its block and says nothing that the block does not say: a segment that was written before
//! there were extracts answers from its blocks.

use rusqlite::{Connection, params};

use api::traces::StepKind;

use super::facts::Texts;
use super::request::integer;
use super::span_block::{SpanBlock, SpanColumns};

/// The extracts of a range of blocks that may have spans of a window, the last one first.
pub(super) const MODEL_CALLS: &str = "SELECT columns FROM model_calls
    WHERE first >= ?1 AND first < ?2 AND max_ns >= ?3 AND min_ns < ?4 ORDER BY first DESC";

/// As [`MODEL_CALLS`], of the other extract.
pub(super) const SESSION_SPANS: &str = "SELECT columns FROM session_spans
    WHERE first >= ?1 AND first < ?2 AND max_ns >= ?3 AND min_ns < ?4 ORDER BY first DESC";

/// The ordinal of the first span that extracts know of.
pub(super) const EXTRACTS_FROM: &str = "SELECT extracts_from FROM segment";

/// Which spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extract {
    /// Calls of models.
    ModelCalls,
    /// Those that say which conversation they belong to.
    SessionSpans,
}

impl Extract {
    /// Whether a span is in it.
    pub(super) fn holds(self, span: &SpanColumns) -> bool {
        match self {
            Self::ModelCalls => span.facts.kind() == StepKind::Model,
            Self::SessionSpans => span.facts.has_session(),
        }
    }

    /// The statement that reads it.
    pub(super) fn select(self) -> &'static str {
        match self {
            Self::ModelCalls => MODEL_CALLS,
            Self::SessionSpans => SESSION_SPANS,
        }
    }

    fn insert(self) -> &'static str {
        match self {
            Self::ModelCalls => {
                "INSERT INTO model_calls (first, min_ns, max_ns, columns) VALUES (?1, ?2, ?3, ?4)"
            }
            Self::SessionSpans => {
                "INSERT INTO session_spans (first, min_ns, max_ns, columns) VALUES (?1, ?2, ?3, ?4)"
            }
        }
    }
}

/// The extracts of one block, under construction.
pub(super) struct Extracts([(Extract, SpanBlock); 2]);

impl Extracts {
    /// Of the block whose first span is `first`.
    pub(super) fn new(first: u64) -> Self {
        let new = |extract| (extract, SpanBlock::new(first));
        Self([new(Extract::ModelCalls), new(Extract::SessionSpans)])
    }

    /// Takes what is wanted of a span of the block. Nobody asks extracts for parents.
    pub(super) fn push(&mut self, span: &SpanColumns, texts: &Texts) {
        let alone = SpanColumns {
            parent_id: None,
            ..*span
        };
        for (extract, spans) in &mut self.0 {
            if extract.holds(span) {
                spans.push(&alone, texts, &[]);
            }
        }
    }

    /// Adds them to the file, where there is something in them.
    pub(super) fn write(&self, db: &Connection) -> rusqlite::Result<()> {
        for (extract, spans) in self.0.iter().filter(|(_, spans)| spans.n > 0) {
            db.prepare_cached(extract.insert())?.execute(params![
                integer(spans.first),
                integer(spans.start_ns.0),
                integer(spans.start_ns.1),
                spans.columns,
            ])?;
        }
        Ok(())
    }
}
