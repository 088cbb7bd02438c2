-- Certificates of one company or one job, newest first: the site's index would lead through everybody else's.
CREATE INDEX certificates_of_company ON certificates (site_id, company, issued_at, code) WHERE company IS NOT NULL;
CREATE INDEX certificates_of_job_newest ON certificates (job_id, issued_at, code);
