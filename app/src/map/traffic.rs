//! What really went over the edges of the map.

use api::telemetry::ServiceGraph;
use serde::{Deserialize, Serialize};

use super::Graph;
use crate::format;

/// Calls from one service to another in a window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// Name of who calls.
    pub from: String,
    /// Name of who is called.
    pub to: String,
    /// How often.
    pub n: u64,
    /// How often it failed.
    pub n_errors: u64,
    /// 95 % of the calls took at most this long, in nanoseconds.
    pub p95_ns: u64,
}

/// What went over all edges.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// How long the window is.
    pub seconds: u64,
    /// By caller and callee.
    pub flows: Vec<Flow>,
}

/// How an edge is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Nobody knows whether it is used.
    Unknown,
    /// It was used.
    Used,
    /// It may be used, and was not.
    Unused,
    /// It was used, though no resource says that it may be.
    Undeclared,
}

impl Use {
    /// The word for it in tests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Used => "used",
            Self::Unused => "unused",
            Self::Undeclared => "undeclared",
        }
    }
}

impl Traffic {
    /// The calls of a graph of services in a window of so many seconds.
    pub fn of(graph: ServiceGraph, seconds: u64) -> Self {
        let flows = graph.edges.into_iter().map(|edge| Flow {
            from: edge.caller,
            to: edge.callee,
            n: edge.calls.n,
            n_errors: edge.calls.n_errors,
            p95_ns: edge.calls.p95_ns,
        });
        Self {
            seconds,
            flows: flows.collect(),
        }
    }

    /// What went from one to another.
    pub fn flow(&self, from: &str, to: &str) -> Option<&Flow> {
        let mut flows = self.flows.iter();
        flows.find(|flow| flow.from == from && flow.to == to && flow.n > 0)
    }

    /// Such as `14/min · P95 620 ms · 2 % failed`.
    pub fn words(&self, flow: &Flow) -> String {
        let words = format!(
            "{} · P95 {}",
            rate(flow.n, self.seconds),
            format::duration(flow.p95_ns)
        );
        match flow.n_errors {
            0 => words,
            n => format!("{words} · {} failed", share(n, flow.n)),
        }
    }

    /// Adds an edge for every call between two nodes of the graph that no resource mentions.
    pub fn add_undeclared(&self, graph: &mut Graph) {
        for flow in &self.flows {
            let place = |name: &str| graph.nodes.iter().position(|node| node.id.name == name);
            let (Some(from), Some(to)) = (place(&flow.from), place(&flow.to)) else {
                continue;
            };
            if from != to && !graph.edges.contains(&(from, to)) {
                graph.edges.push((from, to));
                graph.undeclared.push((from, to));
            }
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a rate is rounded to a digit after the point"
)]
fn rate(n: u64, seconds: u64) -> String {
    let per_minute = n as f64 * 60.0 / seconds.max(1) as f64;
    if per_minute >= 10.0 {
        format!("{per_minute:.0}/min")
    } else if per_minute >= 0.1 {
        format!("{per_minute:.1}/min")
    } else {
        // Seldom: the number itself says more than a rate of nothing.
        format::counted(n, "call", "calls")
    }
}

/// A part of a whole in percent; what is little is never nothing.
fn share(part: u64, whole: u64) -> String {
    match part * 100 / whole.max(1) {
        0 => "<1 %".to_owned(),
        percent => format!("{percent} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(n: u64, n_errors: u64) -> Flow {
        Flow {
            from: "coordinator".to_owned(),
            to: "researcher".to_owned(),
            n,
            n_errors,
            p95_ns: 620_000_000,
        }
    }

    #[test]
    fn an_edge_says_how_often_how_fast_and_how_badly() {
        let traffic = Traffic {
            seconds: 900,
            flows: Vec::new(),
        };
        assert_eq!(traffic.words(&flow(210, 0)), "14/min · P95 620 ms");
        assert_eq!(
            traffic.words(&flow(30, 3)),
            "2.0/min · P95 620 ms · 10 % failed"
        );
        assert_eq!(traffic.words(&flow(1, 0)), "1 call · P95 620 ms");
        assert_eq!(share(1, 1000), "<1 %");
    }

    #[test]
    fn nothing_went_where_no_call_was_counted() {
        let traffic = Traffic {
            seconds: 900,
            flows: vec![flow(0, 0)],
        };
        assert_eq!(traffic.flow("coordinator", "researcher"), None);
    }
}
