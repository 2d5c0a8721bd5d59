-- A mail that could not be filed is tried again then, and not before: others go meanwhile.
ALTER TABLE intake ADD COLUMN try_at INTEGER;
