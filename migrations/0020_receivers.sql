-- How the receiver of a site's callbacks stands. A row whose `url` is no longer the site's says nothing any more.
CREATE TABLE receivers (
  site_id TEXT PRIMARY KEY REFERENCES sites (id),
  url TEXT NOT NULL,
  lease_until INTEGER NOT NULL,                   -- of the pass that serves it, one at a time; 0: nobody does
  failures INTEGER NOT NULL DEFAULT 0,            -- rounds of posts and probes in a row, since it last took an event
  probe_at INTEGER                                -- it fails: nothing is posted before; NULL: it is there
) STRICT, WITHOUT ROWID;

-- Attempts that did not count although the receiver was there: the schedule of the event alone goes by these.
ALTER TABLE callbacks ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
UPDATE callbacks SET refusals = attempts WHERE state = 'pending' AND due_at IS NOT NULL AND attempts > 0;
