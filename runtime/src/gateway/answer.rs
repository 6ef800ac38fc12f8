//! What an answer used and costs: read from the answer, told in its `usage`, and charged once.

use std::sync::Arc;

use api::{chat::Usage, money::Usd, prices::Price};
use bytes::Bytes;
use serde::de::IgnoredAny;

use super::{limits::Account, members::Members, question::QuestionSpan};

/// Bytes of text that make about one token.
const BYTES_PER_TOKEN: u64 = 4;

/// The bill of one answer: what it costs, and to whom it is charged.
pub(super) struct Bill {
    price: Option<Price>,
    /// Those whose limits it counts against.
    accounts: Vec<Arc<Account>>,
    /// Where its end is told.
    pub(super) span: QuestionSpan,
    /// Whether a client wants to know what a streamed answer used.
    pub(super) wants_usage: bool,
    /// The last that the provider said of what it used.
    told: Option<Usage>,
    /// Bytes of the question.
    asked: u64,
    /// Pieces of the answer so far.
    pieces: u64,
}

impl Bill {
    /// The bill of an answer to a question of so many bytes, before it has begun.
    pub(super) fn new(price: Option<Price>, accounts: Vec<Arc<Account>>, asked: usize) -> Self {
        Self {
            price,
            accounts,
            span: QuestionSpan::default(),
            wants_usage: true,
            told: None,
            asked: asked as u64,
            pieces: 0,
        }
    }

    /// Takes note of what the provider says the answer used so far; what it costs, as far as that
    /// is known. A provider that names a price knows it best.
    pub(super) fn tell(&mut self, mut usage: Usage) -> Usage {
        usage.cost = usage.cost.or(self.price.map(|price| price.of(usage)));
        self.told = Some(usage);
        usage
    }

    /// One more piece of an answer came.
    pub(super) fn count_piece(&mut self) {
        self.pieces += 1;
    }

    /// A guess at what an answer used that broke off before it could tell: about a token a piece.
    fn guess(&self) -> Option<Usage> {
        if self.pieces == 0 {
            return None;
        }
        let mut usage = Usage {
            prompt_tokens: self.asked.div_ceil(BYTES_PER_TOKEN),
            completion_tokens: self.pieces,
            ..Usage::default()
        };
        usage.cost = self.price.map(|price| price.of(usage));
        Some(usage)
    }
}

/// An answer that has ended, however it did, is charged.
impl Drop for Bill {
    fn drop(&mut self) {
        if let Some(usage) = self.told.or_else(|| self.guess()) {
            for account in &self.accounts {
                account.charge(usage);
            }
        }
    }
}

/// A whole answer with what it costs in its `usage`. `cost` is what the provider said beside the
/// answer. Gives the body back when it is no answer.
pub(super) fn priced(body: Bytes, cost: Option<Usd>, mut bill: Bill) -> Result<Bytes, Bytes> {
    let Ok(mut members) = Members::parse(&body) else {
        return Err(body);
    };
    bill.count_piece();
    let priced = price(&mut members, cost, &mut bill);
    bill.span.answered();
    Ok(priced.map_or(body, Bytes::from))
}

/// A piece of a streamed answer, on its way to the client.
#[derive(Debug, PartialEq)]
pub(super) enum Piece {
    /// As it came.
    Unchanged,
    /// With what the answer costs.
    Changed(Vec<u8>),
    /// The client did not ask for it.
    Unwanted,
}

/// Looks for what the answer used so far in a piece that may have it.
pub(super) fn priced_piece(json: &[u8], bill: &mut Bill) -> Piece {
    let Ok(mut members) = Members::parse(json) else {
        return Piece::Unchanged;
    };
    let priced = price(&mut members, None, bill);
    let choices: Option<Vec<IgnoredAny>> = members.get("choices");
    let says_no_more = choices.is_some_and(|choices| choices.is_empty());
    if says_no_more && !bill.wants_usage && members.raw("usage").is_some() {
        return Piece::Unwanted;
    }
    priced.map_or(Piece::Unchanged, Piece::Changed)
}

/// The object with the price in its `usage`, if there is a price that it does not tell yet.
fn price(members: &mut Members<'_>, cost: Option<Usd>, bill: &mut Bill) -> Option<Vec<u8>> {
    let raw = members.raw("usage")?.get().to_owned();
    let told: Usage = serde_json::from_str(&raw).ok()?;
    let cost = told.cost.or(cost);
    let usage = bill.tell(Usage { cost, ..told });
    let cost = usage.cost.filter(|_| told.cost.is_none())?;
    let mut inner = Members::parse(raw.as_bytes()).ok()?;
    inner.set("cost", &cost).ok()?;
    members.set("usage", &inner).ok()?;
    members.write().ok()
}
