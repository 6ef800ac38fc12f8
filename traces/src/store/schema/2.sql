-- What large parts certainly do not have.
CREATE TABLE filters (
    part INTEGER PRIMARY KEY,
    bits BLOB NOT NULL
) STRICT;

-- Exceptions of one type, template of a message and top frame; `id` is a hash of them.
CREATE TABLE exception_groups (
    id INTEGER PRIMARY KEY,
    type TEXT NOT NULL,
    template TEXT NOT NULL,
    top_frame TEXT NOT NULL,
    first_ns INTEGER NOT NULL
) STRICT;

-- What events of spans (`stream` 0) and log records (1) say was raised; the words are in the record.
CREATE TABLE exceptions (
    stream INTEGER NOT NULL,
    time_ns INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    event INTEGER NOT NULL,
    exception_group INTEGER NOT NULL,
    source INTEGER NOT NULL,
    trace_id BLOB,
    span_id BLOB,
    parent_id BLOB,
    PRIMARY KEY (stream, time_ns, ordinal, event)
) STRICT, WITHOUT ROWID;

-- `kind` says what the points of a series mean: 0 a value as it is, 1 a sum since the beginning, 2 a sum
-- since the point before. Older series are sums since the beginning, as KAOS itself sends them.
ALTER TABLE series RENAME TO series_without_kind;
CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    attributes TEXT NOT NULL,
    source INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    UNIQUE (name, attributes, source, kind)
) STRICT;
INSERT INTO series (id, name, unit, attributes, source, kind)
    SELECT id, name, unit, attributes, source, 1 FROM series_without_kind;
DROP TABLE series_without_kind;
