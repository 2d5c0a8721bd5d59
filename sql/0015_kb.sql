-- The knowledge base in full. A page is one thing in all its languages; an article is the page in one language, as
-- readers get it. What is not published lives in other tables: no query of a reader names them.
CREATE TABLE kb_page (
  id          INTEGER PRIMARY KEY,
  key         TEXT NOT NULL UNIQUE,     -- its name whatever the language: first address, or source and path of an import
  kind        INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 6),       -- documentation, article, FAQ, video, resource, demo site
  visibility  INTEGER NOT NULL CHECK (visibility BETWEEN 1 AND 5), -- public, customers, plans, accounts, internal
  source_lang TEXT NOT NULL,            -- translations are of this one
  parent_id   INTEGER REFERENCES kb_page (id), -- documentation: book > chapter > page; NULL: a book, or not in one
  position    INTEGER NOT NULL DEFAULT 0,      -- among its brothers
  owner_id    INTEGER REFERENCES agent (id),
  review_at   INTEGER,                  -- when the owner is reminded
  product     TEXT NOT NULL DEFAULT '',
  releases    TEXT NOT NULL DEFAULT '', -- ' redwood sumac ', lower case, spaces around each; '' = all
  tags        TEXT NOT NULL DEFAULT '', -- ' grading certificates '
  pinned      INTEGER NOT NULL DEFAULT 0,
  extra       TEXT NOT NULL DEFAULT '{}', -- JSON by kind: video, resource, demo site (kb/kb.h)
  deleted_at  INTEGER,                  -- in the recycle bin
  deleted_by  TEXT NOT NULL DEFAULT '',
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX kb_page_tree ON kb_page (parent_id, position);
CREATE INDEX kb_page_review ON kb_page (review_at) WHERE review_at IS NOT NULL;

CREATE TABLE kb_page_plan (             -- visibility 3: customers with one of these plans
  page_id INTEGER NOT NULL REFERENCES kb_page (id) ON DELETE CASCADE,
  plan_id INTEGER NOT NULL REFERENCES plan (id) ON DELETE CASCADE,
  PRIMARY KEY (page_id, plan_id)
) STRICT;
CREATE TABLE kb_page_account (          -- visibility 4: these accounts
  page_id    INTEGER NOT NULL REFERENCES kb_page (id) ON DELETE CASCADE,
  account_id INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  PRIMARY KEY (page_id, account_id)
) STRICT;

INSERT INTO kb_page (key, kind, visibility, source_lang, created_at, updated_at)
  SELECT slug, MIN(kind), MAX(CASE visibility WHEN 3 THEN 5 ELSE visibility END),
    CASE WHEN MAX(CASE lang WHEN 'en' THEN 1 ELSE 0 END) = 1 THEN 'en' ELSE MIN(lang) END, MIN(updated_at), MAX(updated_at)
  FROM article GROUP BY slug;
DROP INDEX article_list;
ALTER TABLE article ADD COLUMN page_id INTEGER REFERENCES kb_page (id);
ALTER TABLE article ADD COLUMN expires_at INTEGER;              -- read until then
ALTER TABLE article ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;        -- the one that readers get; 0: from before revisions
ALTER TABLE article ADD COLUMN source_revision INTEGER NOT NULL DEFAULT 0; -- of the source language, when this was translated
ALTER TABLE article ADD COLUMN body TEXT NOT NULL DEFAULT '';   -- plain text of html: search, snippets, feeds
UPDATE article SET page_id = (SELECT p.id FROM kb_page p WHERE p.key = article.slug);
ALTER TABLE article DROP COLUMN kind;
ALTER TABLE article DROP COLUMN visibility;
CREATE UNIQUE INDEX article_page ON article (page_id, lang);

CREATE TABLE kb_draft (                 -- what its writers work on, autosaved
  id          INTEGER PRIMARY KEY,
  page_id     INTEGER NOT NULL REFERENCES kb_page (id) ON DELETE CASCADE,
  lang        TEXT NOT NULL,
  state       INTEGER NOT NULL CHECK (state BETWEEN 1 AND 5), -- draft, in review, scheduled, published, archived
  slug        TEXT NOT NULL,
  title       TEXT NOT NULL,
  summary     TEXT NOT NULL,
  markdown    TEXT NOT NULL,
  version     INTEGER NOT NULL DEFAULT 1, -- one more with each save: who saves over another's is told
  base        INTEGER NOT NULL DEFAULT 0, -- revision it began from
  publish_at  INTEGER,                  -- scheduled
  expires_at  INTEGER,
  reviewer_id INTEGER REFERENCES agent (id),
  saved_by    TEXT NOT NULL DEFAULT '',
  saved_at    INTEGER NOT NULL,
  UNIQUE (page_id, lang)
) STRICT;
CREATE INDEX kb_draft_due ON kb_draft (publish_at) WHERE state = 3;

CREATE TABLE kb_revision (              -- what was published, and what authors marked by hand
  id        INTEGER PRIMARY KEY,
  page_id   INTEGER NOT NULL REFERENCES kb_page (id) ON DELETE CASCADE,
  lang      TEXT NOT NULL,
  number    INTEGER NOT NULL,           -- 1, 2, ... in this language
  published INTEGER NOT NULL,           -- 0, 1
  title     TEXT NOT NULL,
  summary   TEXT NOT NULL,
  markdown  TEXT NOT NULL,
  note      TEXT NOT NULL DEFAULT '',
  author    TEXT NOT NULL,
  agent_id  INTEGER,
  at        INTEGER NOT NULL,
  UNIQUE (page_id, lang, number)
) STRICT;

CREATE TABLE kb_redirect (              -- addresses it had before; kept for ever
  slug    TEXT NOT NULL,
  lang    TEXT NOT NULL,
  page_id INTEGER NOT NULL REFERENCES kb_page (id),
  PRIMARY KEY (slug, lang)
) STRICT;

CREATE TABLE kb_comment (               -- among agents
  id        INTEGER PRIMARY KEY,
  page_id   INTEGER NOT NULL REFERENCES kb_page (id) ON DELETE CASCADE,
  lang      TEXT NOT NULL,
  agent_id  INTEGER NOT NULL,
  author    TEXT NOT NULL,
  text      TEXT NOT NULL,
  done_at   INTEGER,
  at        INTEGER NOT NULL
) STRICT;
CREATE INDEX kb_comment_page ON kb_comment (page_id, id);

CREATE TABLE kb_template (
  id       INTEGER PRIMARY KEY,
  name     TEXT NOT NULL,
  kind     INTEGER NOT NULL,
  lang     TEXT NOT NULL,
  markdown TEXT NOT NULL,
  UNIQUE (name, lang)
) STRICT;

CREATE TABLE kb_media (                 -- pictures, videos, captions, downloads; seen by whom sees a page they are on
  id         INTEGER PRIMARY KEY,
  token      TEXT NOT NULL UNIQUE,      -- in their address: random, says nothing
  name       TEXT NOT NULL,
  type       TEXT NOT NULL,             -- as sniffed
  sha256     TEXT NOT NULL,
  size       INTEGER NOT NULL,
  width      INTEGER NOT NULL DEFAULT 0, -- pictures, pixels
  height     INTEGER NOT NULL DEFAULT 0,
  thumb      TEXT NOT NULL DEFAULT '',  -- sha256 of the small one
  alt        TEXT NOT NULL DEFAULT '',
  source_key TEXT UNIQUE,               -- source and path of an import
  made_by    TEXT NOT NULL,
  at         INTEGER NOT NULL
) STRICT;
CREATE TABLE kb_media_use (             -- written with each publication and each draft
  media_id INTEGER NOT NULL REFERENCES kb_media (id) ON DELETE CASCADE,
  page_id  INTEGER NOT NULL REFERENCES kb_page (id) ON DELETE CASCADE,
  lang     TEXT NOT NULL,
  live     INTEGER NOT NULL,            -- 1: in what readers get; 0: in the draft only
  PRIMARY KEY (media_id, page_id, lang, live)
) STRICT;
CREATE INDEX kb_media_use_page ON kb_media_use (page_id, lang, live);

CREATE TABLE kb_feedback (              -- did this help?
  id         INTEGER PRIMARY KEY,
  page_id    INTEGER NOT NULL REFERENCES kb_page (id) ON DELETE CASCADE,
  lang       TEXT NOT NULL,
  helpful    INTEGER NOT NULL,          -- 0, 1
  reason     INTEGER NOT NULL DEFAULT 0,
  comment    TEXT NOT NULL DEFAULT '',
  contact_id INTEGER REFERENCES contact (id),
  ticket_id  INTEGER REFERENCES ticket (id),
  at         INTEGER NOT NULL,
  done_at    INTEGER,                   -- the owner dealt with it
  done_by    TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX kb_feedback_page ON kb_feedback (page_id, at);
CREATE INDEX kb_feedback_open ON kb_feedback (id) WHERE helpful = 0 AND done_at IS NULL;

CREATE TABLE kb_use (                   -- articles and tickets
  page_id   INTEGER NOT NULL REFERENCES kb_page (id) ON DELETE CASCADE,
  ticket_id INTEGER NOT NULL REFERENCES ticket (id),
  how       INTEGER NOT NULL,           -- 1 an agent answered with it, 2 it was not enough and became this ticket, 3 made from it
  at        INTEGER NOT NULL,
  PRIMARY KEY (page_id, ticket_id, how)
) STRICT;
CREATE INDEX kb_use_ticket ON kb_use (ticket_id);

CREATE TABLE kb_count (                 -- a day's numbers
  day     INTEGER NOT NULL,             -- days since 1970, UTC
  page_id INTEGER NOT NULL,
  what    INTEGER NOT NULL,             -- 1 read, 2 suggested, 3 "this solved it", 4 found and opened
  n       INTEGER NOT NULL,
  PRIMARY KEY (day, page_id, what)
) STRICT;
CREATE TABLE kb_query (                 -- what was searched, a row a day and words
  day    INTEGER NOT NULL,
  lang   TEXT NOT NULL,
  words  TEXT NOT NULL,                 -- folded
  n      INTEGER NOT NULL,
  hits   INTEGER NOT NULL,              -- of the last time, among public ones
  opened INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (day, lang, words)
) STRICT;
CREATE TABLE kb_synonym (
  id    INTEGER PRIMARY KEY,
  lang  TEXT NOT NULL,                  -- '' = all
  words TEXT NOT NULL                   -- 'grade mark score': any stands for the others
) STRICT;
CREATE TABLE kb_pin (                   -- comes first for these words
  lang    TEXT NOT NULL,
  words   TEXT NOT NULL,
  page_id INTEGER NOT NULL REFERENCES kb_page (id) ON DELETE CASCADE,
  PRIMARY KEY (lang, words, page_id)
) STRICT;

CREATE TABLE kb_source (                -- Git, pulled by a job
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  url        TEXT NOT NULL,
  branch     TEXT NOT NULL DEFAULT '',
  folder     TEXT NOT NULL DEFAULT '',
  lang       TEXT NOT NULL,
  kind       INTEGER NOT NULL,
  visibility INTEGER NOT NULL,
  every      INTEGER NOT NULL,          -- minutes
  commit_id  TEXT NOT NULL DEFAULT '',  -- taken last
  taken_at   INTEGER,
  error      TEXT NOT NULL DEFAULT '',
  report     TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE kb_demo_check (            -- is the demo site there?
  page_id    INTEGER PRIMARY KEY REFERENCES kb_page (id) ON DELETE CASCADE,
  checked_at INTEGER NOT NULL,
  ok         INTEGER NOT NULL,
  status     INTEGER NOT NULL DEFAULT 0,
  ms         INTEGER NOT NULL DEFAULT 0,
  error      TEXT NOT NULL DEFAULT '',
  since      INTEGER NOT NULL           -- of this state
) STRICT;
