-- Every attempt to deliver an event, for people who look why Moodle did not take it.
CREATE TABLE callback_attempts (
  cursor INTEGER NOT NULL REFERENCES callbacks (cursor) ON DELETE CASCADE,
  number INTEGER NOT NULL,                        -- 1, 2, …; a replay counts on
  at INTEGER NOT NULL,
  status INTEGER,                                 -- HTTP status; NULL: there was no answer
  error TEXT,                                     -- why it did not count, with the receiver's own words; NULL: it did
  PRIMARY KEY (cursor, number)
) STRICT, WITHOUT ROWID;
