-- One segment: everything that was received in a span of time. Nothing in it is changed or deleted
-- afterwards but the index, whose small parts become larger ones; the file is deleted as a whole.
--
-- Spans and log records are numbered in the order they were committed. A block holds those from `first`
-- on; its columns are in one table and its compressed OTLP in another, because most questions are answered
-- by the columns.

-- When the first record was received, in nanoseconds since the epoch.
CREATE TABLE segment (created_ns INTEGER NOT NULL) STRICT;

-- Who sent something: a resource and an instrumentation scope, each pair kept once.
CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    namespace TEXT NOT NULL,
    otlp BLOB NOT NULL UNIQUE
) STRICT;

-- What spans are called.
CREATE TABLE operations (
    id INTEGER PRIMARY KEY,
    service TEXT NOT NULL,
    name TEXT NOT NULL,
    kind INTEGER NOT NULL,
    UNIQUE (service, name, kind)
) STRICT;

-- `min_ns` and `max_ns` are the earliest and the latest start of a span.
CREATE TABLE span_blocks (
    first INTEGER PRIMARY KEY,
    n INTEGER NOT NULL,
    min_ns INTEGER NOT NULL,
    max_ns INTEGER NOT NULL,
    columns BLOB NOT NULL
) STRICT;

CREATE TABLE span_data (
    first INTEGER PRIMARY KEY,
    otlp BLOB NOT NULL
) STRICT;

CREATE TABLE log_blocks (
    first INTEGER PRIMARY KEY,
    n INTEGER NOT NULL,
    min_ns INTEGER NOT NULL,
    max_ns INTEGER NOT NULL,
    columns BLOB NOT NULL
) STRICT;

CREATE TABLE log_data (
    first INTEGER PRIMARY KEY,
    otlp BLOB NOT NULL
) STRICT;

-- A part of the index covers the `n` spans (`stream` 0) or log records (1) from `first` on.
CREATE TABLE parts (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    level INTEGER NOT NULL,
    first INTEGER NOT NULL,
    n INTEGER NOT NULL,
    min_ns INTEGER NOT NULL,
    max_ns INTEGER NOT NULL
) STRICT;

-- Which records of a part have a term: `key` is the part and the first term of the chunk.
CREATE TABLE terms (
    key INTEGER PRIMARY KEY,
    chunk BLOB NOT NULL
) STRICT;

-- A metric with one set of attributes; attributes are a JSON object with sorted keys.
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    attributes TEXT NOT NULL,
    source INTEGER NOT NULL,
    UNIQUE (name, attributes, source)
) STRICT;

-- `otlp` is a HistogramDataPoint; a number has `value` instead.
CREATE TABLE points (
    series INTEGER NOT NULL,
    time_ns INTEGER NOT NULL,
    start_ns INTEGER NOT NULL,
    value REAL,
    otlp BLOB,
    PRIMARY KEY (series, time_ns)
) STRICT, WITHOUT ROWID;
