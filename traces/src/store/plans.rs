//! Every statement that readers run finds its rows by an index.

use super::{exceptions, extract, index, metrics, snapshot, traces};
use crate::store::schema;

/// The details of SQLite's plan for a statement.
fn plan(sql: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let db = schema::open(&folder.path().join("plans.db"), 0).unwrap();
    let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    // What is bound does not matter to the plan.
    let nothing = vec![rusqlite::types::Null; explain.parameter_count()];
    let details = explain
        .query_map(rusqlite::params_from_iter(nothing), |row| row.get(3))
        .unwrap();
    details.collect::<Result<_, _>>().unwrap()
}

#[test]
fn every_plan_uses_an_index() {
    let statements = [
        extract::MODEL_CALLS,
        extract::SESSION_SPANS,
        index::FILTER,
        index::LOOK_UP,
        snapshot::BLOCK_OF_SPAN,
        snapshot::BLOCK_OF_LOG,
        snapshot::BLOCKS_OF_PART,
        snapshot::SPAN_COLUMNS,
        snapshot::SPAN_DATA,
        snapshot::LOG_COLUMNS,
        snapshot::LOG_DATA,
        snapshot::SOURCE,
        snapshot::OPERATION,
        traces::OPERATIONS_OF_SERVICE,
        traces::SERVICES,
        exceptions::OF_WINDOW,
        exceptions::GROUP,
        metrics::SERIES_OF_NAME,
        metrics::FIRST_TIME,
        metrics::LAST_TIME,
        metrics::LAST_POINT,
        metrics::POINTS,
        metrics::METRIC_NAMES,
    ];
    for sql in statements {
        let plan = plan(sql);
        assert!(!plan.is_empty());
        for step in &plan {
            let uses_index = step.starts_with("SEARCH") || step.contains("USING COVERING INDEX");
            assert!(uses_index, "{sql}\n{plan:#?}");
            assert!(!step.contains("TEMP B-TREE"), "{sql}\n{plan:#?}");
        }
    }
}
