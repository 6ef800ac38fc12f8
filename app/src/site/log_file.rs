//! Logs as a file, a line of JSON each: what the page of logs shows, all of it.

use api::traces::ReadError;
use axum::{
    body::{Body, Bytes},
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use http::header;

use super::{Failure, Ports};
use crate::{
    pages::logs::{
        filter::{Filter, Place},
        load::{Batch, batch},
    },
    url,
};

/// Lines of one file.
const MOST: u64 = 100_000;

/// `/ns/{ns}/logs.ndjson`, with the query of the page. Lines are written as they are read; when reading
/// fails in the middle, the answer breaks off.
pub(super) async fn get(
    State(ports): State<Ports>,
    Path(namespace): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let now_ns = u64::try_from(ports.clock.now().as_nanosecond()).unwrap_or_default();
    let pairs = query.as_deref().map(url::pairs).unwrap_or_default();
    let filter = Filter::of(&namespace, &pairs, now_ns);
    let mut reading = Reading {
        ports,
        progress: Progress::Behind(filter.cursor),
        n_read: 0,
        filter,
    };
    // The first lines before the answer begins, so that a failure can still be told.
    let first = reading.read_on().await?;
    let rest = stream::unfold(reading, |mut reading| async move {
        let lines = reading.read_on().await.transpose()?;
        Some((lines, reading))
    });
    // Whoever compresses it asks once more after its end.
    let lines = stream::iter(first).map(Ok).chain(rest).fuse();
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"logs.ndjson\"",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// How far reading has got.
enum Progress {
    /// The next lines come behind this one; without one, they are the first.
    Behind(Option<Place>),
    Done,
}

/// A file that is being written.
struct Reading {
    ports: Ports,
    filter: Filter,
    progress: Progress,
    n_read: u64,
}

impl Reading {
    /// The next lines; none at the end.
    async fn read_on(&mut self) -> Result<Option<Bytes>, ReadError> {
        while let Progress::Behind(cursor) = self.progress
            && self.n_read < MOST
        {
            let Batch { kept, n_read, next } =
                batch(self.ports.logs.as_ref(), &self.filter, cursor).await?;
            self.n_read += n_read;
            self.progress = next.map_or(Progress::Done, |place| Progress::Behind(Some(place)));
            if !kept.is_empty() {
                let mut text = Vec::new();
                for line in kept {
                    let written = serde_json::to_writer(&mut text, &line);
                    written.map_err(|error| ReadError::Read {
                        what: "logs",
                        reason: error.to_string(),
                    })?;
                    text.push(b'\n');
                }
                return Ok(Some(text.into()));
            }
        }
        Ok(None)
    }
}
