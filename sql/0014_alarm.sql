-- What the workspace asks for every second and a half: total interruptions that nobody has.
CREATE INDEX ticket_alarm ON ticket (opened_at, id) WHERE kind = 1 AND criticality = 1 AND state <= 3 AND assignee_id IS NULL;
