-- What an agent decided about a mail in triage: the intake thread files it so, whatever it would have found by itself.
-- And plain rules by which mails get their kind and criticality.

ALTER TABLE intake ADD COLUMN decision INTEGER NOT NULL DEFAULT 0;   -- enum intake_decision
ALTER TABLE intake ADD COLUMN decided_ticket INTEGER REFERENCES ticket (id);
ALTER TABLE intake ADD COLUMN decided_contact INTEGER REFERENCES contact (id);
ALTER TABLE intake ADD COLUMN decided_kind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE intake ADD COLUMN decided_criticality INTEGER NOT NULL DEFAULT 0;
ALTER TABLE intake ADD COLUMN decided_by INTEGER REFERENCES agent (id);

CREATE TABLE mail_rule (
  id          INTEGER PRIMARY KEY,
  position    INTEGER NOT NULL,         -- the first that fits counts
  field       INTEGER NOT NULL CHECK (field BETWEEN 1 AND 4), -- to, from, subject, text
  contains    TEXT NOT NULL,            -- case folded
  kind        INTEGER NOT NULL CHECK (kind IN (1, 2)), -- enum ticket_kind
  criticality INTEGER NOT NULL DEFAULT 0 CHECK (criticality BETWEEN 0 AND 4) -- claimed; incidents
) STRICT;
CREATE INDEX mail_rule_position ON mail_rule (position, id);
