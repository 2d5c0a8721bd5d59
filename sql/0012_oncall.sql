-- Who is on duty when, and whom to page until somebody takes it.

CREATE TABLE oncall_schedule (
  id     INTEGER PRIMARY KEY,
  name   TEXT NOT NULL UNIQUE,
  zone   TEXT NOT NULL,
  layers TEXT NOT NULL,                 -- JSON, see docs/ONCALL.md
  feed   TEXT NOT NULL UNIQUE           -- secret part of the address of its iCalendar feed
) STRICT;

CREATE TABLE oncall_override (          -- somebody else for a time; the newest wins
  id          INTEGER PRIMARY KEY,
  schedule_id INTEGER NOT NULL REFERENCES oncall_schedule (id) ON DELETE CASCADE,
  from_at     INTEGER NOT NULL,
  to_at       INTEGER NOT NULL CHECK (to_at > from_at),
  agent_id    INTEGER REFERENCES agent (id),    -- NULL: nobody
  instead_of  INTEGER REFERENCES agent (id),    -- only while this one would be on duty; NULL: whoever
  made_by     TEXT NOT NULL,
  made_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX oncall_override_range ON oncall_override (schedule_id, to_at);

CREATE TABLE oncall_policy (
  id     INTEGER PRIMARY KEY,
  name   TEXT NOT NULL UNIQUE,
  steps  TEXT NOT NULL,                 -- JSON, see docs/ONCALL.md
  secret TEXT NOT NULL                  -- signs its webhooks
) STRICT;

CREATE TABLE oncall_rule (              -- what starts which policy
  criticality INTEGER NOT NULL CHECK (criticality BETWEEN 1 AND 4),
  trigger     INTEGER NOT NULL CHECK (trigger BETWEEN 1 AND 3), -- opened, warned, breached
  policy_id   INTEGER NOT NULL REFERENCES oncall_policy (id) ON DELETE CASCADE,
  PRIMARY KEY (criticality, trigger)
) STRICT;

CREATE TABLE oncall_page (              -- one escalation of one ticket
  id         INTEGER PRIMARY KEY,
  dedupe     TEXT NOT NULL UNIQUE,      -- what started it
  ticket_id  INTEGER NOT NULL REFERENCES ticket (id),
  policy_id  INTEGER NOT NULL,
  trigger    INTEGER NOT NULL,
  steps      TEXT NOT NULL,             -- the policy as it was then
  state      INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4), -- active, acknowledged, ended, nobody came
  step       INTEGER NOT NULL,          -- the next one, from 0
  round      INTEGER NOT NULL,          -- from 0
  started_at INTEGER NOT NULL,
  paged      TEXT NOT NULL DEFAULT '[]', -- JSON, ids of agents paged so far
  ack_by     INTEGER REFERENCES agent (id),
  ack_at     INTEGER
) STRICT;
CREATE INDEX oncall_page_ticket ON oncall_page (ticket_id, id);
CREATE INDEX oncall_page_active ON oncall_page (id) WHERE state = 1;
