//! Reading logs.

use api::traces::{LogQuery, LogReader, LogRecord, ReadError};
use async_trait::async_trait;
use opentelemetry_proto::tonic::logs::v1 as otlp;
use prost::Message;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::Store;
use super::readers::QueryError;
use crate::convert;

/// Records when the query does not say.
const DEFAULT_LIMIT: u32 = 1_000;

/// Records at most, whatever the query says.
const MAX_LIMIT: u32 = 50_000;

#[async_trait]
impl LogReader for Store {
    async fn logs(&self, query: &LogQuery) -> Result<Vec<LogRecord>, ReadError> {
        let query = query.clone();
        let select = move |db: &Connection| select(db, &query);
        self.readers.read("logs", select).await
    }
}

fn select(db: &Connection, query: &LogQuery) -> Result<Vec<LogRecord>, QueryError> {
    let (conditions, values) = conditions(query);
    let sql = format!(
        "SELECT service, otlp FROM logs WHERE {} ORDER BY time_ns, id LIMIT {}",
        conditions.join(" AND "),
        limit(query)
    );
    let mut select = db.prepare_cached(&sql)?;
    let mut rows = select.query(params_from_iter(values))?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        let service: String = row.get(0)?;
        let bytes = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        records.push(convert::log(&otlp::LogRecord::decode(bytes)?, &service));
    }
    Ok(records)
}

fn conditions(query: &LogQuery) -> (Vec<&'static str>, Vec<Value>) {
    let mut conditions = vec!["TRUE"];
    let mut values = Vec::new();
    if let Some(id) = query.trace_id {
        conditions.push("trace_id = ?");
        values.push(Value::Blob(id.0.to_vec()));
    }
    if !query.span_ids.is_empty() {
        // One value however many ids, so that SQLite's limit of values is never met.
        let ids = query
            .span_ids
            .iter()
            .map(ToString::to_string)
            .collect::<serde_json::Value>();
        conditions.push("span_id IN (SELECT unhex(value) FROM json_each(?))");
        values.push(Value::Text(ids.to_string()));
    }
    if let Some(service) = &query.service {
        conditions.push("service = ?");
        values.push(Value::Text(service.clone()));
    }
    if let Some(severity) = query.min_severity {
        conditions.push("severity >= ?");
        values.push(Value::Integer(severity.into()));
    }
    (conditions, values)
}

fn limit(query: &LogQuery) -> u32 {
    match query.limit {
        0 => DEFAULT_LIMIT,
        limit => limit.min(MAX_LIMIT),
    }
}
