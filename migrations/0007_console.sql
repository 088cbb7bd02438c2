-- Who may use the console, and who is signed in to it.

-- People who come through Cloudflare Access. Without a site their role holds for the whole deployment.
CREATE TABLE console_users (
  email TEXT PRIMARY KEY,                         -- lower case
  role TEXT NOT NULL CHECK (role IN ('operator', 'site', 'company', 'read_only')),
  site_id TEXT REFERENCES sites (id),
  company TEXT,
  created_at INTEGER NOT NULL,
  CHECK ((role = 'operator') <= (site_id IS NULL)),
  CHECK ((role IN ('site', 'company')) <= (site_id IS NOT NULL)),
  CHECK ((role = 'company') <= (company IS NOT NULL)),
  CHECK ((company IS NOT NULL) <= (site_id IS NOT NULL AND role <> 'site'))
) STRICT, WITHOUT ROWID;

-- Sessions of those who signed in with a secret. The cookie itself is nowhere, as with tokens.
CREATE TABLE console_sessions (
  hash TEXT PRIMARY KEY,                          -- SHA-256 of the cookie, hex
  token_id TEXT,                                  -- whose token it was; NULL: the operator's
  operator_hash TEXT,                             -- of the OPERATOR_TOKEN that was given: another one ends the session
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  CHECK ((token_id IS NULL) <> (operator_hash IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX console_sessions_expired ON console_sessions (expires_at);

-- The lists of an operator, who sees all sites.
CREATE INDEX jobs_of_all ON jobs (created_at, id);
CREATE INDEX certificates_of_all ON certificates (issued_at, code);
