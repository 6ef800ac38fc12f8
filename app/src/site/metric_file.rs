//! A panel of metrics as a file: time, line, value.

use std::fmt::Write as _;

use axum::{
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};

use super::{Failure, Ports, csv::quoted};
use crate::{
    pages::{
        metrics::panel::{Asked, PANELS},
        period::written,
    },
    url,
};

/// `/ns/{ns}/metrics.csv?panel=`, with the query of the page.
pub(super) async fn get(
    State(ports): State<Ports>,
    Path(namespace): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let now_ns = u64::try_from(ports.clock.now().as_nanosecond()).unwrap_or_default();
    let pairs = query.as_deref().map(url::pairs).unwrap_or_default();
    let at = pairs.iter().find(|(name, _)| name == "panel");
    let at = at.and_then(|(_, at)| at.parse::<usize>().ok());
    let Some(panel) = at.and_then(|at| PANELS.get(at)) else {
        return Ok((StatusCode::NOT_FOUND, "there is no such panel\n").into_response());
    };
    let asked = Asked::of(&namespace, &pairs, now_ns);
    let drawn = panel.drawn(ports.telemetry.as_ref(), &asked).await?;
    let mut text = "time,line,value\n".to_owned();
    for line in &drawn.lines {
        let label = quoted(&line.label);
        for (time, value) in &line.points {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{},{label},{value}", written(*time));
        }
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"metrics.csv\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, text).into_response())
}
