-- What became of the certificate that a person's mail was to have attached; NULL: none was to be.

ALTER TABLE recipients ADD COLUMN attachment TEXT
  CHECK (attachment IN ('attached', 'too_large', 'unsupported', 'unavailable'));
