-- Which team a mailbox names for its mails, so that pages can say so.
ALTER TABLE mail_channel ADD COLUMN team TEXT NOT NULL DEFAULT '';
