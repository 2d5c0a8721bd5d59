-- Boards: the next deadline of a column, and requests by the date they are wanted.
CREATE INDEX clock_board ON clock (criticality, due_at) WHERE state <= 2;
CREATE INDEX ticket_wanted ON ticket (wanted_on, id) WHERE kind = 2 AND state <= 3 AND wanted_on IS NOT NULL;
