-- Replies that are not said yet: held so that they can be undone, or wait for their moment. No event knows of them.
CREATE TABLE held (
  id         INTEGER PRIMARY KEY,
  ticket_id  INTEGER NOT NULL REFERENCES ticket (id),
  number     INTEGER NOT NULL,          -- of the ticket
  agent_id   INTEGER NOT NULL REFERENCES agent (id),
  text       TEXT NOT NULL,
  waits      INTEGER NOT NULL,          -- 1: then the ticket waits for the customer
  send_at    INTEGER NOT NULL,
  error      TEXT,                      -- why it could not be said; its agent decides
  created_at INTEGER NOT NULL,
  UNIQUE (ticket_id, agent_id)
) STRICT;
CREATE INDEX held_agent ON held (agent_id, send_at);
CREATE TABLE held_file (
  held_id INTEGER NOT NULL REFERENCES held (id),
  place   INTEGER NOT NULL,
  sha256  TEXT NOT NULL,
  name    TEXT NOT NULL,
  type    TEXT NOT NULL,
  cid     TEXT,
  size    INTEGER NOT NULL,
  PRIMARY KEY (held_id, place)
) STRICT;
