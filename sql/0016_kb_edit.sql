-- What writers need besides: which revision of its source a translation follows, and whether links still lead somewhere.
ALTER TABLE kb_draft ADD COLUMN source_revision INTEGER NOT NULL DEFAULT 0; -- translations; 0 in the source language

CREATE TABLE kb_link (                  -- addresses elsewhere in what readers get
  page_id    INTEGER NOT NULL REFERENCES kb_page (id) ON DELETE CASCADE,
  lang       TEXT NOT NULL,
  url        TEXT NOT NULL,
  checked_at INTEGER,                   -- NULL: not yet
  status     INTEGER NOT NULL DEFAULT 0, -- of HTTP; 0: no answer
  error      TEXT NOT NULL DEFAULT '',  -- '' = it is there
  PRIMARY KEY (page_id, lang, url)
) STRICT;
CREATE INDEX kb_link_url ON kb_link (url);
CREATE INDEX kb_link_due ON kb_link (checked_at);
CREATE INDEX kb_redirect_page ON kb_redirect (page_id);
CREATE INDEX kb_draft_slug ON kb_draft (slug);
CREATE INDEX article_expiry ON article (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX kb_page_bin ON kb_page (deleted_at) WHERE deleted_at IS NOT NULL;
