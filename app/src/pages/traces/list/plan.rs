//! What of a query the backend is asked, and what is left to look at here.

use api::{
    money::Usd,
    telemetry::Window,
    traces::{TraceFilter, TraceId, TraceQuery},
};

use super::super::query::{Bound, Condition, Name, Query, Sense, Side, Status, Term};

/// How a query is answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// The question to the backend.
    pub(super) query: TraceQuery,
    /// What the backend answers for us.
    pub(super) asked: Vec<Term>,
    /// What is looked at here, in each trace that the backend gives.
    pub(super) here: Vec<Term>,
    /// The one trace that is asked for.
    pub(super) trace: Option<TraceId>,
}

impl Plan {
    /// The plan of a query for traces of a namespace that start in a window.
    pub(super) fn of(query: &Query, namespace: Option<String>, window: Window) -> Self {
        let to_ns = Some(window.to_ns).filter(|to| *to < u64::MAX);
        let mut plan = Self {
            query: TraceQuery {
                namespace,
                start_min_ns: Some(window.from_ns).filter(|from| *from > 0),
                start_max_ns: to_ns,
                ..TraceQuery::default()
            },
            ..Self::default()
        };
        let mut left = Vec::new();
        for term in &query.terms {
            let is_asked = term.sense == Sense::Met && plan.ask_of_whole(&term.condition);
            if is_asked {
                plan.asked.push(term.clone());
            } else {
                left.push(term.clone());
            }
        }
        plan.ask_of_one_span(left);
        plan
    }

    /// Whether what is looked at here certainly takes the spans of each trace.
    pub(super) fn reads_spans(&self) -> bool {
        let reads = |term: &Term| matches!(term.condition, Condition::Text(_) | Condition::Tag(..));
        self.here.iter().any(reads)
    }

    /// Conditions that a trace meets as a whole; each may be asked once.
    fn ask_of_whole(&mut self, condition: &Condition) -> bool {
        let TraceFilter {
            agent,
            session,
            model,
            tool,
            cost_min,
            tokens_min,
            log_text: _,
        } = &mut self.query.whole;
        let set = |place: &mut Option<String>, name: &String| {
            let is_free = place.is_none();
            if is_free {
                *place = Some(name.clone());
            }
            is_free
        };
        match condition {
            Condition::Name(Name::Agent, name) => set(agent, name),
            Condition::Name(Name::Session, name) => set(session, name),
            Condition::Name(Name::Model, name) => set(model, name),
            Condition::Name(Name::Tool, name) => set(tool, name),
            Condition::Tokens(bound) => match bound.least() {
                Some(least) => {
                    *tokens_min = (*tokens_min).max(Some(least));
                    true
                }
                None => false,
            },
            Condition::Cost(bound) => match least_cost(*bound) {
                Some(least) => {
                    *cost_min = (*cost_min).max(Some(least));
                    true
                }
                None => false,
            },
            Condition::Trace(id) => {
                let is_free = self.trace.is_none();
                if is_free {
                    self.trace = Some(*id);
                }
                is_free
            }
            Condition::Name(Name::Service | Name::Operation, _)
            | Condition::Status(_)
            | Condition::Duration(_)
            | Condition::Tag(..)
            | Condition::Text(_) => false,
        }
    }

    /// Conditions on spans have to meet in one span when they are asked together, and the span that
    /// failed need not be the one with the tag: the one that leaves the fewest traces is asked.
    fn ask_of_one_span(&mut self, mut left: Vec<Term>) {
        let chosen = left
            .iter()
            .enumerate()
            .filter(|(_, term)| term.sense == Sense::Met)
            .filter_map(|(place, term)| Some((rank(&term.condition)?, place)))
            .min();
        if let Some((_, place)) = chosen {
            match &left[place].condition {
                Condition::Tag(key, value) => {
                    self.query.attributes.push((key.clone(), value.clone()));
                    self.asked.push(left.remove(place));
                }
                Condition::Name(_, service) => {
                    self.query.service = Some(service.clone());
                    self.asked.push(left.remove(place));
                }
                Condition::Status(_) => {
                    let failed = ("error".to_owned(), "true".to_owned());
                    self.query.attributes.push(failed);
                    self.asked.push(left.remove(place));
                }
                // A trace is at least as long as its longest span, and may be longer: the rest is
                // looked at here.
                Condition::Duration(bound) => self.query.duration_min_ns = bound.least(),
                Condition::Tokens(_)
                | Condition::Cost(_)
                | Condition::Text(_)
                | Condition::Trace(_) => {}
            }
        }
        self.here = left;
    }
}

/// Of conditions on one span, which is asked first; none for what a backend is not asked.
fn rank(condition: &Condition) -> Option<u8> {
    match condition {
        Condition::Tag(..) => Some(0),
        Condition::Name(Name::Service, _) => Some(1),
        Condition::Status(Status::Error) => Some(2),
        Condition::Duration(bound) if bound.least().is_some() => Some(3),
        Condition::Name(..)
        | Condition::Status(_)
        | Condition::Duration(_)
        | Condition::Tokens(_)
        | Condition::Cost(_)
        | Condition::Text(_)
        | Condition::Trace(_) => None,
    }
}

fn least_cost(bound: Bound<Usd>) -> Option<Usd> {
    match bound.side {
        Side::Above => Some(bound.value + Usd::from_billionths(1)),
        Side::AtLeast => Some(bound.value),
        Side::Below | Side::AtMost => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Plan {
        let query = Query::parse(text).unwrap();
        Plan::of(&query, Some("team".to_owned()), Window::ALL)
    }

    fn here(plan: &Plan) -> Vec<String> {
        plan.here.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_a_trace_has_as_a_whole_is_asked_all_at_once() {
        let plan = plan("agent:a tool:t tokens:>10 tokens:>=5 cost:>0.5 agent:b");
        let whole = &plan.query.whole;
        assert_eq!(whole.agent.as_deref(), Some("a"));
        assert_eq!(whole.tool.as_deref(), Some("t"));
        assert_eq!(whole.tokens_min, Some(11));
        assert_eq!(whole.cost_min, Some(Usd::from_billionths(500_000_001)));
        assert_eq!(here(&plan), ["agent:b"], "only one agent can be asked for");
    }

    #[test]
    fn of_conditions_on_spans_one_is_asked_and_the_others_are_looked_at_here() {
        let failed = ("error".to_owned(), "true".to_owned());
        let slow = plan("duration:>5s status:error");
        assert_eq!(slow.query.attributes, [failed]);
        assert_eq!(slow.query.duration_min_ns, None);
        assert_eq!(here(&slow), ["duration:>5s"]);

        let tagged = plan("status:error tag:user.id=42 service:x");
        let tag = ("user.id".to_owned(), "42".to_owned());
        assert_eq!(tagged.query.attributes, [tag]);
        assert_eq!(here(&tagged), ["status:error", "service:x"]);
    }

    #[test]
    fn a_long_trace_has_a_long_span_but_is_looked_at_as_well() {
        let plan = plan("duration:>5s");
        assert_eq!(plan.query.duration_min_ns, Some(5_000_000_001));
        assert_eq!(here(&plan), ["duration:>5s"]);
        assert_eq!(plan.asked, []);
    }

    #[test]
    fn what_no_backend_is_asked_is_looked_at_here() {
        let plan = plan("-agent:a status:ok duration:<1s text:chips operation:chat cost:<1");
        assert_eq!(plan.query.whole, TraceFilter::default());
        assert_eq!(plan.query.attributes, []);
        assert_eq!(plan.asked, []);
        assert_eq!(plan.here.len(), 6);
    }
}
