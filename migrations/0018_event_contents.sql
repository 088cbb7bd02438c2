-- A signature that leaves the content open is bound to the first one that came with it: that may be repeated, no other.
ALTER TABLE event_tokens ADD COLUMN content TEXT; -- SHA-256 of its events, hex; NULL where the content is signed
