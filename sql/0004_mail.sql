-- Mail in: who vouched for the sender, which mailbox it came from, and how the ways in are doing.

ALTER TABLE intake ADD COLUMN auth INTEGER NOT NULL DEFAULT 0;    -- enum intake_auth: nobody said, passed, failed
ALTER TABLE intake ADD COLUMN source TEXT NOT NULL DEFAULT '';    -- name of the mailbox it was fetched from
ALTER TABLE intake ADD COLUMN same_id INTEGER NOT NULL DEFAULT 0; -- 1: another mail with other words has this Message-ID
CREATE INDEX intake_message_id ON intake (message_id) WHERE message_id IS NOT NULL;

CREATE TABLE mail_channel (             -- a way in that can fail without anybody writing to us
  name        TEXT PRIMARY KEY NOT NULL, -- "imap:support"
  ok_at       INTEGER,                  -- last time it answered as it should
  failing_at  INTEGER,                  -- failing since; NULL: it works
  error       TEXT NOT NULL DEFAULT '', -- in words
  uidvalidity INTEGER NOT NULL DEFAULT 0, -- what the mailbox called itself, and how far it was read
  last_uid    INTEGER NOT NULL DEFAULT 0
) STRICT;
