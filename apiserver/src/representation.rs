//! The forms an object can be shown in: whole, its metadata alone, or a row of `kubectl get`.

use http::{HeaderMap, header};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    kinds::{Column, Kind},
    list::Page,
    object,
};

/// How objects are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Representation {
    /// As they are.
    Whole,
    /// Their metadata alone.
    Metadata,
    /// As rows for people.
    Table,
}

impl Representation {
    /// What the client accepts best.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT);
        let accept = accept
            .and_then(|accept| accept.to_str().ok())
            .unwrap_or_default();
        if accept.contains("as=Table") {
            Self::Table
        } else if accept.contains("as=PartialObjectMetadata") {
            Self::Metadata
        } else {
            Self::Whole
        }
    }

    /// One object.
    pub(crate) fn one(self, kind: &Kind, object: Value, now: Timestamp) -> Value {
        match self {
            Self::Whole => object,
            Self::Metadata => metadata_only(&object),
            Self::Table => {
                let version = &object["metadata"]["resourceVersion"];
                let metadata = json!({"resourceVersion": version});
                table(kind, std::slice::from_ref(&object), &metadata, now)
            }
        }
    }

    /// A list.
    pub(crate) fn list(self, kind: &Kind, page: Page, now: Timestamp) -> Value {
        let Page { objects, metadata } = page;
        match self {
            Self::Whole => json!({
                "apiVersion": kind.api_version(),
                "kind": kind.list_name,
                "metadata": metadata,
                "items": objects,
            }),
            Self::Metadata => json!({
                "apiVersion": "meta.k8s.io/v1",
                "kind": "PartialObjectMetadataList",
                "metadata": metadata,
                "items": objects.iter().map(metadata_only).collect::<Vec<_>>(),
            }),
            Self::Table => table(kind, &objects, &metadata, now),
        }
    }
}

fn metadata_only(object: &Value) -> Value {
    json!({
        "apiVersion": "meta.k8s.io/v1",
        "kind": "PartialObjectMetadata",
        "metadata": object["metadata"],
    })
}

fn table(kind: &Kind, objects: &[Value], metadata: &Value, now: Timestamp) -> Value {
    let mut columns = vec![json!({
        "name": "Name", "type": "string", "format": "name", "description": "", "priority": 0,
    })];
    columns.extend(kind.columns.iter().map(|column| {
        json!({
            "name": column.name,
            // Dates are shown as ages, which are text.
            "type": if column.kind == "date" { "string" } else { &column.kind },
            "format": column.format,
            "description": column.description,
            "priority": column.priority,
        })
    }));
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let mut cells = vec![json!(object::name(object))];
            cells.extend(kind.columns.iter().map(|column| cell(column, object, now)));
            json!({"cells": cells, "object": metadata_only(object)})
        })
        .collect();
    json!({
        "apiVersion": "meta.k8s.io/v1",
        "kind": "Table",
        "metadata": metadata,
        "columnDefinitions": columns,
        "rows": rows,
    })
}

fn cell(column: &Column, object: &Value, now: Timestamp) -> Value {
    let pointer = column.path.replace('.', "/");
    let value = object.pointer(&pointer).cloned().unwrap_or(Value::Null);
    if column.kind != "date" {
        return value;
    }
    let since = value
        .as_str()
        .and_then(|since| since.parse::<Timestamp>().ok());
    match since {
        Some(since) => json!(age(now.as_second() - since.as_second())),
        None => json!("<unknown>"),
    }
}

/// An age as `kubectl` shows it: the two largest units at most, one once it is large.
fn age(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if seconds < 120 => format!("{seconds}s"),
        () if minutes < 10 && seconds % 60 > 0 => format!("{minutes}m{}s", seconds % 60),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 && minutes % 60 > 0 => format!("{hours}h{}m", minutes % 60),
        () if hours < 48 => format!("{hours}h"),
        () if days < 8 && hours % 24 > 0 => format!("{days}d{}h", hours % 24),
        () => format!("{days}d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_read_as_kubectl_writes_them() {
        for (seconds, text) in [
            (-5, "0s"),
            (119, "119s"),
            (125, "2m5s"),
            (600, "10m"),
            (10_800, "3h"),
            (11_000, "3h3m"),
            (90_000, "25h"),
            (200_000, "2d7h"),
            (864_000, "10d"),
        ] {
            assert_eq!(age(seconds), text);
        }
    }
}
