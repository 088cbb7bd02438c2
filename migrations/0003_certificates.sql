-- What the verification page shows, and that one certificate at a time is valid for one (site, award, person).

ALTER TABLE certificates ADD COLUMN shown TEXT NOT NULL DEFAULT '{}';       -- JSON: holder, title, issuer, locale
ALTER TABLE certificates ADD COLUMN position INTEGER NOT NULL DEFAULT 0;    -- of the person in the job
CREATE UNIQUE INDEX certificates_valid ON certificates (site_id, award, ref) WHERE state = 'valid';
CREATE INDEX certificates_of_job ON certificates (job_id, position);
