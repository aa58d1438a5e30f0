-- The Map of a workspace.
CREATE TABLE resource (
    workspace TEXT NOT NULL, path TEXT NOT NULL, platform TEXT NOT NULL, kind TEXT NOT NULL,
    namespace TEXT NOT NULL, name TEXT NOT NULL, labels TEXT NOT NULL, health TEXT NOT NULL, summary TEXT NOT NULL,
    PRIMARY KEY (workspace, path)
);
CREATE INDEX resource_scope ON resource (workspace, platform, kind, namespace);
CREATE TABLE relation (
    workspace TEXT NOT NULL, source TEXT NOT NULL, type TEXT NOT NULL, target TEXT NOT NULL, detail TEXT NOT NULL,
    PRIMARY KEY (workspace, source, type, target, detail)
);
CREATE INDEX relation_target ON relation (workspace, target);
CREATE TABLE slx (
    workspace TEXT NOT NULL, name TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (workspace, name)
);
CREATE TABLE reading (
    workspace TEXT NOT NULL, platform TEXT NOT NULL, kind TEXT NOT NULL, namespace TEXT NOT NULL,
    complete INTEGER NOT NULL, problem TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (workspace, platform, kind, namespace)
);
CREATE TABLE scan (
    workspace TEXT NOT NULL, location TEXT NOT NULL, final_at TEXT,
    PRIMARY KEY (workspace, location)
);

-- Sessions and what happened in them.
CREATE TABLE session (
    id TEXT PRIMARY KEY, workspace TEXT NOT NULL, trigger_body TEXT NOT NULL, state TEXT NOT NULL,
    reason TEXT NOT NULL, opened_at TEXT NOT NULL, ended_at TEXT, resolved INTEGER NOT NULL,
    diagnosis TEXT NOT NULL, budget_s INTEGER NOT NULL
);
CREATE TABLE request (
    id TEXT PRIMARY KEY, session TEXT NOT NULL REFERENCES session (id), slx TEXT NOT NULL, location TEXT NOT NULL,
    body TEXT NOT NULL, state TEXT NOT NULL, attempt INTEGER NOT NULL, message TEXT NOT NULL,
    offered_at TEXT NOT NULL, ended_at TEXT,
    token TEXT NOT NULL, lease_until REAL NOT NULL, runner TEXT NOT NULL, instance TEXT NOT NULL,
    last_seq INTEGER NOT NULL
);
CREATE INDEX request_state ON request (location, state);
CREATE INDEX request_session ON request (session);
CREATE TABLE task_run (
    request TEXT NOT NULL REFERENCES request (id), title TEXT NOT NULL, attempt INTEGER NOT NULL,
    session TEXT NOT NULL, body TEXT NOT NULL, done INTEGER NOT NULL,
    PRIMARY KEY (request, title, attempt)
);
CREATE INDEX task_run_session ON task_run (session);
CREATE TABLE proposal (
    id TEXT PRIMARY KEY, session TEXT NOT NULL REFERENCES session (id), body TEXT NOT NULL, state TEXT NOT NULL
);

-- What happened, kept. Rows are only ever added.
CREATE TABLE event (
    workspace TEXT NOT NULL, seq INTEGER NOT NULL, at TEXT NOT NULL, type TEXT NOT NULL, session TEXT NOT NULL,
    actor TEXT NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (workspace, seq)
);
CREATE INDEX event_session ON event (session, seq);
CREATE TABLE runner (
    location TEXT NOT NULL, name TEXT NOT NULL, instance TEXT NOT NULL, seen_at REAL NOT NULL,
    PRIMARY KEY (location, name)
);
