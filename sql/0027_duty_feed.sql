-- Addresses of iCalendar feeds are somebody's own and can be renewed. Those of whole schedules, which everybody knew and
-- nobody could renew, end: oncall_schedule.feed is not looked at any more.
CREATE TABLE oncall_feed (
  id          INTEGER PRIMARY KEY,
  schedule_id INTEGER NOT NULL REFERENCES oncall_schedule (id) ON DELETE CASCADE,
  agent_id    INTEGER NOT NULL REFERENCES agent (id),
  salt        TEXT NOT NULL,            -- the address is proved by a keyed sum of it; another salt is another address
  made_at     INTEGER NOT NULL,
  UNIQUE (schedule_id, agent_id)
) STRICT;
CREATE INDEX oncall_feed_agent ON oncall_feed (agent_id, schedule_id);
UPDATE oncall_schedule SET feed = 'ended-' || id;
