-- Requests: approvals by the account's manager where the plan asks, and checklists by the type of request.
ALTER TABLE plan ADD COLUMN approval INTEGER NOT NULL DEFAULT 0;  -- 1: requests of others than managers wait for one
ALTER TABLE ticket ADD COLUMN approval INTEGER;                   -- 1 asked, 2 approved, 3 declined; NULL: none needed
ALTER TABLE ticket ADD COLUMN request_type_id INTEGER;

CREATE TABLE request_type (
  id          INTEGER PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE,
  items       TEXT NOT NULL,            -- its checklist, a line each
  archived_at INTEGER                   -- no longer offered
) STRICT;
CREATE TABLE checklist_item (
  id        INTEGER PRIMARY KEY,
  ticket_id INTEGER NOT NULL REFERENCES ticket (id),
  text      TEXT NOT NULL,
  done_by   TEXT,
  done_at   INTEGER
) STRICT;
CREATE INDEX checklist_item_ticket ON checklist_item (ticket_id, id);
