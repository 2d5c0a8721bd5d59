-- What the desk finds out by itself about who sent a mail (SPF, DKIM, DMARC), where no server it trusts has said.

ALTER TABLE intake ADD COLUMN origin INTEGER NOT NULL DEFAULT 0 CHECK (origin BETWEEN 0 AND 5); -- enum intake_origin
ALTER TABLE intake ADD COLUMN origin_at INTEGER;                     -- when DNS is asked, or asked again
ALTER TABLE intake ADD COLUMN origin_said TEXT NOT NULL DEFAULT '';  -- for people: "SPF pass (campus.example), DKIM none, ..."
CREATE INDEX intake_origin_at ON intake (origin_at) WHERE origin_at IS NOT NULL;
