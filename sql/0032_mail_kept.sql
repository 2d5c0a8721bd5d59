-- When a mail was sent back to the start, by an agent or because DNS answered: it has been waiting since then, not since
-- it came.
ALTER TABLE intake ADD COLUMN again_at INTEGER;
-- 1: the mail passed a limit, or has more than is shown: what lacks is in its raw bytes.
ALTER TABLE intake ADD COLUMN cut INTEGER NOT NULL DEFAULT 0;
