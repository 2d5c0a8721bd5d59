-- Who refused a mail or called it spam, by the name of then, and when. NULL: nobody, or before this was kept.
ALTER TABLE intake ADD COLUMN refused_by TEXT;
ALTER TABLE intake ADD COLUMN refused_at INTEGER;
