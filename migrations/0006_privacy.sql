-- Erasing a person, and keeping nobody's data longer than a site wants.

ALTER TABLE sites ADD COLUMN keep_people_days INTEGER CHECK (keep_people_days > 0);               -- NULL: until erased
ALTER TABLE sites ADD COLUMN keep_certificate_years INTEGER CHECK (keep_certificate_years > 0);   -- NULL: for ever
-- Hashes of addresses are made with it, so that those of two sites cannot be compared. 64 hex digits, never changed.
ALTER TABLE sites ADD COLUMN address_key TEXT NOT NULL DEFAULT '';
UPDATE sites SET address_key = lower(hex(randomblob(32)));
CREATE TRIGGER sites_keyed AFTER INSERT ON sites WHEN new.address_key = '' BEGIN
  UPDATE sites SET address_key = lower(hex(randomblob(32))) WHERE id = new.id;
END;

-- What the suppressions of an erased address are found by. An empty `email` means that this person was erased.
ALTER TABLE recipients ADD COLUMN address_hash TEXT;

-- How far the people of a job whose time is over have been erased, and when all of it was.
ALTER TABLE jobs ADD COLUMN erased_to INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN erased_at INTEGER;
-- When an event was written after that, such as of a revoked certificate: it has its own time to be kept.
ALTER TABLE jobs ADD COLUMN late_at INTEGER;
CREATE TRIGGER callbacks_late AFTER INSERT ON callbacks BEGIN
  UPDATE jobs SET erased_at = NULL, late_at = new.created_at WHERE id = new.job_id AND erased_at IS NOT NULL;
END;
-- A draft that nobody started is cancelled for it (`retention`), and its time began when it was created.
CREATE INDEX jobs_kept ON jobs (site_id, ifnull(late_at, iif(reason = 'retention', created_at, ended_at)))
  WHERE ended_at IS NOT NULL AND erased_at IS NULL;
CREATE INDEX jobs_drafts ON jobs (site_id, created_at) WHERE state = 'draft';

ALTER TABLE certificates ADD COLUMN erased_at INTEGER;                                            -- its holder's data
DROP INDEX certificates_newest;
CREATE INDEX certificates_newest ON certificates (site_id, issued_at, code) WHERE erased_at IS NULL;

CREATE INDEX soft_bounces_last ON soft_bounces (site_id, last_at);

-- The same table with one reason more: `email` of an erased address is its hash, with `hash:` before it.
ALTER TABLE suppressions RENAME TO suppressions_before;
CREATE TABLE suppressions (
  site_id TEXT NOT NULL REFERENCES sites (id),
  company TEXT NOT NULL DEFAULT '',
  email TEXT NOT NULL,                            -- lower case, or hash:…
  category TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL CHECK (reason IN ('hard_bounce', 'soft_bounces', 'complaint', 'unsubscribe', 'manual', 'erased')),
  detail TEXT,
  created_at INTEGER NOT NULL,
  by_person INTEGER NOT NULL DEFAULT 0 CHECK (by_person IN (0, 1)),
  PRIMARY KEY (site_id, email, company, category)
) STRICT, WITHOUT ROWID;
INSERT INTO suppressions SELECT site_id, company, email, category, reason, detail, created_at, by_person
  FROM suppressions_before;
DROP TABLE suppressions_before;
CREATE INDEX suppressions_of_company ON suppressions (site_id, company, email, category) WHERE company <> '';
