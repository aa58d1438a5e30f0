-- Registered CodeCollections. current: the commit whose version is served, empty before the first is published.
-- Moments are UTC, ISO 8601.
CREATE TABLE collection (
    name TEXT PRIMARY KEY, url TEXT NOT NULL, ref TEXT NOT NULL, path TEXT NOT NULL,
    added_by TEXT NOT NULL, added_at TEXT NOT NULL, poll_s INTEGER NOT NULL, hook_key TEXT NOT NULL,
    strict INTEGER NOT NULL, current TEXT NOT NULL, UNIQUE (url, ref, path)
);

-- One row per build, changed in place while it runs. stages: JSON, in the order they run.
CREATE TABLE build (
    collection TEXT NOT NULL, number INTEGER NOT NULL, commit_id TEXT NOT NULL, reason TEXT NOT NULL,
    state TEXT NOT NULL, started_at TEXT NOT NULL, ended_at TEXT NOT NULL, problem TEXT NOT NULL, stages TEXT NOT NULL,
    PRIMARY KEY (collection, number)
);

-- Published versions, never changed. missing: JSON, the bundles that have no good version at all.
CREATE TABLE version (
    collection TEXT NOT NULL, commit_id TEXT NOT NULL, number INTEGER NOT NULL, published_at TEXT NOT NULL,
    missing TEXT NOT NULL, PRIMARY KEY (collection, commit_id), UNIQUE (collection, number)
);

-- The bundles of a version: the commit each one's content is from, and its products by their ids.
-- held: JSON, why an older content is served; empty when it is the version's own.
CREATE TABLE piece (
    collection TEXT NOT NULL, commit_id TEXT NOT NULL, path TEXT NOT NULL, from_commit TEXT NOT NULL,
    digest TEXT NOT NULL, parsed TEXT NOT NULL, linted TEXT NOT NULL, tested TEXT NOT NULL, augmented TEXT NOT NULL,
    indexed TEXT NOT NULL, held TEXT NOT NULL, PRIMARY KEY (collection, commit_id, path)
);

-- What a stage made of one bundle, by stage, the stage's version and everything it was made from. JSON, gzipped.
CREATE TABLE product (id TEXT PRIMARY KEY, value BLOB NOT NULL);
