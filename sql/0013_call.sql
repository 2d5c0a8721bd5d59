-- The telephone: every call is a row, with who was rung and what was recorded. The line and CTI webhooks of a PBX write it.

CREATE TABLE call (
  id           INTEGER PRIMARY KEY,
  key          TEXT NOT NULL UNIQUE,      -- the line's or the PBX's own name of the call
  source       INTEGER NOT NULL CHECK (source IN (1, 2)),    -- our line, a PBX by webhook
  direction    INTEGER NOT NULL CHECK (direction IN (1, 2)), -- in, out
  from_number  TEXT NOT NULL,             -- E.164, or '' when withheld
  to_number    TEXT NOT NULL,
  queue        TEXT NOT NULL DEFAULT '',
  agents       TEXT NOT NULL DEFAULT '',  -- names a PBX gave
  contact_id   INTEGER REFERENCES contact (id),  -- whose number or PIN it is
  account_id   INTEGER REFERENCES account (id),
  draft_id     INTEGER,                   -- the prepared ticket whose PIN was given
  ticket_id    INTEGER REFERENCES ticket (id),
  verified     INTEGER NOT NULL DEFAULT 0 CHECK (verified IN (0, 1)),
  unknown      INTEGER NOT NULL DEFAULT 0 CHECK (unknown IN (0, 1)), -- an agent says: nobody of ours
  criticality  INTEGER CHECK (criticality BETWEEN 1 AND 4),
  agent_id     INTEGER REFERENCES agent (id),    -- who pressed 1, or took it on screen
  cause        TEXT NOT NULL DEFAULT '',
  paged        INTEGER NOT NULL DEFAULT 0,
  started_at   INTEGER NOT NULL,
  answered_at  INTEGER,
  accepted_at  INTEGER,
  ended_at     INTEGER
) STRICT;
CREATE INDEX call_started ON call (started_at);
CREATE INDEX call_ticket ON call (ticket_id, id);
CREATE INDEX call_open ON call (id) WHERE ended_at IS NULL;

CREATE TABLE call_leg (                  -- whom we rang
  call_id INTEGER NOT NULL REFERENCES call (id) ON DELETE CASCADE,
  n       INTEGER NOT NULL,
  agent_id INTEGER REFERENCES agent (id),
  number  TEXT NOT NULL,
  result  TEXT NOT NULL,                 -- accepted, declined, not-accepted, busy, no-answer, failed
  at      INTEGER NOT NULL,
  PRIMARY KEY (call_id, n)
) STRICT;

CREATE TABLE call_audio (
  call_id INTEGER NOT NULL REFERENCES call (id) ON DELETE CASCADE,
  kind    TEXT NOT NULL,                 -- description, message
  sha256  TEXT NOT NULL,
  size    INTEGER NOT NULL,
  ms      INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  filed   INTEGER NOT NULL DEFAULT 0,    -- 1: hangs on the ticket
  PRIMARY KEY (call_id, kind)
) STRICT;

CREATE TABLE contact_pin (               -- personal PIN of a contact, keyed hash: the PIN alone names the person
  contact_id INTEGER PRIMARY KEY NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
  pin_hash   TEXT NOT NULL UNIQUE,
  set_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE agent_phone (               -- where agents are rung
  agent_id INTEGER PRIMARY KEY NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
  number   TEXT NOT NULL,
  position INTEGER NOT NULL DEFAULT 100  -- those who are not on duty are rung after, in this order
) STRICT;

CREATE TABLE call_wish (                 -- calls the line is to make: call me back, click to call
  id        INTEGER PRIMARY KEY,
  ticket_id INTEGER NOT NULL REFERENCES ticket (id),
  agent_id  INTEGER REFERENCES agent (id), -- who clicked; NULL: whoever is on duty
  number    TEXT NOT NULL,
  at        INTEGER NOT NULL,
  done_at   INTEGER
) STRICT;
CREATE INDEX call_wish_open ON call_wish (id) WHERE done_at IS NULL;
CREATE INDEX contact_phone ON contact (REPLACE(REPLACE(phone, ' ', ''), '-', ''));
