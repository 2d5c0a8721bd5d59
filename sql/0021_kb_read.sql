-- Goes up whenever readers of the knowledge base may get something else: kept pages go by it.
INSERT INTO counter (name, value) VALUES ('kb', 1);
-- When the next article appears or goes by itself.
CREATE INDEX article_appears ON article (published_at) WHERE published_at IS NOT NULL;
