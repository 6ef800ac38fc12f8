//! What agents did in the last day, for the columns of their list.

use std::collections::HashMap;

use api::traces::{TraceQuery, TraceSummary};

use crate::{
    format,
    kinds::{ALL_NAMESPACES, Kind},
    pages::{overview::quantile, params::DAY_NS},
    rows::{Cell, Row, columns},
    site::{Failure, Ports},
    url::with_query,
};

/// Runs that are counted; when there are more, the newest ones.
const MOST: u32 = 1_000;

/// Writes the numbers of the last day into the rows of agents.
pub(crate) async fn runs(
    ports: &Ports,
    namespace: &str,
    now_ns: u64,
    rows: &mut [Row],
) -> Result<(), Failure> {
    // A summary does not say of which namespace its agent is.
    if namespace == ALL_NAMESPACES {
        return Ok(());
    }
    let query = TraceQuery {
        namespace: Some(namespace.to_owned()),
        start_min_ns: Some(now_ns.saturating_sub(DAY_NS)),
        limit: MOST,
        ..TraceQuery::default()
    };
    let runs = ports.traces.search(&query).await?;
    let mut by_agent: HashMap<&str, Vec<&TraceSummary>> = HashMap::new();
    for run in &runs {
        by_agent.entry(&run.root_service).or_default().push(run);
    }
    for row in rows {
        let of_agent = by_agent.get(row.id.name.as_str());
        let of_agent = of_agent.map_or(&[][..], Vec::as_slice);
        fill(row, of_agent);
    }
    Ok(())
}

fn fill(row: &mut Row, runs: &[&TraceSummary]) {
    let mut durations: Vec<_> = runs.iter().map(|run| run.duration_ns()).collect();
    durations.sort_unstable();
    let n_runs = runs.len() as u64;
    let n_failed = runs.iter().filter(|run| run.n_errors > 0).count() as u64;
    let traces = format!("/ns/{}/traces", row.id.namespace);
    let link = |status| with_query(&traces, &[("service", &row.id.name), ("status", status)]);
    let p95 = quantile(&durations, 95).map(|ns| Cell::Number(ns, format::duration(ns)));
    let errors = format::share(n_failed, n_runs).map(|share| match n_failed {
        0 => Cell::Number(0, share),
        _ => Cell::Link(n_failed * 1_000 / n_runs, share, link("error")),
    });
    let cells = [
        (
            "runs",
            Some(Cell::Link(n_runs, format::count(n_runs), link(""))),
        ),
        ("p95", p95),
        ("errors", errors),
    ];
    for (id, cell) in cells {
        if let Some(place) = columns(Kind::Agent)
            .iter()
            .position(|column| column.id == id)
        {
            row.cells[place] = cell.unwrap_or(Cell::Nothing);
        }
    }
}
