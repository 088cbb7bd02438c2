-- A secret of our own for each session that Cloudflare Access keeps: the forms shown in it are signed with it. What Access
-- says of a person is known to others; this is not.
CREATE TABLE access_sessions (
  hash TEXT PRIMARY KEY,                          -- SHA-256 of Access's token, hex
  form_key TEXT NOT NULL,                         -- random; worth nothing without SIGNING_SECRET
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX access_sessions_expired ON access_sessions (expires_at);
