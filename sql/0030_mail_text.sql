-- Texts of mails that an administrator wrote; what is not here is the text that is built in.
CREATE TABLE mail_text (
  kind       TEXT NOT NULL, -- "ack", "reply", ...: outbox/text.h
  lang       TEXT NOT NULL,
  text       TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (kind, lang)
) STRICT;
