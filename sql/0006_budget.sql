-- Counting what an address was sent in the last hour looked at every mail that was held back, too: in a storm each mail
-- cost more than the one before. Now only what counts is in the index, and the budget itself bounds how much that is.
CREATE INDEX outmail_spent ON outmail (to_addr, created_at, kind, ticket_id) WHERE automatic = 1 AND state <> 4;
DROP INDEX outmail_budget;
