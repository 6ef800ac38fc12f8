//! The topic `runs/{namespace}`: what runs there now.
//!
//! A busy agent begins and ends thousands of runs a second, which nobody can read. So viewers are told of
//! what has become of all of it, twice a second.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use api::{
    live::{LiveMessage, LiveOp},
    run::RunSummary,
};
use runtime::runs::Runs;
use serde_json::json;

use super::{ALL, Shared};

/// How a topic begins; the namespace follows.
pub(super) const TOPIC: &str = "runs/";
/// Runs a viewer is told of, the newest.
const MOST: usize = 20;
/// Runs looked at; of more, the newest.
const LOOKED_AT: usize = 1_000;
const EVERY: Duration = Duration::from_millis(500);

/// What runs by namespace, and in all of them.
type Running = BTreeMap<String, Vec<RunSummary>>;

/// Tells viewers of each namespace where what runs is not what ran before.
pub(super) async fn follow(shared: Arc<Shared>) {
    let mut before = Running::new();
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = shared.shutdown.cancelled() => return,
        }
        if shared.changes.receiver_count() == 0 {
            continue;
        }
        let now = by_namespace(shared.runs.under_way(LOOKED_AT));
        for (namespace, runs) in changed(&before, &now) {
            shared.announce(message(namespace, runs));
        }
        before = now;
    }
}

/// What runs in a namespace now.
pub(super) fn snapshot(runs: &Runs, namespace: &str) -> LiveMessage {
    let mut now = by_namespace(runs.under_way(LOOKED_AT));
    message(namespace, &now.remove(namespace).unwrap_or_default())
}

fn by_namespace(runs: Vec<RunSummary>) -> Running {
    let mut running = Running::new();
    for run in runs {
        for namespace in [ALL.to_owned(), run.namespace.clone()] {
            let runs = running.entry(namespace).or_default();
            if runs.len() < MOST {
                runs.push(run.clone());
            }
        }
    }
    running
}

/// The namespaces where something is not as before, with what runs there now.
fn changed<'a>(
    before: &'a Running,
    now: &'a Running,
) -> impl Iterator<Item = (&'a str, &'a [RunSummary])> {
    let ended = before
        .keys()
        .filter(|namespace| !now.contains_key(*namespace));
    let ended = ended.map(|namespace| (namespace.as_str(), &[][..]));
    let others = now
        .iter()
        .filter(|(namespace, runs)| before.get(*namespace) != Some(*runs))
        .map(|(namespace, runs)| (namespace.as_str(), runs.as_slice()));
    ended.chain(others)
}

fn message(namespace: &str, runs: &[RunSummary]) -> LiveMessage {
    LiveMessage {
        topic: format!("{TOPIC}{namespace}"),
        seq: 0,
        op: LiveOp::Snapshot,
        data: json!(runs),
    }
}

#[cfg(test)]
mod tests {
    use api::run::RunState;

    use super::*;

    fn run(id: &str, namespace: &str) -> RunSummary {
        RunSummary {
            id: id.to_owned(),
            namespace: namespace.to_owned(),
            agent: "analyst".to_owned(),
            session_id: "s".to_owned(),
            trace_id: "t".to_owned(),
            state: RunState::Running,
            started_at: jiff::Timestamp::UNIX_EPOCH,
            ended_at: None,
            last_seq: 1,
            doing: None,
        }
    }

    fn told(before: &Running, now: &Running) -> Vec<(String, usize)> {
        let told = changed(before, now);
        told.map(|(namespace, runs)| (namespace.to_owned(), runs.len()))
            .collect()
    }

    #[test]
    fn a_run_is_told_in_its_namespace_and_in_all_and_so_is_its_end() {
        let none = Running::new();
        let one = by_namespace(vec![run("a", "team")]);
        let both = [("_all".to_owned(), 1), ("team".to_owned(), 1)];
        assert_eq!(told(&none, &one), both);
        assert!(told(&one, &one).is_empty());
        let other = by_namespace(vec![run("a", "other")]);
        let [all, _] = both;
        assert_eq!(
            told(&one, &other),
            [("team".to_owned(), 0), all, ("other".to_owned(), 1)]
        );
    }

    #[test]
    fn of_many_runs_the_newest_are_told() {
        let many = (0..100).map(|n| run(&n.to_string(), "team")).collect();
        let running = by_namespace(many);
        assert_eq!(running["team"].len(), MOST);
        assert_eq!(running["team"][0].id, "0");
    }
}
