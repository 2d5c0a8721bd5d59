-- Texts that are put into others: when one of them changes, or who may read it, those that hold it are made anew.
CREATE TABLE kb_include (
  page_id INTEGER NOT NULL REFERENCES kb_page (id) ON DELETE CASCADE, -- of the text that includes, as readers get it
  lang    TEXT NOT NULL,
  slug    TEXT NOT NULL,                -- what it names, there or not
  PRIMARY KEY (page_id, lang, slug)
) STRICT;
