-- Browsers of agents that are paged by Web Push.
CREATE TABLE push_browser (
  id       INTEGER PRIMARY KEY,
  agent_id INTEGER NOT NULL REFERENCES agent (id),
  endpoint TEXT NOT NULL UNIQUE,        -- of the browser's push service
  p256dh   TEXT NOT NULL,               -- base64url: its key
  auth     TEXT NOT NULL,               -- base64url: its secret
  name     TEXT NOT NULL,               -- what the browser calls itself
  made_at  INTEGER NOT NULL,
  used_at  INTEGER NOT NULL             -- a message reached the service then
) STRICT;
CREATE INDEX push_browser_agent ON push_browser (agent_id, used_at);
