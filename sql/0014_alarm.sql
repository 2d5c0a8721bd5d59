-- What the workspace asks for every second and a half: total interruptions that nobody has.
CREATE INDEX ticket_alarm ON ticket (assignee_id, criticality, opened_at, id) WHERE kind = 1 AND state <= 3;
