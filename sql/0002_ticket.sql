-- Tickets, what was said, and the event log that is the spine of everything.

-- @postgres
CREATE SEQUENCE ticket_number START 1001;
-- @both

CREATE TABLE ticket (
  id              INTEGER PRIMARY KEY,
  number          INTEGER NOT NULL UNIQUE,  -- 1042 of CAR-1042-7
  account_id      INTEGER NOT NULL REFERENCES account (id),
  contact_id      INTEGER REFERENCES contact (id),      -- requester; NULL: opened for the account by an agent or the API
  subscription_id INTEGER REFERENCES subscription (id),
  site_id         INTEGER REFERENCES site (id),
  kind            INTEGER NOT NULL CHECK (kind IN (1, 2)),             -- incident, request
  criticality     INTEGER CHECK (criticality BETWEEN 1 AND 4),
  claimed         INTEGER CHECK (claimed BETWEEN 1 AND 4),             -- what the customer chose, kept for ever
  complexity      INTEGER CHECK (complexity BETWEEN 1 AND 3),          -- S, M, L; NULL: not estimated yet
  priority        INTEGER CHECK (priority BETWEEN 1 AND 4),
  state           INTEGER NOT NULL CHECK (state BETWEEN 1 AND 5),      -- new, open, waiting, resolved, closed
  waiting_for     INTEGER CHECK (waiting_for IN (1, 2)),               -- the customer, others
  channel         INTEGER NOT NULL CHECK (channel BETWEEN 1 AND 6),    -- form, mail, phone, api, widget, agent
  subject         TEXT NOT NULL,
  course          TEXT,                     -- course-v1:ORG+COURSE+RUN
  unit            TEXT,                     -- block-v1:... or the like
  affected_email  TEXT,
  link            TEXT,
  assignee_id     INTEGER REFERENCES agent (id),
  team_id         INTEGER REFERENCES team (id),
  verdict         INTEGER NOT NULL,         -- enum ent_verdict, frozen at opening
  plan_code       TEXT NOT NULL,            -- frozen with it; '' when there was no plan
  not_phoned      INTEGER NOT NULL DEFAULT 0, -- 1: claims criticality 1 or 2 but came by another way than the telephone
  callback_at     INTEGER,                  -- when "call me back" was asked for; NULL: not, or done
  callback_phone  TEXT,
  wanted_on       TEXT,                     -- requests: date the customer wishes, YYYY-MM-DD
  resolution      TEXT,
  opened_at       INTEGER NOT NULL,         -- the moment of receipt or call
  updated_at      INTEGER NOT NULL,
  responded_at    INTEGER,                  -- first public answer of an agent
  resolved_at     INTEGER,
  confirmed_at    INTEGER,                  -- the customer said it is solved
  closed_at       INTEGER,
  rating          INTEGER CHECK (rating BETWEEN 1 AND 3), -- bad, fair, good
  rating_comment  TEXT,
  last_event_id   INTEGER NOT NULL DEFAULT 0, -- the version: caches and stale guards compare it
  mail_token      TEXT NOT NULL UNIQUE,     -- 160 random bits: part of the keyed reply address
  -- Criticality belongs to incidents, complexity and priority to requests: nothing else can be stored.
  CHECK ((kind = 1 AND criticality IS NOT NULL AND complexity IS NULL AND priority IS NULL AND wanted_on IS NULL)
      OR (kind = 2 AND criticality IS NULL AND priority IS NOT NULL)),
  CHECK ((state = 3) = (waiting_for IS NOT NULL)),
  CHECK (state < 4 OR resolved_at IS NOT NULL)
) STRICT;
-- Lists never count on the number of tickets: each view is a range of one of these.
CREATE INDEX ticket_account ON ticket (account_id, updated_at DESC, id DESC);
CREATE INDEX ticket_account_open ON ticket (account_id, updated_at DESC, id DESC) WHERE state <= 3;
CREATE INDEX ticket_account_solved ON ticket (account_id, updated_at DESC, id DESC) WHERE state >= 4;
CREATE INDEX ticket_contact ON ticket (contact_id, updated_at DESC, id DESC);
CREATE INDEX ticket_unassigned ON ticket (updated_at DESC, id DESC) WHERE assignee_id IS NULL AND state <= 3;
CREATE INDEX ticket_mine ON ticket (assignee_id, updated_at DESC, id DESC) WHERE state <= 3;
CREATE INDEX ticket_incidents ON ticket (criticality, opened_at, id) WHERE kind = 1 AND state <= 3;
CREATE INDEX ticket_requests ON ticket (priority, opened_at, id) WHERE kind = 2 AND state <= 3;
CREATE INDEX ticket_waiting ON ticket (updated_at DESC, id DESC) WHERE state = 3;
CREATE INDEX ticket_all ON ticket (updated_at DESC, id DESC);
CREATE INDEX ticket_done ON ticket (resolved_at, id) WHERE state = 4; -- the closing job
CREATE INDEX ticket_callback ON ticket (callback_at, id) WHERE callback_at IS NOT NULL;
CREATE INDEX ticket_course ON ticket (course, updated_at DESC) WHERE course IS NOT NULL;
CREATE INDEX ticket_unit ON ticket (unit, updated_at DESC) WHERE unit IS NOT NULL;
CREATE INDEX ticket_quota ON ticket (subscription_id, opened_at);

CREATE TABLE message (                  -- public messages and internal notes
  id          INTEGER PRIMARY KEY,
  ticket_id   INTEGER NOT NULL REFERENCES ticket (id),
  internal    INTEGER NOT NULL CHECK (internal IN (0, 1)),
  author_kind INTEGER NOT NULL,         -- enum actor_kind
  contact_id  INTEGER REFERENCES contact (id),
  agent_id    INTEGER REFERENCES agent (id),
  author      TEXT NOT NULL,            -- name as it was then
  email       TEXT,                     -- address it was sent from
  channel     INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  text        TEXT NOT NULL,            -- without quoted history
  quoted      TEXT,                     -- history and signature folded away
  html        TEXT,                     -- cleaned; NULL: show the text
  automatic   INTEGER NOT NULL DEFAULT 0,
  intake_id   INTEGER                   -- raw mail it came from
) STRICT;
CREATE INDEX message_ticket ON message (ticket_id, id);

CREATE TABLE attachment (
  id         INTEGER PRIMARY KEY,
  token      TEXT NOT NULL UNIQUE,      -- 160 random bits; names it in addresses, grants nothing by itself
  ticket_id  INTEGER REFERENCES ticket (id),
  message_id INTEGER REFERENCES message (id),
  draft_id   INTEGER,                   -- while its message is not sent
  sha256     TEXT NOT NULL,             -- of the bytes in the blob store
  size       INTEGER NOT NULL,
  name       TEXT NOT NULL,             -- made safe; for people only
  type       TEXT NOT NULL,             -- from our allow-list by sniffing, else application/octet-stream
  cid        TEXT,                      -- Content-ID when shown inside the mail
  at         INTEGER NOT NULL
) STRICT;
CREATE INDEX attachment_message ON attachment (message_id);
CREATE INDEX attachment_ticket ON attachment (ticket_id, message_id, id);
CREATE INDEX attachment_draft ON attachment (draft_id);
CREATE INDEX attachment_sha256 ON attachment (sha256);

CREATE TABLE participant (              -- who may speak on a ticket by mail besides the requester
  ticket_id  INTEGER NOT NULL REFERENCES ticket (id),
  email      TEXT NOT NULL,             -- canonical
  contact_id INTEGER REFERENCES contact (id),
  accepted   INTEGER NOT NULL,          -- 0: only mentioned as Cc; gets nothing until an agent accepts
  PRIMARY KEY (ticket_id, email)
) STRICT;

CREATE TABLE event (                    -- append-only; written in the transaction of the change it tells
  id         INTEGER PRIMARY KEY,
  at         INTEGER NOT NULL,
  kind       TEXT NOT NULL,             -- "ticket.opened", see event/event.h
  ticket_id  INTEGER REFERENCES ticket (id),
  account_id INTEGER REFERENCES account (id),
  actor_kind INTEGER NOT NULL,
  actor_id   INTEGER,
  actor      TEXT NOT NULL,             -- name as it was then
  public     INTEGER NOT NULL CHECK (public IN (0, 1)), -- 1: the customer may see it
  data       TEXT NOT NULL,             -- JSON object
-- @postgres
  tx         xid8 NOT NULL DEFAULT pg_current_xact_id(), -- readers stop before transactions still running
-- @both
  message_id INTEGER REFERENCES message (id)
) STRICT;
CREATE INDEX event_ticket ON event (ticket_id, id);
-- @postgres
CREATE INDEX event_tx ON event (tx, id); -- the order readers take them in
-- @both

CREATE TABLE reader (                   -- durable cursors of the log's readers
  name     TEXT PRIMARY KEY NOT NULL,
-- @postgres
  tx       xid8 NOT NULL DEFAULT '0',
-- @both
  event_id INTEGER NOT NULL
) STRICT;

CREATE TABLE draft (                    -- what somebody is writing, kept by the server
  id          INTEGER PRIMARY KEY,
  owner_kind  INTEGER NOT NULL,         -- enum actor_kind
  owner_id    INTEGER NOT NULL,
  purpose     INTEGER NOT NULL CHECK (purpose BETWEEN 1 AND 3), -- new ticket, reply, note
  ticket_id   INTEGER NOT NULL DEFAULT 0, -- 0 for a new ticket
  account_id  INTEGER REFERENCES account (id),
  data        TEXT NOT NULL,            -- JSON of the form's fields
  number      INTEGER,                  -- ticket number reserved when criticality 1 or 2 was chosen
  pin_hash    TEXT,                     -- one-time PIN of the prepared ticket, keyed hash
  pin_until   INTEGER,
  updated_at  INTEGER NOT NULL,
  UNIQUE (owner_kind, owner_id, purpose, ticket_id)
) STRICT;
CREATE UNIQUE INDEX draft_pin ON draft (pin_hash) WHERE pin_hash IS NOT NULL; -- a PIN names one prepared ticket
