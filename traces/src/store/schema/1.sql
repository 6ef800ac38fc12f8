-- Who sent something: a resource and an instrumentation scope, each pair kept once.
CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    namespace TEXT NOT NULL,
    resource BLOB NOT NULL,
    scope BLOB NOT NULL,
    last_seen_ns INTEGER NOT NULL,
    UNIQUE (resource, scope)
) STRICT;

CREATE TABLE source_attributes (
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    source INTEGER NOT NULL,
    PRIMARY KEY (key, value, source)
) STRICT, WITHOUT ROWID;

CREATE TABLE spans (
    id INTEGER PRIMARY KEY,
    trace_id BLOB NOT NULL,
    span_id BLOB NOT NULL,
    parent_id BLOB,
    source INTEGER NOT NULL,
    service TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    kind INTEGER NOT NULL,
    start_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL,
    is_error INTEGER NOT NULL,
    otlp BLOB NOT NULL,
    UNIQUE (trace_id, span_id)
) STRICT;

CREATE INDEX spans_by_start ON spans (start_ns);
CREATE INDEX spans_by_service ON spans (service, start_ns);
CREATE INDEX spans_by_operation ON spans (service, name, start_ns);
CREATE INDEX spans_by_namespace ON spans (namespace, start_ns);
CREATE INDEX spans_by_source ON spans (source, start_ns);
CREATE INDEX failed_spans ON spans (start_ns) WHERE is_error = 1;

-- No index by span: whoever deletes a span knows its attributes from its bytes.
CREATE TABLE span_attributes (
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    span INTEGER NOT NULL,
    PRIMARY KEY (key, value, span)
) STRICT, WITHOUT ROWID;

-- One line per trace, made anew whenever spans of it arrive.
CREATE TABLE traces (
    trace_id BLOB NOT NULL PRIMARY KEY,
    root_service TEXT NOT NULL,
    root_name TEXT NOT NULL,
    start_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL,
    n_spans INTEGER NOT NULL,
    n_errors INTEGER NOT NULL,
    n_orphans INTEGER NOT NULL,
    services TEXT NOT NULL,
    received_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX traces_by_arrival ON traces (received_ns);

CREATE TABLE operations (
    service TEXT NOT NULL,
    name TEXT NOT NULL,
    kind INTEGER NOT NULL,
    last_seen_ns INTEGER NOT NULL,
    PRIMARY KEY (service, name, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE logs (
    id INTEGER PRIMARY KEY,
    trace_id BLOB,
    span_id BLOB,
    source INTEGER NOT NULL,
    service TEXT NOT NULL,
    time_ns INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    received_ns INTEGER NOT NULL,
    otlp BLOB NOT NULL
) STRICT;

CREATE INDEX logs_by_trace ON logs (trace_id, time_ns) WHERE trace_id IS NOT NULL;
CREATE INDEX logs_by_service ON logs (service, time_ns);
CREATE INDEX logs_by_time ON logs (time_ns);
CREATE INDEX logs_by_arrival ON logs (received_ns);

-- A metric with one set of attributes; attributes are a JSON object with sorted keys.
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    attributes TEXT NOT NULL,
    source INTEGER NOT NULL,
    last_seen_ns INTEGER NOT NULL,
    UNIQUE (name, attributes, source)
) STRICT;

-- `otlp` is a HistogramDataPoint; a number has `value` instead.
CREATE TABLE points (
    series INTEGER NOT NULL,
    time_ns INTEGER NOT NULL,
    start_ns INTEGER NOT NULL,
    received_ns INTEGER NOT NULL,
    value REAL,
    otlp BLOB,
    PRIMARY KEY (series, time_ns)
) STRICT, WITHOUT ROWID;

CREATE INDEX points_by_arrival ON points (received_ns);
