-- What a mail is besides its words.

ALTER TABLE intake ADD COLUMN invite TEXT;                       -- JSON of the first invitation in it
ALTER TABLE intake ADD COLUMN crypto INTEGER NOT NULL DEFAULT 0; -- enum mail_crypto: signed or encrypted, and how
