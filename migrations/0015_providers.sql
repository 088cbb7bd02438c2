-- `sites` without its list of providers: which there are, the core says, and refuses others by name.
--
-- SQLite cannot change a CHECK, so the table is built anew. Other tables refer to it, and D1 always enforces foreign keys;
-- all it allows is to be late with them: developers.cloudflare.com/d1/sql-api/foreign-keys. Step by step:
--
-- 1. Foreign keys are looked at when the migration ends, which D1 runs as one transaction. ON DELETE CASCADE is not put
--    off: DROP TABLE would delete the rows of a table that refers so. None refers so to `sites`; where one does, its rows
--    have to be copied and brought back too.
-- 2. The rows go into a copy without constraints.
-- 3. The old table goes, and its indexes and triggers with it. SQLite counts each row elsewhere that refers to it.
-- 4. The new one has its name from the start, and filling it takes each row that refers to it off that count. A table
--    that is filled under another name and then renamed takes off none. What is left in the end undoes the migration.
-- 5. Indexes and triggers are made again, after the rows, so that no trigger takes them for new ones.
PRAGMA defer_foreign_keys = on;

CREATE TABLE sites_before AS SELECT * FROM sites;
DROP TABLE sites;
CREATE TABLE sites (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  provider TEXT NOT NULL,
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
  created_at INTEGER NOT NULL,
  daily_quota INTEGER CHECK (daily_quota > 0),    -- mails a day (UTC); NULL: no limit of our own
  failure_limit REAL NOT NULL DEFAULT 0.2         -- share of failures that pauses a job
    CHECK (failure_limit > 0 AND failure_limit <= 1),
  keep_people_days INTEGER CHECK (keep_people_days > 0),               -- NULL: until erased
  keep_certificate_years INTEGER CHECK (keep_certificate_years > 0),   -- NULL: for ever
  address_key TEXT NOT NULL DEFAULT ''            -- hashes of addresses are made with it; 64 hex digits, never changed
) STRICT;
INSERT INTO sites SELECT * FROM sites_before;
DROP TABLE sites_before;
CREATE TRIGGER sites_keyed AFTER INSERT ON sites WHEN new.address_key = '' BEGIN
  UPDATE sites SET address_key = lower(hex(randomblob(32))) WHERE id = new.id;
END;
