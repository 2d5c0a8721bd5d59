-- Pages by telephone, and recordings that are kept for a while only.

ALTER TABLE call_wish ADD COLUMN page INTEGER NOT NULL DEFAULT 0;  -- 1: the engineer is rung to say that they have it; nobody else is
ALTER TABLE call_wish ADD COLUMN dedupe TEXT;
CREATE UNIQUE INDEX call_wish_dedupe ON call_wish (dedupe);
ALTER TABLE call_audio ADD COLUMN gone_at INTEGER;                 -- deleted; the call and its events stay
CREATE INDEX call_audio_kept ON call_audio (at) WHERE gone_at IS NULL;
