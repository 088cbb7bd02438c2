-- The tokens of one site, oldest first.
CREATE INDEX tokens_of_site ON tokens (site_id, created_at, id);
