-- Companies with settings of their own, tokens that only look, and the audit trail with roles, quick to look through.

ALTER TABLE tokens ADD COLUMN read_only INTEGER NOT NULL DEFAULT 0 CHECK (read_only IN (0, 1));

-- What a company has of its own; NULL is the site's. A company without a row has nothing of its own.
CREATE TABLE companies (
  site_id TEXT NOT NULL REFERENCES sites (id),
  company TEXT NOT NULL CHECK (company <> ''),
  sender_email TEXT,                              -- From of its jobs that name none
  sender_name TEXT NOT NULL DEFAULT '',
  reply_to TEXT,                                  -- Reply-To of its jobs that name none
  reply_to_name TEXT NOT NULL DEFAULT '',
  logo TEXT,                                      -- an https URL, or the name of an uploaded picture
  colour TEXT,                                    -- #rrggbb
  send_rate REAL CHECK (send_rate > 0),           -- mails a second, of all its jobs together
  PRIMARY KEY (site_id, company)
) STRICT, WITHOUT ROWID;

ALTER TABLE audit ADD COLUMN role TEXT;           -- of the actor; NULL only in rows from before there were roles
-- INSERT OR REPLACE would delete the row with this id, and fire no trigger of deletions.
CREATE TRIGGER audit_appended BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = new.id)
BEGIN SELECT raise(ABORT, 'audit rows are append-only'); END;
-- Each ends in the row's id by itself.
DROP INDEX audit_of_site;
CREATE INDEX audit_of_site ON audit (site_id, at);
CREATE INDEX audit_of_company ON audit (site_id, company, at) WHERE company IS NOT NULL;
CREATE INDEX audit_of_target ON audit (target, at);
CREATE INDEX audit_newest ON audit (at);
