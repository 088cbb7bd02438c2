-- What designs refer to can be listed and deleted; and a holder can have a new link mailed, once an hour.

-- The files are in R2, named by the SHA-256 of their content. Those uploaded before this are used as ever, not listed.
CREATE TABLE assets (
  site_id TEXT NOT NULL REFERENCES sites (id),
  company TEXT NOT NULL,                          -- '': of the whole site
  name TEXT NOT NULL,
  type TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (site_id, company, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX assets_newest ON assets (site_id, created_at);

ALTER TABLE certificates ADD COLUMN link_mailed_at INTEGER;  -- when its holder last asked, and was mailed
