-- Events lie beside the others of their session, and a session knows how many it has: nothing is
-- counted when an event is added.

ALTER TABLE sessions RENAME TO old_sessions;
ALTER TABLE events RENAME TO old_events;
DROP INDEX sessions_by_use;
DROP INDEX events_by_session;

-- `used` orders sessions by their last event: it is that event's `seq`.
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    agent TEXT NOT NULL,
    session TEXT NOT NULL,
    used INTEGER NOT NULL,
    n_events INTEGER NOT NULL,
    UNIQUE (agent, session)
) STRICT;

CREATE INDEX sessions_by_use ON sessions (agent, used);

-- `seq` orders the events of all sessions.
CREATE TABLE events (
    session INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    timestamp TEXT NOT NULL,
    kind TEXT NOT NULL,
    content TEXT NOT NULL,
    metadata TEXT NOT NULL,
    PRIMARY KEY (session, seq)
) STRICT, WITHOUT ROWID;

INSERT INTO sessions (agent, session, used, n_events)
    SELECT s.agent, s.session, s.used, count(e.seq)
    FROM old_sessions s JOIN old_events e USING (agent, session) GROUP BY s.agent, s.session;

INSERT INTO events
    SELECT s.id, e.seq, e.event_id, e.timestamp, e.kind, e.content, e.metadata
    FROM old_events e JOIN sessions s USING (agent, session);

DROP TABLE old_events;
DROP TABLE old_sessions;
