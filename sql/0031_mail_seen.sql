-- A mail that failed may be dismissed: somebody saw it, and nothing is to be done.
ALTER TABLE outmail ADD COLUMN seen_at INTEGER;
ALTER TABLE outmail ADD COLUMN seen_by TEXT; -- the name as it was then
DROP INDEX outmail_undelivered;
CREATE INDEX outmail_undelivered ON outmail (id) WHERE state IN (3, 5) AND seen_at IS NULL;
CREATE INDEX outmail_dismissed ON outmail (seen_at, id) WHERE state IN (3, 5) AND seen_at IS NOT NULL;
