-- Notices: what happened, told to those who chose to be told, where and when they chose.
CREATE TABLE notice_choice (            -- no row of one's own: the house's (person_kind 0, person_id 0)
  person_kind INTEGER NOT NULL CHECK (person_kind BETWEEN 0 AND 2), -- 0 the house, 1 contact, 2 agent
  person_id   INTEGER NOT NULL,
  what        INTEGER NOT NULL,         -- enum notice_what
  reach       INTEGER NOT NULL CHECK (reach BETWEEN 0 AND 4),       -- none, mine, my teams', nobody's, all
  channels    INTEGER NOT NULL CHECK (channels BETWEEN 0 AND 7),    -- 1 the desk's list, 2 mail, 4 browser
  PRIMARY KEY (what, person_kind, person_id)
) STRICT;
CREATE INDEX notice_choice_person ON notice_choice (person_kind, person_id);
INSERT INTO notice_choice (person_kind, person_id, what, reach, channels) VALUES
  (0, 0, 1, 3, 1), (0, 0, 2, 2, 3), (0, 0, 3, 1, 3), (0, 0, 4, 1, 1), (0, 0, 5, 1, 3),
  (0, 0, 6, 1, 1), (0, 0, 7, 1, 1), (0, 0, 8, 2, 3), (0, 0, 9, 1, 3), (0, 0, 10, 1, 1);

CREATE TABLE notice_rhythm (            -- when mails go; no row: at once, no quiet hours
  person_kind INTEGER NOT NULL CHECK (person_kind BETWEEN 0 AND 2),
  person_id   INTEGER NOT NULL,
  mail        INTEGER NOT NULL CHECK (mail BETWEEN 1 AND 3),        -- at once, hourly, daily
  hour        INTEGER NOT NULL CHECK (hour BETWEEN 0 AND 23),       -- of a daily one, in the person's zone
  quiet_from  INTEGER NOT NULL CHECK (quiet_from BETWEEN 0 AND 1439), -- minute of the local day
  quiet_to    INTEGER NOT NULL CHECK (quiet_to BETWEEN 0 AND 1439),   -- the same: no quiet hours
  weekend     INTEGER NOT NULL CHECK (weekend IN (0, 1)),           -- quiet on Saturday and Sunday, too
  PRIMARY KEY (person_kind, person_id)
) STRICT;

CREATE TABLE notice (
  id          INTEGER PRIMARY KEY,
  person_kind INTEGER NOT NULL CHECK (person_kind IN (1, 2)),
  person_id   INTEGER NOT NULL,
  event_id    INTEGER NOT NULL REFERENCES event (id),
  ticket_id   INTEGER NOT NULL REFERENCES ticket (id),
  what        INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  listed      INTEGER NOT NULL CHECK (listed IN (0, 1)),
  mail        INTEGER NOT NULL CHECK (mail BETWEEN 0 AND 3),        -- no, waits, told, read in the desk before
  push        INTEGER NOT NULL CHECK (push IN (0, 1)),
  read_at     INTEGER,
  UNIQUE (event_id, person_kind, person_id)
) STRICT;
CREATE INDEX notice_list ON notice (person_kind, person_id, id) WHERE listed = 1;
CREATE INDEX notice_unread ON notice (person_id, ticket_id) WHERE listed = 1 AND read_at IS NULL;
CREATE INDEX notice_mail ON notice (person_kind, person_id, at) WHERE mail = 1;
CREATE INDEX notice_old ON notice (at);

CREATE TABLE ticket_follow (            -- agents who want to know what happens on a ticket that is not theirs
  ticket_id INTEGER NOT NULL REFERENCES ticket (id) ON DELETE CASCADE,
  agent_id  INTEGER NOT NULL REFERENCES agent (id) ON DELETE CASCADE,
  PRIMARY KEY (ticket_id, agent_id)
) STRICT;

-- Where the receiver can end mails like this one (RFC 8058); NULL: it is a conversation.
ALTER TABLE outmail ADD COLUMN unsubscribe TEXT;
