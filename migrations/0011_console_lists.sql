-- What the console's pages of jobs are found by.

CREATE INDEX jobs_of_company ON jobs (site_id, company, created_at, id) WHERE company IS NOT NULL;
-- Of a job's thousands of events the few that tell its story.
CREATE INDEX callbacks_telling ON callbacks (job_id, sequence) WHERE type IN ('job.paused', 'job.completed');
