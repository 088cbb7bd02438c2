-- Certificates as they are issued: nothing was ever written to the table that was foreseen for them.

DROP TABLE certificates;
CREATE TABLE certificates (
  code TEXT PRIMARY KEY,
  site_id TEXT NOT NULL REFERENCES sites (id),
  company TEXT,
  job_id TEXT NOT NULL REFERENCES jobs (id),
  position INTEGER NOT NULL,                      -- of the person in the job
  ref TEXT NOT NULL,
  award TEXT NOT NULL,                            -- what is certified
  version INTEGER NOT NULL,                       -- 1, 2, … of this award to this person
  state TEXT NOT NULL CHECK (state IN ('valid', 'superseded', 'revoked')),
  reason TEXT,                                    -- why it was revoked, in words for everybody
  file TEXT NOT NULL,                             -- key in R2
  sha256 TEXT NOT NULL,                           -- of the file
  shown TEXT NOT NULL,                            -- JSON: what the verification page tells
  changes TEXT NOT NULL DEFAULT '{}',             -- JSON: name and variables that a reissue corrected
  issued_at INTEGER NOT NULL,
  expires_at INTEGER,
  ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX certificates_version ON certificates (site_id, ifnull(company, ''), award, ref, version);
-- one at a time is valid for one award to one person
CREATE UNIQUE INDEX certificates_valid ON certificates (site_id, ifnull(company, ''), award, ref) WHERE state = 'valid';
CREATE INDEX certificates_newest ON certificates (site_id, issued_at, code);
CREATE INDEX certificates_of_job ON certificates (job_id, position);
CREATE INDEX certificates_of_ref ON certificates (site_id, ref);
