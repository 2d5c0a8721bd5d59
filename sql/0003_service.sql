-- Sign-in, jobs, mail in and out, search.

CREATE TABLE credential (               -- one a person; absent: cannot sign in by password
  person_kind INTEGER NOT NULL,         -- enum actor_kind: contact or agent
  person_id   INTEGER NOT NULL,
  password    TEXT,                     -- argon2id string
  totp        TEXT,                     -- base32 secret; NULL: no second factor
  totp_step   INTEGER NOT NULL DEFAULT 0, -- last accepted time step, so that a code works once
  recovery    TEXT,                     -- JSON array of hashed single-use codes
  changed_at  INTEGER NOT NULL,
  PRIMARY KEY (person_kind, person_id)
) STRICT;

CREATE TABLE session (
  hash        TEXT PRIMARY KEY NOT NULL, -- SHA-256 of the token in the cookie
  person_kind INTEGER NOT NULL,
  person_id   INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  seen_at     INTEGER NOT NULL,         -- written at most every few minutes
  expires_at  INTEGER NOT NULL,
  proved_at   INTEGER NOT NULL,         -- last time the password or code was given: dangerous changes want it fresh
  half        INTEGER NOT NULL DEFAULT 0, -- 1: password right, second factor still to come
  agent_of    TEXT                      -- user agent as shown in "your sessions"
) STRICT;
CREATE INDEX session_person ON session (person_kind, person_id);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE once_token (               -- magic links, invitations, resets: single use
  hash        TEXT PRIMARY KEY NOT NULL,
  purpose     INTEGER NOT NULL,         -- enum once_purpose
  person_kind INTEGER NOT NULL,
  person_id   INTEGER NOT NULL,
  email       TEXT NOT NULL,            -- it was sent to; must still be the person's
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  used_at     INTEGER
) STRICT;
CREATE INDEX once_token_person ON once_token (person_kind, person_id, purpose);

CREATE TABLE throttle (                 -- tries in a window, by account, address or form
  key      TEXT PRIMARY KEY NOT NULL,
  since    INTEGER NOT NULL,
  tries    INTEGER NOT NULL
) STRICT;

CREATE TABLE api_token (
  id         INTEGER PRIMARY KEY,
  hash       TEXT NOT NULL UNIQUE,
  name       TEXT NOT NULL,
  scope      INTEGER NOT NULL CHECK (scope BETWEEN 1 AND 3), -- read, write, admin
  agent_id   INTEGER REFERENCES agent (id),     -- acts as this agent; or
  account_id INTEGER REFERENCES account (id),   -- sees and opens only what is this account's
  contact_id INTEGER REFERENCES contact (id),
  created_at INTEGER NOT NULL,
  used_at    INTEGER,
  expires_at INTEGER,
  revoked_at INTEGER
) STRICT;

CREATE TABLE idempotency (
  owner      TEXT NOT NULL,             -- whose key: "token:12", "contact:7"
  key        TEXT NOT NULL,
  request    TEXT NOT NULL,             -- SHA-256 of method, path and body
  status     INTEGER NOT NULL,
  response   TEXT NOT NULL,
  at         INTEGER NOT NULL,
  PRIMARY KEY (owner, key)
) STRICT;
CREATE INDEX idempotency_at ON idempotency (at);

CREATE TABLE job (
  id         INTEGER PRIMARY KEY,
  kind       TEXT NOT NULL,
  args       TEXT NOT NULL,             -- JSON
  dedupe     TEXT UNIQUE,               -- at most one waiting job with this key
  state      INTEGER NOT NULL CHECK (state IN (1, 2, 3)), -- waiting, running, dead (finished ones are deleted)
  run_at     INTEGER NOT NULL,
  lease_to   INTEGER,                   -- running: until when; then somebody else may take it
  tries      INTEGER NOT NULL DEFAULT 0,
  error      TEXT,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX job_due ON job (run_at, id) WHERE state = 1;
CREATE INDEX job_lease ON job (lease_to) WHERE state = 2;
CREATE INDEX job_dead ON job (id) WHERE state = 3;

CREATE TABLE intake (                   -- every mail we said 250 (or exit 0) to, for ever: nothing is lost unseen
  id          INTEGER PRIMARY KEY,
  channel     INTEGER NOT NULL CHECK (channel IN (1, 2, 3)), -- LMTP, pipe, IMAP
  received_at INTEGER NOT NULL,
  sha256      TEXT NOT NULL,            -- raw bytes in the blob store
  size        INTEGER NOT NULL,
  mail_from   TEXT NOT NULL,            -- envelope, '' = <>
  rcpt        TEXT NOT NULL,            -- envelope
  state       INTEGER NOT NULL CHECK (state BETWEEN 1 AND 6), -- received, message, triage, quarantine, refused, duplicate
  reason      TEXT NOT NULL DEFAULT '', -- a sentence for the triage view
  content_key TEXT UNIQUE,              -- Message-ID and body, hashed: the same mail twice is one
  from_addr   TEXT, from_name TEXT, subject TEXT,            -- parsed, for the triage view
  message_id  TEXT,                     -- header, without <>
  ticket_id   INTEGER REFERENCES ticket (id),
  tries       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX intake_state ON intake (state, id);
CREATE INDEX intake_ticket ON intake (ticket_id) WHERE ticket_id IS NOT NULL;
CREATE INDEX intake_raw ON intake (sha256, rcpt);

CREATE TABLE mail_ref (                 -- Message-IDs, ours and theirs, to the ticket they belong to
  message_id TEXT NOT NULL,
  ticket_id  INTEGER NOT NULL REFERENCES ticket (id),
  PRIMARY KEY (message_id, ticket_id)
) STRICT;

CREATE TABLE outmail (                  -- every outgoing mail is a row before it is a mail
  id          INTEGER PRIMARY KEY,
  dedupe      TEXT UNIQUE,              -- "event:17:3": one mail an event and person
  ticket_id   INTEGER REFERENCES ticket (id),
  message_ref INTEGER REFERENCES message (id), -- the ticket message it carries, for the delivery mark
  kind        TEXT NOT NULL,            -- "ack", "reply", "resolved", "unknown-sender", "sign-in" ...
  automatic   INTEGER NOT NULL,         -- Auto-Submitted, null envelope sender, budgeted
  from_name   TEXT NOT NULL,
  from_addr   TEXT NOT NULL,
  to_name     TEXT NOT NULL,
  to_addr     TEXT NOT NULL,            -- canonical
  reply_to    TEXT,
  message_id  TEXT NOT NULL UNIQUE,     -- the same on every try
  in_reply_to TEXT,
  refs        TEXT,                     -- space separated, without <>
  subject     TEXT NOT NULL,
  text        TEXT NOT NULL,
  html        TEXT,
  attachments TEXT NOT NULL DEFAULT '[]', -- JSON array of attachment ids
  state       INTEGER NOT NULL CHECK (state BETWEEN 1 AND 5), -- queued, sent, failed, suppressed, bounced
  tries       INTEGER NOT NULL DEFAULT 0,
  next_at     INTEGER NOT NULL,
  error       TEXT,
  created_at  INTEGER NOT NULL,
  sent_at     INTEGER
) STRICT;
CREATE INDEX outmail_due ON outmail (next_at, id) WHERE state = 1;
CREATE INDEX outmail_budget ON outmail (to_addr, created_at) WHERE automatic = 1;
CREATE INDEX outmail_message ON outmail (message_ref);
CREATE INDEX outmail_ticket ON outmail (ticket_id);
CREATE INDEX outmail_failed ON outmail (id) WHERE state = 3;

CREATE TABLE article (                  -- knowledge base
  id           INTEGER PRIMARY KEY,
  slug         TEXT NOT NULL,
  lang         TEXT NOT NULL,
  kind         INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 6), -- documentation, article, FAQ, video, resource, demo site
  title        TEXT NOT NULL,
  summary      TEXT NOT NULL,
  markdown     TEXT NOT NULL,
  html         TEXT NOT NULL,           -- rendered and cleaned when written
  visibility   INTEGER NOT NULL CHECK (visibility IN (1, 2, 3)), -- public, customers, internal
  published_at INTEGER,                 -- NULL: draft
  updated_at   INTEGER NOT NULL,
  UNIQUE (slug, lang)
) STRICT;
CREATE INDEX article_list ON article (lang, kind, title);

-- Full text. One row a message (rowid = message id) and one an article; written later by a reader of the log.
-- @sqlite
CREATE VIRTUAL TABLE message_fts USING fts5 (text, content = '', prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE article_fts USING fts5 (title, text, prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2');
-- @postgres
CREATE TABLE message_fts (message_id BIGINT PRIMARY KEY, tsv tsvector NOT NULL);
CREATE INDEX message_fts_tsv ON message_fts USING gin (tsv);
CREATE TABLE article_fts (article_id BIGINT PRIMARY KEY, tsv tsvector NOT NULL);
CREATE INDEX article_fts_tsv ON article_fts USING gin (tsv);
-- @both
