-- What keeps promises 1 and 2 when things go wrong: breakers, quotas, the providers' events, unsubscribing.

ALTER TABLE sites ADD COLUMN daily_quota INTEGER CHECK (daily_quota > 0);   -- mails a day (UTC); NULL: no limit of our own
ALTER TABLE sites ADD COLUMN failure_limit REAL NOT NULL DEFAULT 0.2        -- share of failures that pauses a job
  CHECK (failure_limit > 0 AND failure_limit <= 1);

ALTER TABLE jobs ADD COLUMN category TEXT NOT NULL DEFAULT '';              -- of mail, that a person can unsubscribe from
ALTER TABLE jobs ADD COLUMN on_uncertain TEXT NOT NULL DEFAULT 'hold' CHECK (on_uncertain IN ('hold', 'resend'));
ALTER TABLE jobs ADD COLUMN resume_at INTEGER;                              -- when a pause ends by itself
-- What a breaker has been told to overlook: the counts when a person last resumed the job.
ALTER TABLE jobs ADD COLUMN forgiven_sent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN forgiven_failed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN forgiven_bounced INTEGER NOT NULL DEFAULT 0;
CREATE INDEX jobs_resuming ON jobs (resume_at) WHERE state = 'paused' AND resume_at IS NOT NULL;

-- Accepted mails of a site by day, for its daily quota.
CREATE TABLE usage (
  site_id TEXT NOT NULL REFERENCES sites (id),
  day TEXT NOT NULL,                              -- 2026-11-24, UTC
  sent INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (site_id, day)
) STRICT, WITHOUT ROWID;

-- Since when a mail may have left of which nobody knows, of a person who is tried again nevertheless. As long as it is
-- set, they can be said to be sent or uncertain, but never that they were not mailed.
ALTER TABLE recipients ADD COLUMN unsure_since INTEGER;

-- Few people have these, and only they are in the indexes.
CREATE INDEX recipients_bounced ON recipients (job_id, delivery) WHERE delivery IN ('bounced', 'complained');
-- The ids of providers whose events bring back nothing else are written in angle brackets.
CREATE INDEX recipients_message ON recipients (message_id) WHERE substr(message_id, 1, 1) = '<';

CREATE TABLE soft_bounces (
  site_id TEXT NOT NULL REFERENCES sites (id),
  email TEXT NOT NULL,                            -- lower case
  bounces INTEGER NOT NULL,                       -- in a row, without a delivery between them
  last_at INTEGER NOT NULL,
  PRIMARY KEY (site_id, email)
) STRICT, WITHOUT ROWID;

-- A person's own choice on the unsubscribe page, which they can undo there.
ALTER TABLE suppressions ADD COLUMN by_person INTEGER NOT NULL DEFAULT 0 CHECK (by_person IN (0, 1));
-- A company's own rows; those of the whole site are found by the primary key.
CREATE INDEX suppressions_of_company ON suppressions (site_id, company, email, category) WHERE company <> '';

-- How the batch stood when its message was buried; NULL where it is no batch's.
ALTER TABLE dead_letters ADD COLUMN redeliveries INTEGER;
ALTER TABLE dead_letters ADD COLUMN throttles INTEGER;
CREATE INDEX dead_letters_newest ON dead_letters (created_at, id);

-- Tokens of signed requests that are good once; older ones are refused by their time.
CREATE TABLE event_tokens (
  at INTEGER NOT NULL,                            -- the time that was signed with it, in milliseconds
  token TEXT NOT NULL,
  PRIMARY KEY (at, token)
) STRICT, WITHOUT ROWID;
