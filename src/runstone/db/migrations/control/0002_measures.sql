-- SLIs: when each is due, the run under way, and how the last one went. One row per SLI, changed in place.
-- Moments are seconds since the epoch. due: NULL when the SLI has left the Map. run_at: NULL when no run is under way.
CREATE TABLE sli (
    id INTEGER PRIMARY KEY, workspace TEXT NOT NULL, slx TEXT NOT NULL, interval_s INTEGER NOT NULL,
    since REAL NOT NULL, due REAL,
    run_at REAL, late INTEGER NOT NULL DEFAULT 0, token TEXT NOT NULL DEFAULT '', lease_until REAL NOT NULL DEFAULT 0,
    runner TEXT NOT NULL DEFAULT '', instance TEXT NOT NULL DEFAULT '', last_seq INTEGER NOT NULL DEFAULT 0,
    pushed INTEGER NOT NULL DEFAULT 0, scored REAL, problem TEXT NOT NULL DEFAULT '', remark TEXT NOT NULL DEFAULT '',
    ended_at REAL, outcome TEXT NOT NULL DEFAULT '', message TEXT NOT NULL DEFAULT '', value REAL, value_at REAL,
    UNIQUE (workspace, slx)
);
CREATE INDEX sli_due ON sli (workspace, due);
CREATE INDEX sli_run ON sli (lease_until) WHERE run_at IS NOT NULL;

-- What was measured. Moments are milliseconds since the epoch: a row is some twenty bytes.
-- outcome: 0 ok, 1 errored, 2 its runner was lost. value: the score, NULL when none was pushed.
CREATE TABLE measurement (
    sli INTEGER NOT NULL, at INTEGER NOT NULL, took_ms INTEGER NOT NULL, outcome INTEGER NOT NULL,
    late INTEGER NOT NULL, value REAL,
    PRIMARY KEY (sli, at)
) WITHOUT ROWID;
CREATE TABLE series (
    id INTEGER PRIMARY KEY, sli INTEGER NOT NULL, sub_name TEXT NOT NULL, labels TEXT NOT NULL, type TEXT NOT NULL,
    UNIQUE (sli, sub_name, labels)
);
CREATE TABLE point (
    series INTEGER NOT NULL, at INTEGER NOT NULL, value REAL NOT NULL,
    PRIMARY KEY (series, at)
) WITHOUT ROWID;

-- Asked at every poll of a runner: is a person waiting?
CREATE INDEX session_state ON session (state);
