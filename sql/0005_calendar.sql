-- What each calendar said at which time: promises made by an older text can be computed again, and shown.

CREATE TABLE calendar_revision (        -- append-only
  id          INTEGER PRIMARY KEY,
  calendar_id INTEGER NOT NULL REFERENCES calendar (id),
  at          INTEGER NOT NULL,
  zone        TEXT NOT NULL,
  hours       TEXT NOT NULL             -- as calendar.hours: days, "always", "holidays", "exceptions"
) STRICT;
CREATE INDEX calendar_revision_calendar ON calendar_revision (calendar_id, id);
INSERT INTO calendar_revision (calendar_id, at, zone, hours) SELECT id, 0, zone, hours FROM calendar;
