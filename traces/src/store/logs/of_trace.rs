//! The log records of a trace as they were sent, for files.

use std::sync::Arc;

use api::traces::{ReadError, TraceId};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};

use super::super::Store;
use super::super::index::Stream;
use super::super::postings::Runs;
use super::super::terms::Term;
use super::super::traces::{StoredSource, among};
use super::super::view::{QueryError, View};
use super::decode;

impl Store {
    /// The log records of a trace in the order they arrived, grouped by who sent what.
    pub(crate) async fn stored_logs(&self, id: TraceId) -> Result<Vec<ResourceLogs>, ReadError> {
        let read = move |view: &View| stored_logs(view, id).map(grouped);
        self.readers.read("the trace's logs", read).await
    }
}

type Sent = (Arc<StoredSource>, LogRecord);

fn stored_logs(view: &View, id: TraceId) -> Result<Vec<Sent>, QueryError> {
    let mut records = Vec::new();
    for snapshot in &view.snapshots {
        let mut runs = Runs::new();
        for part in snapshot.parts(Stream::Logs)? {
            runs.extend(snapshot.look_up(&part, Term::trace(id))?);
        }
        for (block, runs) in snapshot.blocks(Stream::Logs, &runs)? {
            let columns = snapshot.log_columns(block.first)?;
            for (_, columns) in among(&columns, block.first, &runs) {
                // Another trace may share the term.
                if columns.trace_id == Some(id) {
                    let source = snapshot.source(columns.source)?;
                    records.push((source, decode(snapshot, block.first, columns)?));
                }
            }
        }
    }
    Ok(records)
}

fn grouped(records: Vec<Sent>) -> Vec<ResourceLogs> {
    let mut groups: Vec<(Arc<StoredSource>, Vec<LogRecord>)> = Vec::new();
    for (source, record) in records {
        let known = groups
            .iter_mut()
            .find(|(known, _)| known.is_same_sender(&source));
        match known {
            Some((_, records)) => records.push(record),
            None => groups.push((source, vec![record])),
        }
    }
    let group = |(source, log_records): (Arc<StoredSource>, _)| ResourceLogs {
        resource: Some(source.resource.clone()),
        schema_url: source.resource_schema_url.clone(),
        scope_logs: vec![ScopeLogs {
            scope: Some(source.scope.clone()),
            schema_url: source.schema_url.clone(),
            log_records,
        }],
    };
    groups.into_iter().map(group).collect()
}
