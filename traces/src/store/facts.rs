//! What a span says about agents, models and tools, with its texts kept once for many spans.

use std::collections::HashMap;

use api::money::Usd;
use api::traces::StepKind;
use api::traces::facts::{Facts, SpanUsage};

use super::varint::{Cursor, Damaged, put};

/// Texts, each once, known by their place.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    texts: Vec<String>,
    places: HashMap<String, u32>,
}

impl Texts {
    /// The place of a text, and whether it is new.
    fn place(&mut self, text: &str) -> (u32, bool) {
        if let Some(place) = self.places.get(text) {
            return (*place, false);
        }
        let place = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.to_owned());
        self.places.insert(text.to_owned(), place);
        (place, true)
    }

    fn get(&self, place: Option<u32>) -> Option<&str> {
        let place = usize::try_from(place?).ok()?;
        self.texts.get(place).map(String::as_str)
    }
}

/// [`Facts`] whose texts are elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PackedFacts {
    kind: StepKind,
    /// None as well when the agent is called as the service is.
    agent: Option<u32>,
    session: Option<u32>,
    /// The model or the tool, whichever the kind has.
    subject: Option<u32>,
    usage: SpanUsage,
}

mod flag {
    /// The kind of step.
    pub(super) const KIND: u8 = 7;
    pub(super) const AGENT: u8 = 8;
    pub(super) const SESSION: u8 = 16;
    pub(super) const SUBJECT: u8 = 32;
    pub(super) const TOKENS: u8 = 64;
    pub(super) const COST: u8 = 128;
}

impl PackedFacts {
    pub(super) fn new(service: &str, facts: &Facts<'_>, texts: &mut Texts) -> Self {
        let agent = facts.agent.filter(|agent| *agent != service);
        let mut place = |text: Option<&str>| text.map(|text| texts.place(text).0);
        Self {
            kind: facts.kind,
            agent: place(agent),
            session: place(facts.session),
            subject: place(facts.model.or(facts.tool)),
            usage: facts.usage,
        }
    }

    /// Whether there is nothing to say.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn kind(&self) -> StepKind {
        self.kind
    }

    pub(super) fn has_session(&self) -> bool {
        self.session.is_some()
    }

    /// Places of the agent, the conversation and the model or tool: two of a block that are equal say the
    /// same.
    pub(super) fn whose(&self) -> [Option<u32>; 3] {
        [self.agent, self.session, self.subject]
    }

    pub(super) fn usage(&self) -> SpanUsage {
        self.usage
    }

    pub(super) fn unpack<'a>(&self, texts: &'a Texts) -> Facts<'a> {
        let subject = texts.get(self.subject);
        Facts {
            kind: self.kind,
            agent: texts.get(self.agent),
            session: texts.get(self.session),
            model: subject.filter(|_| self.kind == StepKind::Model),
            tool: subject.filter(|_| self.kind == StepKind::Tool),
            usage: self.usage,
        }
    }

    /// Appends them; `texts` are those they refer to, `known` those that were written before.
    pub(super) fn write(&self, texts: &Texts, known: &mut Texts, out: &mut Vec<u8>) {
        let when = |is: bool, flag: u8| if is { flag } else { 0 };
        let SpanUsage {
            input_tokens,
            output_tokens,
            cached_tokens,
            cost,
        } = self.usage;
        let has_tokens = (input_tokens, output_tokens, cached_tokens) != (0, 0, 0);
        out.push(
            kind_number(self.kind)
                | when(self.agent.is_some(), flag::AGENT)
                | when(self.session.is_some(), flag::SESSION)
                | when(self.subject.is_some(), flag::SUBJECT)
                | when(has_tokens, flag::TOKENS)
                | when(cost.is_some(), flag::COST),
        );
        for place in [self.agent, self.session, self.subject] {
            if let Some(text) = texts.get(place) {
                let (place, is_new) = known.place(text);
                put(out, place.into());
                if is_new {
                    put(out, text.len() as u64);
                    out.extend_from_slice(text.as_bytes());
                }
            }
        }
        if has_tokens {
            put(out, input_tokens);
            put(out, output_tokens);
            put(out, cached_tokens);
        }
        if let Some(cost) = cost {
            put(out, cost.billionths());
        }
    }

    /// Reads what [`Self::write`] wrote.
    pub(super) fn read(cursor: &mut Cursor<'_>, known: &mut Texts) -> Result<Self, Damaged> {
        let flags = cursor.byte()?;
        let mut facts = Self {
            kind: numbered_kind(flags & flag::KIND)?,
            ..Self::default()
        };
        let places = [
            (flag::AGENT, &mut facts.agent),
            (flag::SESSION, &mut facts.session),
            (flag::SUBJECT, &mut facts.subject),
        ];
        for (flag, place) in places {
            if flags & flag != 0 {
                *place = Some(read_text(cursor, known)?);
            }
        }
        if flags & flag::TOKENS != 0 {
            facts.usage.input_tokens = cursor.number()?;
            facts.usage.output_tokens = cursor.number()?;
            facts.usage.cached_tokens = cursor.number()?;
        }
        if flags & flag::COST != 0 {
            facts.usage.cost = Some(Usd::from_billionths(cursor.number()?));
        }
        Ok(facts)
    }
}

/// A text that is new follows its place.
fn read_text(cursor: &mut Cursor<'_>, known: &mut Texts) -> Result<u32, Damaged> {
    let place = u32::try_from(cursor.number()?).map_err(|_| Damaged)?;
    let n_known = known.texts.len() as u64;
    if u64::from(place) > n_known {
        return Err(Damaged);
    }
    if u64::from(place) == n_known {
        let length = cursor.count()?;
        let text = str::from_utf8(cursor.bytes(length)?).map_err(|_| Damaged)?;
        known.texts.push(text.to_owned());
    }
    Ok(place)
}

fn kind_number(kind: StepKind) -> u8 {
    match kind {
        StepKind::Http => 0,
        StepKind::Agent => 1,
        StepKind::Model => 2,
        StepKind::Tool => 3,
        StepKind::Delegate => 4,
    }
}

fn numbered_kind(number: u8) -> Result<StepKind, Damaged> {
    match number {
        0 => Ok(StepKind::Http),
        1 => Ok(StepKind::Agent),
        2 => Ok(StepKind::Model),
        3 => Ok(StepKind::Tool),
        4 => Ok(StepKind::Delegate),
        _ => Err(Damaged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_come_back() {
        let facts = [
            Facts::default(),
            Facts {
                kind: StepKind::Model,
                agent: Some("a"),
                session: Some("s1"),
                model: Some("gpt-4o"),
                usage: SpanUsage {
                    input_tokens: 900,
                    output_tokens: 1,
                    cached_tokens: 0,
                    cost: Some(Usd::from_billionths(12_345)),
                },
                ..Facts::default()
            },
            Facts {
                kind: StepKind::Tool,
                session: Some("s1"),
                tool: Some("gpt-4o"),
                ..Facts::default()
            },
            Facts {
                kind: StepKind::Model,
                usage: SpanUsage {
                    cost: Some(Usd::ZERO),
                    ..SpanUsage::default()
                },
                ..Facts::default()
            },
        ];
        let (mut texts, mut written, mut out) = (Texts::default(), Texts::default(), Vec::new());
        for facts in &facts {
            PackedFacts::new("a", facts, &mut texts).write(&texts, &mut written, &mut out);
        }
        let (mut cursor, mut known) = (Cursor(&out), Texts::default());
        for facts in &facts {
            let read = PackedFacts::read(&mut cursor, &mut known).unwrap();
            // The agent is called as the service is.
            let expected = Facts {
                agent: None,
                ..*facts
            };
            assert_eq!(read.unpack(&known), expected);
        }
        assert!(cursor.is_empty());
    }

    #[test]
    fn a_text_that_was_never_written_is_damage() {
        let mut cursor = Cursor(&[flag::SESSION, 1]);
        assert_eq!(
            PackedFacts::read(&mut cursor, &mut Texts::default()),
            Err(Damaged)
        );
    }
}
