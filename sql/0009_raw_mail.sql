-- Small mails between 250 and their filing: bytes in the row are durable with the group's one sync, a file of their own
-- wants one for each. Filing makes the file and takes the row away.
CREATE TABLE raw_mail (
  sha256 TEXT PRIMARY KEY NOT NULL, -- of the bytes, as in intake
  bytes  TEXT NOT NULL              -- base64
) STRICT;
