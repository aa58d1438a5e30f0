-- What home holds of each platform, so that a difference is applied only to what it was made from.
CREATE TABLE platform (
    workspace TEXT NOT NULL, name TEXT NOT NULL, location TEXT NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (workspace, name)
);
ALTER TABLE resource ADD COLUMN facts TEXT NOT NULL DEFAULT '{}';
ALTER TABLE resource ADD COLUMN software TEXT NOT NULL DEFAULT '[]';
-- Relations and SLXs are found by the platform their source, or their subject, is of.
ALTER TABLE relation ADD COLUMN platform TEXT NOT NULL DEFAULT '';
ALTER TABLE slx ADD COLUMN platform TEXT NOT NULL DEFAULT '';
CREATE INDEX relation_platform ON relation (workspace, platform);
CREATE INDEX slx_subject ON slx (workspace, subject);
-- What older versions put on the Map has no digest: it is sent whole once more.
DELETE FROM resource;
DELETE FROM relation;
DELETE FROM slx;
DELETE FROM reading;
