-- What home holds of each platform, so that a difference is applied only to what it was made from.
CREATE TABLE platform (
    workspace TEXT NOT NULL, name TEXT NOT NULL, location TEXT NOT NULL, digest TEXT NOT NULL,
    settled INTEGER NOT NULL DEFAULT 0, -- whether it was read to its end once: before that nothing is news
    PRIMARY KEY (workspace, name)
);
-- What changed, when. what: appeared, gone, health, fact, label, software.
CREATE TABLE change (
    id INTEGER PRIMARY KEY, workspace TEXT NOT NULL, at TEXT NOT NULL, path TEXT NOT NULL, what TEXT NOT NULL,
    name TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL
);
CREATE INDEX change_at ON change (workspace, at);
CREATE INDEX change_path ON change (workspace, path, at);
ALTER TABLE resource ADD COLUMN facts TEXT NOT NULL DEFAULT '{}';
ALTER TABLE resource ADD COLUMN software TEXT NOT NULL DEFAULT '[]';
-- Relations and SLXs are found by the platform their source, or their subject, is of.
ALTER TABLE relation ADD COLUMN platform TEXT NOT NULL DEFAULT '';
ALTER TABLE slx ADD COLUMN platform TEXT NOT NULL DEFAULT '';
-- What is asked of every SLX, so that its body need not be read: paths of its resources, as JSON; its SLI's interval.
ALTER TABLE slx ADD COLUMN about TEXT NOT NULL DEFAULT '[]';
ALTER TABLE slx ADD COLUMN interval_s INTEGER;
CREATE INDEX relation_platform ON relation (workspace, platform);
CREATE INDEX slx_subject ON slx (workspace, subject);
-- What older versions put on the Map has no digest: it is sent whole once more.
DELETE FROM resource;
DELETE FROM relation;
DELETE FROM slx;
DELETE FROM reading;
