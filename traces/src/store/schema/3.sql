-- Those spans of a block that sums are made of, once more by themselves: calls of models, and what says
-- which conversation a trace belongs to. Columns and times are as in `span_blocks`.
CREATE TABLE model_calls (
    first INTEGER PRIMARY KEY,
    min_ns INTEGER NOT NULL,
    max_ns INTEGER NOT NULL,
    columns BLOB NOT NULL
) STRICT;

CREATE TABLE session_spans (
    first INTEGER PRIMARY KEY,
    min_ns INTEGER NOT NULL,
    max_ns INTEGER NOT NULL,
    columns BLOB NOT NULL
) STRICT;

-- Spans before `extracts_from` are not in them.
ALTER TABLE segment ADD COLUMN extracts_from INTEGER NOT NULL DEFAULT 0;
UPDATE segment SET extracts_from = coalesce((SELECT max(first + n) FROM span_blocks), 0);
