-- Links to an account's month of promises, sent by agents and opened without signing in.
CREATE TABLE proof_link (
  id         INTEGER PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES account (id),
  month      TEXT NOT NULL,             -- 2026-11, as its maker saw it
  from_at    INTEGER NOT NULL,
  to_at      INTEGER NOT NULL,
  salt       TEXT NOT NULL,             -- the address is proved by a keyed sum of it
  made_by    INTEGER NOT NULL REFERENCES agent (id),
  made_at    INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;
CREATE INDEX proof_link_account ON proof_link (account_id, month, id);
