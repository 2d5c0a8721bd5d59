-- Promises as running clocks. Everything here is derived from the event log and the policies, and can be made again.

ALTER TABLE plan_target ADD COLUMN warn INTEGER NOT NULL DEFAULT 75 CHECK (warn BETWEEN 1 AND 100); -- percent of the time after which is warned
ALTER TABLE plan_target ADD COLUMN pauses INTEGER NOT NULL DEFAULT 0; -- enum clock_pauses; 0: as is usual for the metric

CREATE TABLE clock_policy (             -- what a plan promised at a time, with the texts of its calendars; append-only
  id        INTEGER PRIMARY KEY,
  hash      TEXT NOT NULL UNIQUE,       -- of the plan's code and the targets: the same promise is one row
  plan_code TEXT NOT NULL,
  targets   TEXT NOT NULL,              -- JSON [[criticality, metric, minutes, calendar_revision or 0, warn, pauses], ...]
  at        INTEGER NOT NULL
) STRICT;

CREATE TABLE clock (                    -- one row a cycle
  ticket_id   INTEGER NOT NULL REFERENCES ticket (id),
  metric      INTEGER NOT NULL CHECK (metric BETWEEN 1 AND 4),
  cycle       INTEGER NOT NULL,         -- from 1
  state       INTEGER NOT NULL CHECK (state BETWEEN 1 AND 4), -- running, paused, stopped, cancelled
  criticality INTEGER NOT NULL,
  policy_id   INTEGER NOT NULL REFERENCES clock_policy (id),
  goal        INTEGER NOT NULL,         -- microseconds of working time
  elapsed     INTEGER NOT NULL,         -- the same, up to where it stopped or was last looked at
  started_at  INTEGER NOT NULL,
  stopped_at  INTEGER,
  due_at      INTEGER,                  -- NULL: paused, so there is no moment
  breached_at INTEGER,
  told        INTEGER NOT NULL DEFAULT 0, -- bits: 1 warned, 2 breach told
  next_at     INTEGER,                  -- when the scheduler looks at it; NULL: nothing will happen by itself
  PRIMARY KEY (ticket_id, metric, cycle)
) STRICT;
CREATE INDEX clock_next ON clock (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX clock_running ON clock (ticket_id) WHERE state <= 2;
CREATE INDEX clock_stopped ON clock (stopped_at) WHERE state = 3;
CREATE INDEX clock_due ON clock (due_at) WHERE state <= 2;
