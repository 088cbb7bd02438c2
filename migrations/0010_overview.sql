-- What the overview and /metrics show, each found in a few rows.

-- What a site did by day: for its daily quota, the rate of this minute, the rates of a week and the costs of a month.
CREATE TABLE usage_by_company (
  site_id TEXT NOT NULL REFERENCES sites (id),
  day TEXT NOT NULL,                              -- 2026-11-24, UTC
  company TEXT NOT NULL DEFAULT '',               -- '': of the site as a whole
  sent INTEGER NOT NULL DEFAULT 0,                -- mails that the provider accepted
  certificates INTEGER NOT NULL DEFAULT 0,        -- those of them that brought a certificate
  bounced INTEGER NOT NULL DEFAULT 0,             -- hard bounces that the provider told of that day
  complained INTEGER NOT NULL DEFAULT 0,          -- complaints that it told of
  posts INTEGER NOT NULL DEFAULT 0,               -- attempts to deliver an event
  posts_accepted INTEGER NOT NULL DEFAULT 0,      -- those that the receiver took in
  minute INTEGER NOT NULL DEFAULT 0,              -- of the latest accepted mail, in minutes since 1970
  sent_that_minute INTEGER NOT NULL DEFAULT 0,
  sent_the_minute_before INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (site_id, day, company)
) STRICT, WITHOUT ROWID;
INSERT INTO usage_by_company (site_id, day, sent) SELECT site_id, day, sent FROM usage;
DROP TABLE usage;
ALTER TABLE usage_by_company RENAME TO usage;

-- When what runs by the clock last ran.
CREATE TABLE heartbeats (
  name TEXT PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- How often in a row the job had to stop because a service it needs was down.
ALTER TABLE jobs ADD COLUMN outages INTEGER NOT NULL DEFAULT 0;

-- Only what is open, of which there is little.
CREATE INDEX jobs_open ON jobs (site_id, created_at) WHERE state IN ('scheduled', 'queued', 'running', 'paused');
CREATE INDEX dead_letters_open ON dead_letters (site_id, created_at) WHERE state = 'open';
CREATE INDEX callbacks_dead ON callbacks (site_id, company) WHERE state = 'dead';
