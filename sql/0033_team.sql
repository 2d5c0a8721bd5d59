-- Teams: what they are for, those that are no more, lists of a team's tickets, and mail that comes in for a team.

ALTER TABLE team ADD COLUMN about TEXT NOT NULL DEFAULT '';
ALTER TABLE team ADD COLUMN removed_at INTEGER; -- no longer offered; tickets that are done keep its name
CREATE INDEX agent_team_team ON agent_team (team_id);

CREATE INDEX ticket_team ON ticket (team_id, updated_at DESC, id DESC) WHERE team_id IS NOT NULL;
CREATE INDEX ticket_team_open ON ticket (team_id, updated_at DESC, id DESC) WHERE team_id IS NOT NULL AND state <= 3;

-- What the mailbox says of the mails in it.
ALTER TABLE intake ADD COLUMN team TEXT NOT NULL DEFAULT '';        -- its name, looked up when the mail is filed
ALTER TABLE intake ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;      -- enum ticket_kind, 0: not said
ALTER TABLE intake ADD COLUMN criticality INTEGER NOT NULL DEFAULT 0;

-- A rule may name a team, and then need not name a kind.
CREATE TABLE mail_rule_team (
  id          INTEGER PRIMARY KEY,
  position    INTEGER NOT NULL,         -- the first that fits counts
  field       INTEGER NOT NULL CHECK (field BETWEEN 1 AND 4), -- to, from, subject, text
  contains    TEXT NOT NULL,            -- case folded
  kind        INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2),  -- enum ticket_kind, 0: as it is without
  criticality INTEGER NOT NULL DEFAULT 0 CHECK (criticality BETWEEN 0 AND 4), -- claimed; incidents
  team_id     INTEGER REFERENCES team (id),
  CHECK (kind <> 0 OR team_id IS NOT NULL)
) STRICT;
INSERT INTO mail_rule_team (position, field, contains, kind, criticality)
  SELECT position, field, contains, kind, criticality FROM mail_rule ORDER BY position, id;
DROP TABLE mail_rule;
ALTER TABLE mail_rule_team RENAME TO mail_rule;
CREATE INDEX mail_rule_position ON mail_rule (position, id);
