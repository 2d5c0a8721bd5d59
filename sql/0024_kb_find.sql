-- Finding articles. kb_fts has the words (engine's full text), kb_index what ranking and visibility need of each article
-- in one narrow row, kb_vocab the words there are and kb_near how a mistyped one leads to them (kb/find.h). All of it is
-- made of article and kb_page and may be thrown away: a job makes it again.
CREATE TABLE kb_index (
  article_id   INTEGER PRIMARY KEY REFERENCES article (id) ON DELETE CASCADE,
  page_id      INTEGER NOT NULL,
  lang         TEXT NOT NULL,
  published_at INTEGER,
  expires_at   INTEGER,
  updated_at   INTEGER NOT NULL,
  made         INTEGER NOT NULL,        -- by which version of the indexer
  visibility   INTEGER NOT NULL,        -- of the page when it was made; who may read is asked of kb_page
  tags         TEXT NOT NULL,
  head         TEXT NOT NULL            -- lines of words and stems: title, headings, tags, what it speaks of most
) STRICT;
CREATE INDEX kb_index_page ON kb_index (page_id, lang);
-- @sqlite
CREATE VIRTUAL TABLE kb_fts USING fts5 (head, body, prefix = '2 3', tokenize = 'unicode61 remove_diacritics 0');
CREATE TABLE kb_near (                  -- a word by what is left of it when letters are taken out
  h    INTEGER NOT NULL,
  word TEXT NOT NULL,
  PRIMARY KEY (h, word)
) STRICT, WITHOUT ROWID;
CREATE TABLE kb_vocab (
  word  TEXT PRIMARY KEY,
  level INTEGER NOT NULL                -- 1 in something public, 2 for customers, 3 for fewer
) STRICT, WITHOUT ROWID;
-- @postgres
CREATE TABLE kb_fts (article_id BIGINT PRIMARY KEY, head tsvector NOT NULL, body tsvector NOT NULL);
CREATE INDEX kb_fts_head ON kb_fts USING gin (head);
CREATE INDEX kb_fts_body ON kb_fts USING gin (body);
CREATE TABLE kb_near (h BIGINT NOT NULL, word TEXT NOT NULL, PRIMARY KEY (h, word));
CREATE TABLE kb_vocab (word TEXT PRIMARY KEY, level BIGINT NOT NULL);
-- @both
DROP TABLE article_fts;
INSERT INTO counter (name, value) VALUES ('kb-find', 0);
CREATE INDEX kb_query_gaps ON kb_query (day) WHERE hits = 0 OR opened = 0;
