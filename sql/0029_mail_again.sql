-- Mails that failed or came back can be sent again by an administrator.
ALTER TABLE outmail ADD COLUMN again_at INTEGER; -- the five days of trying count from here; NULL: from created_at
CREATE INDEX outmail_undelivered ON outmail (id) WHERE state IN (3, 5);
CREATE INDEX outmail_undelivered_to ON outmail (to_addr, id) WHERE state IN (3, 5);
