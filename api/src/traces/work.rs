//! What agents did in a trace, summed up, and asking for traces by it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{StepKind, facts::Facts};
use crate::money::Usd;

/// What agents did in a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Agents at work, by name.
    pub agents: BTreeSet<String>,
    /// Conversations it belongs to, by id; usually one.
    pub sessions: BTreeSet<String>,
    /// Models that were asked, by name.
    pub models: BTreeSet<String>,
    /// Tools that were called, by name.
    pub tools: BTreeSet<String>,
    /// Calls of models.
    pub n_model_calls: u64,
    /// Calls of tools.
    pub n_tool_calls: u64,
    /// Calls of other agents.
    pub n_delegations: u64,
    /// Tokens that models read.
    pub input_tokens: u64,
    /// Tokens that models wrote.
    pub output_tokens: u64,
    /// What the calls of models cost, where a price is known.
    pub cost: Usd,
    /// Calls of models without a known price.
    pub n_without_price: u64,
}

impl Work {
    /// Adds what one span did; `service` sent it.
    pub fn add(&mut self, service: &str, facts: &Facts<'_>) {
        let note = |set: &mut BTreeSet<String>, name: Option<&str>| {
            if let Some(name) = name
                && !set.contains(name)
            {
                set.insert(name.to_owned());
            }
        };
        note(&mut self.sessions, facts.session);
        note(&mut self.models, facts.model);
        note(&mut self.tools, facts.tool);
        match facts.kind {
            StepKind::Agent => note(&mut self.agents, facts.agent.or(Some(service))),
            StepKind::Model => {
                let usage = facts.usage;
                self.n_model_calls += 1;
                self.input_tokens = self.input_tokens.saturating_add(usage.input_tokens);
                self.output_tokens = self.output_tokens.saturating_add(usage.output_tokens);
                match usage.cost {
                    Some(cost) => self.cost = self.cost + cost,
                    None => self.n_without_price += 1,
                }
            }
            StepKind::Tool => self.n_tool_calls += 1,
            StepKind::Delegate => self.n_delegations += 1,
            StepKind::Http => {}
        }
    }
}

/// What a trace as a whole has to have, each of it in any of its spans, also one that starts at most an hour
/// outside the time that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceFilter {
    /// This agent was at work.
    pub agent: Option<String>,
    /// It belongs to this conversation.
    pub session: Option<String>,
    /// This model was asked.
    pub model: Option<String>,
    /// This tool was called.
    pub tool: Option<String>,
    /// It cost at least this.
    pub cost_min: Option<Usd>,
    /// Models read and wrote at least so many tokens.
    pub tokens_min: Option<u64>,
    /// One of its logs has all these words, in any order; upper and lower case are alike. Only the
    /// built-in store keeps logs; with another one nothing is found.
    pub log_text: Option<String>,
}

impl TraceFilter {
    /// Whether the work is wanted. Says nothing about logs.
    pub fn is_met_by(&self, work: &Work) -> bool {
        let has = |set: &BTreeSet<String>, wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|name| set.contains(name))
        };
        has(&work.agents, &self.agent)
            && has(&work.sessions, &self.session)
            && has(&work.models, &self.model)
            && has(&work.tools, &self.tool)
            && self.cost_min.is_none_or(|min| work.cost >= min)
            && self
                .tokens_min
                .is_none_or(|min| work.input_tokens.saturating_add(work.output_tokens) >= min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traces::facts::SpanUsage;

    fn filled() -> Work {
        let call = |cost| Facts {
            kind: StepKind::Model,
            model: Some("gpt-4o"),
            session: Some("s1"),
            usage: SpanUsage {
                input_tokens: 10,
                output_tokens: 2,
                cached_tokens: 4,
                cost,
            },
            ..Facts::default()
        };
        let mut work = Work::default();
        work.add("a", &call(Some(Usd::from_dollars(0.25))));
        work.add("a", &call(None));
        let tool = Facts {
            kind: StepKind::Tool,
            tool: Some("search"),
            ..Facts::default()
        };
        work.add("a", &tool);
        let looped = Facts {
            kind: StepKind::Agent,
            ..Facts::default()
        };
        work.add("a", &looped);
        work
    }

    #[test]
    fn work_adds_up() {
        let work = filled();
        assert_eq!((work.n_model_calls, work.n_tool_calls), (2, 1));
        assert_eq!((work.input_tokens, work.output_tokens), (20, 4));
        assert_eq!(
            (work.cost, work.n_without_price),
            (Usd::from_dollars(0.25), 1)
        );
        assert_eq!(work.agents, BTreeSet::from(["a".to_owned()]));
    }

    #[test]
    fn a_filter_asks_for_work_that_was_done() {
        let work = filled();
        let check = |filter: TraceFilter, expected| {
            assert_eq!(filter.is_met_by(&work), expected, "{filter:?}");
        };
        let name = |name: &str| Some(name.to_owned());
        check(TraceFilter::default(), true);
        check(
            TraceFilter {
                agent: name("a"),
                tool: name("search"),
                ..Default::default()
            },
            true,
        );
        check(
            TraceFilter {
                agent: name("b"),
                ..Default::default()
            },
            false,
        );
        check(
            TraceFilter {
                model: name("gpt-4o"),
                ..Default::default()
            },
            true,
        );
        check(
            TraceFilter {
                session: name("s2"),
                ..Default::default()
            },
            false,
        );
        check(
            TraceFilter {
                tokens_min: Some(24),
                ..Default::default()
            },
            true,
        );
        check(
            TraceFilter {
                tokens_min: Some(25),
                ..Default::default()
            },
            false,
        );
        let dear = Some(Usd::from_dollars(0.3));
        check(
            TraceFilter {
                cost_min: dear,
                ..Default::default()
            },
            false,
        );
    }
}
