-- Who the customers are, what they bought, who works for them.
-- Times are microseconds since 1970 UTC; NULL means "not yet" or "none". Booleans are 0/1. Enumerations are the C enums
-- of the room that owns the table.

CREATE TABLE setting (                  -- what the first-run page and `carrel admin` set; the configuration file wins
  key   TEXT PRIMARY KEY NOT NULL,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE counter (                  -- numbers that must be gapless enough for people
  name  TEXT PRIMARY KEY NOT NULL,
  value INTEGER NOT NULL
) STRICT;
INSERT INTO counter (name, value) VALUES ('ticket', 1000);

CREATE TABLE calendar (
  id    INTEGER PRIMARY KEY,
  name  TEXT NOT NULL UNIQUE,
  zone  TEXT NOT NULL,                  -- IANA name
  hours TEXT NOT NULL                   -- JSON {"mon":[["08:00","18:00"]],...}; {"always":true} is 24x7
) STRICT;

CREATE TABLE plan (
  id          INTEGER PRIMARY KEY,
  code        TEXT NOT NULL UNIQUE,     -- FREE, BASIC, ...
  name        TEXT NOT NULL,
  support     INTEGER NOT NULL CHECK (support IN (0, 1)), -- 0: public knowledge base only
  rank        INTEGER NOT NULL,         -- order on pages, and "the next plan up"
  calendar_id INTEGER REFERENCES calendar (id),           -- working hours of criticality 3, 4 and requests
  quota_month INTEGER CHECK (quota_month >= 0)            -- tickets a calendar month (UTC); NULL: unlimited
) STRICT;

CREATE TABLE plan_channel (             -- a row allows; no row forbids
  plan_id     INTEGER NOT NULL REFERENCES plan (id) ON DELETE CASCADE,
  kind        INTEGER NOT NULL CHECK (kind IN (1, 2)),               -- enum ticket_kind
  criticality INTEGER NOT NULL CHECK (criticality BETWEEN 0 AND 4),  -- 0 for requests
  channel     INTEGER NOT NULL,                                      -- enum channel
  PRIMARY KEY (plan_id, kind, criticality, channel)
) STRICT;

CREATE TABLE plan_target (              -- what is promised, per criticality; incidents only
  plan_id     INTEGER NOT NULL REFERENCES plan (id) ON DELETE CASCADE,
  criticality INTEGER NOT NULL CHECK (criticality BETWEEN 1 AND 4),
  metric      INTEGER NOT NULL CHECK (metric IN (1, 2, 3, 4)),       -- first response, next response, update, solution
  minutes     INTEGER NOT NULL CHECK (minutes > 0),
  calendar_id INTEGER REFERENCES calendar (id),                      -- NULL: the plan's
  PRIMARY KEY (plan_id, criticality, metric)
) STRICT;

CREATE TABLE account (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,
  ref        TEXT UNIQUE,               -- the operator's own key (billing system), for imports
  lang       TEXT NOT NULL DEFAULT 'en',
  zone       TEXT NOT NULL DEFAULT 'UTC',
  created_at INTEGER NOT NULL,
  closed_at  INTEGER
) STRICT;
CREATE INDEX account_name ON account (name, id);

CREATE TABLE subscription (
  id         INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES account (id),
  plan_id    INTEGER NOT NULL REFERENCES plan (id),
  ref        TEXT UNIQUE,
  name       TEXT NOT NULL,
  state      INTEGER NOT NULL CHECK (state BETWEEN 1 AND 5), -- trial, active, past due, suspended, cancelled
  valid_from INTEGER NOT NULL,
  valid_to   INTEGER,                   -- exclusive; NULL: open end
  state_at   INTEGER NOT NULL           -- since when it is in this state
) STRICT;
CREATE INDEX subscription_account ON subscription (account_id, id);

CREATE TABLE site (                     -- a tenant of the hosted service
  id              INTEGER PRIMARY KEY,
  account_id      INTEGER NOT NULL REFERENCES account (id),
  subscription_id INTEGER REFERENCES subscription (id),
  name            TEXT NOT NULL
) STRICT;
CREATE INDEX site_account ON site (account_id, id);

CREATE TABLE site_host (                -- its host names: LMS, Studio, MFE
  host    TEXT PRIMARY KEY NOT NULL,    -- lower case
  site_id INTEGER NOT NULL REFERENCES site (id) ON DELETE CASCADE,
  role    INTEGER NOT NULL CHECK (role IN (1, 2, 3))
) STRICT;
CREATE INDEX site_host_site ON site_host (site_id);

CREATE TABLE contact (
  id          INTEGER PRIMARY KEY,
  account_id  INTEGER NOT NULL REFERENCES account (id),
  name        TEXT NOT NULL,
  email       TEXT NOT NULL,            -- as it is shown; looked up through contact_address
  phone       TEXT,                     -- E.164
  lang        TEXT NOT NULL DEFAULT 'en',
  zone        TEXT NOT NULL DEFAULT '', -- '': the account's
  created_at  INTEGER NOT NULL,
  disabled_at INTEGER
) STRICT;
CREATE INDEX contact_account ON contact (account_id, name, id);
CREATE INDEX contact_name ON contact (name, id);

CREATE TABLE contact_address (          -- addresses that speak for a contact, canonical (see mime/addr)
  email      TEXT PRIMARY KEY NOT NULL,
  contact_id INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX contact_address_contact ON contact_address (contact_id);

CREATE TABLE contact_role (
  contact_id INTEGER NOT NULL REFERENCES contact (id) ON DELETE CASCADE,
  role       INTEGER NOT NULL CHECK (role BETWEEN 1 AND 3),   -- auditor, operator, manager
  scope      INTEGER NOT NULL CHECK (scope BETWEEN 1 AND 3),  -- account, subscription, site
  scope_id   INTEGER NOT NULL,                                -- its id
  PRIMARY KEY (contact_id, scope, scope_id)
) STRICT;

CREATE TABLE team (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE agent (
  id          INTEGER PRIMARY KEY,
  name        TEXT NOT NULL,
  email       TEXT NOT NULL UNIQUE,     -- canonical
  role        INTEGER NOT NULL CHECK (role BETWEEN 1 AND 3),  -- agent, supervisor, administrator
  lang        TEXT NOT NULL DEFAULT 'en',
  zone        TEXT NOT NULL DEFAULT 'UTC',
  created_at  INTEGER NOT NULL,
  disabled_at INTEGER
) STRICT;

CREATE TABLE agent_team (
  agent_id INTEGER NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
  team_id  INTEGER NOT NULL REFERENCES team (id) ON DELETE CASCADE,
  PRIMARY KEY (agent_id, team_id)
) STRICT;
