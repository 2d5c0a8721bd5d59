-- Known problems: one incident that many accounts have. Its tickets point at the first one, which points at itself.
ALTER TABLE ticket ADD COLUMN problem_id INTEGER;
CREATE INDEX ticket_problem ON ticket (problem_id, id) WHERE problem_id IS NOT NULL;

CREATE TABLE problem (
  ticket_id   INTEGER PRIMARY KEY REFERENCES ticket (id),
  title       TEXT NOT NULL,            -- what customers read; the first ticket's subject is its account's own
  shown       INTEGER NOT NULL CHECK (shown IN (0, 1)), -- 1: all customers see it in their Support section
  said        TEXT NOT NULL,            -- the newest update
  said_at     INTEGER NOT NULL,
  next_at     INTEGER,                  -- by when the next one is promised
  declared_at INTEGER NOT NULL
) STRICT;
CREATE INDEX problem_shown ON problem (declared_at) WHERE shown = 1;

CREATE TABLE problem_update (           -- what is on its way to all tickets of a problem
  id         INTEGER PRIMARY KEY,
  problem_id INTEGER NOT NULL REFERENCES problem (ticket_id),
  kind       INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3), -- an update, it is solved, the loop is closed
  text       TEXT NOT NULL,
  agent_id   INTEGER NOT NULL,
  author     TEXT NOT NULL,
  at         INTEGER NOT NULL,
  told_to    INTEGER NOT NULL DEFAULT 0, -- the last ticket it reached
  done_at    INTEGER
) STRICT;
