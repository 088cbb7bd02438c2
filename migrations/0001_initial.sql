-- Every time is in milliseconds since 1970-01-01 UTC. JSON is stored as text. The CHECK lists equal src/core/states.py.

-- A Moodle. Owns everything below.
CREATE TABLE sites (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  provider TEXT NOT NULL CHECK (provider IN ('sandbox', 'cloudflare', 'ses', 'sendgrid', 'mailgun', 'resend')),
  send_rate REAL CHECK (send_rate > 0),           -- mails a second; NULL is the provider's own default
  sender_email TEXT,                              -- From of jobs that name none
  sender_name TEXT NOT NULL DEFAULT '',
  callback_url TEXT,                              -- NULL: events are only polled
  callback_success TEXT NOT NULL DEFAULT 'echo' CHECK (callback_success IN ('echo', '2xx')),
  callback_secret TEXT NOT NULL,                  -- whsec_…
  previous_callback_secret TEXT,                  -- signs as well until previous_secret_until
  previous_secret_until INTEGER,
  callback_off_at INTEGER,                        -- the receiver answered 410
  disabled_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,                      -- SHA-256, hex; the token itself is shown once
  site_id TEXT NOT NULL REFERENCES sites (id),
  company TEXT,                                   -- NULL: the whole site
  name TEXT NOT NULL,
  expires_at INTEGER,                             -- set by a rotation, which leaves the old token some time
  created_at INTEGER NOT NULL
) STRICT;

-- A job's counters are the sums of its batches', kept by the triggers below.
CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  site_id TEXT NOT NULL REFERENCES sites (id),
  company TEXT,                                   -- NULL: of the site as a whole
  kind TEXT NOT NULL CHECK (kind IN ('email', 'certificate')),
  name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('draft', 'scheduled', 'queued', 'running', 'paused', 'completed', 'cancelled')),
  reason TEXT,                                    -- why it is paused or cancelled, as a code
  detail TEXT,                                    -- the same in words
  send_at INTEGER,
  rate REAL CHECK (rate > 0),                     -- mails a second; NULL is the site's
  batch_size INTEGER NOT NULL CHECK (batch_size BETWEEN 1 AND 1000),
  idempotency_key TEXT,
  request_hash TEXT,                              -- SHA-256 of the request that came with the key
  sequence INTEGER NOT NULL DEFAULT 0,            -- of its latest event
  progress_at INTEGER NOT NULL DEFAULT 0,         -- of its latest job.progress event
  total INTEGER NOT NULL DEFAULT 0,
  pending INTEGER NOT NULL DEFAULT 0,
  sending INTEGER NOT NULL DEFAULT 0,
  sent INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  uncertain INTEGER NOT NULL DEFAULT 0,
  suppressed INTEGER NOT NULL DEFAULT 0,
  cancelled INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX jobs_idempotency ON jobs (site_id, ifnull(company, ''), idempotency_key)
  WHERE idempotency_key IS NOT NULL;
CREATE INDEX jobs_newest ON jobs (site_id, created_at, id);
CREATE INDEX jobs_scheduled ON jobs (send_at) WHERE state = 'scheduled';

-- What a job says, apart from its counters: SQLite writes a whole row for every change in it.
CREATE TABLE job_contents (
  job_id TEXT PRIMARY KEY REFERENCES jobs (id),
  version TEXT NOT NULL,                          -- SHA-256 of `content`: part of every idempotency key
  content TEXT NOT NULL                           -- the message or certificate, and the options, as submitted
) STRICT;

CREATE TABLE recipients (
  job_id TEXT NOT NULL REFERENCES jobs (id),
  position INTEGER NOT NULL,                      -- 0, 1, 2, … within the job; batch = position / batch_size
  ref TEXT NOT NULL,                              -- Moodle's own id of this person or issue
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  variables TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'uncertain', 'suppressed', 'cancelled')),
  reason TEXT,                                    -- a code, for grouping
  detail TEXT,                                    -- the provider's or our own words, for people
  attempts INTEGER NOT NULL DEFAULT 0,
  fence INTEGER NOT NULL DEFAULT 0,               -- of the batch's lease that last claimed this person
  message_id TEXT,                                -- the provider's
  updated_at INTEGER NOT NULL,
  delivery TEXT CHECK (delivery IN ('delivered', 'bounced', 'complained')),
  delivery_at INTEGER,
  PRIMARY KEY (job_id, position)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX recipients_ref ON recipients (job_id, ref);
-- Only for what people look for and retry: an index over all states would be written twice for every mail.
CREATE INDEX recipients_unsent ON recipients (job_id, state, reason) WHERE state IN ('failed', 'uncertain');

-- A batch is the range of positions that one queue message refers to. Its counters are recounted from its rows.
CREATE TABLE batches (
  job_id TEXT NOT NULL REFERENCES jobs (id),
  number INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'queued', 'processing', 'done', 'dead')),
  due_at INTEGER,                                 -- not before; NULL: not to be queued (draft, scheduled, paused)
  queued_at INTEGER,                              -- when its message was last sent
  fence INTEGER NOT NULL DEFAULT 0,               -- grows with every lease
  lease_until INTEGER,
  throttles INTEGER NOT NULL DEFAULT 0,           -- in a row, without an accepted mail between them
  redeliveries INTEGER NOT NULL DEFAULT 0,        -- leases that died in a row, without an accepted mail between them
  total INTEGER NOT NULL DEFAULT 0,
  pending INTEGER NOT NULL DEFAULT 0,
  sending INTEGER NOT NULL DEFAULT 0,
  sent INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  uncertain INTEGER NOT NULL DEFAULT 0,
  suppressed INTEGER NOT NULL DEFAULT 0,
  cancelled INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (job_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX batches_due ON batches (due_at) WHERE state = 'pending' AND due_at IS NOT NULL;
CREATE INDEX batches_queued ON batches (queued_at) WHERE state = 'queued';
CREATE INDEX batches_leased ON batches (lease_until) WHERE state = 'processing';

CREATE TRIGGER batches_inserted AFTER INSERT ON batches BEGIN
  UPDATE jobs SET
    total = total + new.total, pending = pending + new.pending, sending = sending + new.sending,
    sent = sent + new.sent, failed = failed + new.failed, uncertain = uncertain + new.uncertain,
    suppressed = suppressed + new.suppressed, cancelled = cancelled + new.cancelled
  WHERE id = new.job_id;
END;
CREATE TRIGGER batches_recounted
AFTER UPDATE OF total, pending, sending, sent, failed, uncertain, suppressed, cancelled ON batches BEGIN
  UPDATE jobs SET
    total = total + new.total - old.total, pending = pending + new.pending - old.pending,
    sending = sending + new.sending - old.sending, sent = sent + new.sent - old.sent,
    failed = failed + new.failed - old.failed, uncertain = uncertain + new.uncertain - old.uncertain,
    suppressed = suppressed + new.suppressed - old.suppressed, cancelled = cancelled + new.cancelled - old.cancelled
  WHERE id = new.job_id;
END;

-- Every event of a job: pushed to the site's callback URL, and polled with GET /v1/events. Written in the transaction
-- of what it tells.
CREATE TABLE callbacks (
  cursor INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,                        -- the webhook-id, the same over every attempt
  site_id TEXT NOT NULL REFERENCES sites (id),
  company TEXT,
  job_id TEXT NOT NULL REFERENCES jobs (id),
  sequence INTEGER NOT NULL,                      -- grows within the job
  type TEXT NOT NULL CHECK (type IN (
    'job.started', 'job.progress', 'batch.completed', 'job.paused', 'job.completed', 'delivery.updated',
    'certificate.issued', 'certificate.revoked')),
  data TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'superseded', 'dead')),
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER,                                 -- of the next attempt; NULL: nothing is to be pushed
  lease_until INTEGER,
  status INTEGER,                                 -- HTTP status of the last attempt
  error TEXT,                                     -- why the last attempt did not count
  delivered_at INTEGER,
  UNIQUE (job_id, sequence)
) STRICT;
CREATE INDEX callbacks_of_site ON callbacks (site_id, cursor);
CREATE INDEX callbacks_due ON callbacks (site_id, due_at) WHERE state = 'pending' AND due_at IS NOT NULL;
CREATE TRIGGER callbacks_inserted AFTER INSERT ON callbacks BEGIN
  UPDATE jobs SET sequence = max(sequence, new.sequence) WHERE id = new.job_id;
END;

-- Who must not be mailed. `company` and `category` are '' where the row holds for all of them.
CREATE TABLE suppressions (
  site_id TEXT NOT NULL REFERENCES sites (id),
  company TEXT NOT NULL DEFAULT '',
  email TEXT NOT NULL,                            -- lower case
  category TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL CHECK (reason IN ('hard_bounce', 'soft_bounces', 'complaint', 'unsubscribe', 'manual')),
  detail TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (site_id, email, company, category)
) STRICT, WITHOUT ROWID;

CREATE TABLE dead_letters (
  id TEXT PRIMARY KEY,                            -- of the queue message
  queue TEXT NOT NULL,
  site_id TEXT REFERENCES sites (id),             -- NULL: the message did not say
  job_id TEXT REFERENCES jobs (id),
  batch INTEGER,
  reason TEXT NOT NULL,
  body TEXT NOT NULL,                             -- the message as it came
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'redriven', 'discarded')),
  created_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE INDEX dead_letters_of_job ON dead_letters (job_id);

CREATE TABLE certificates (
  code TEXT PRIMARY KEY,
  site_id TEXT NOT NULL REFERENCES sites (id),
  company TEXT,
  job_id TEXT NOT NULL REFERENCES jobs (id),
  ref TEXT NOT NULL,
  award TEXT NOT NULL,                            -- what is certified: one valid certificate per (site, award, ref)
  version INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('valid', 'superseded', 'revoked')),
  reason TEXT,
  file TEXT NOT NULL,                             -- key in R2
  sha256 TEXT NOT NULL,
  issued_at INTEGER NOT NULL,
  expires_at INTEGER,
  ended_at INTEGER,
  UNIQUE (site_id, award, ref, version)
) STRICT;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  site_id TEXT,
  company TEXT,
  actor TEXT NOT NULL,                            -- operator, or the token's id
  action TEXT NOT NULL,
  target TEXT NOT NULL,
  address TEXT,                                   -- where the request came from
  detail TEXT                                     -- JSON: before and after
) STRICT;
CREATE INDEX audit_of_site ON audit (site_id, id);
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'audit rows are append-only'); END;
CREATE TRIGGER audit_kept BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'audit rows are append-only'); END;
