-- What each tenant keeps, counted as it is written; and an audit trail that holds no person.

-- Of a site as a whole (company '', its companies included) and of each of its companies. Counted by the triggers below,
-- so that no request counts rows. Bytes are those of the texts that a tenant sends, and of its files, with 200 more for
-- each row that holds them.
CREATE TABLE kept (
  site_id TEXT NOT NULL REFERENCES sites (id),
  company TEXT NOT NULL,
  people INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  drafts INTEGER NOT NULL DEFAULT 0,
  assets INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (site_id, company)
) STRICT, WITHOUT ROWID;

-- Of a batch, recounted from its people where some come or are erased: a row for each of them would be one more to write.
ALTER TABLE batches ADD COLUMN kept_people INTEGER NOT NULL DEFAULT 0;
ALTER TABLE batches ADD COLUMN kept_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE batches SET (kept_people, kept_bytes) = (
  SELECT count(*), ifnull(sum(200 + length(CAST(r.ref || r.email || r.name || r.variables AS BLOB))), 0)
  FROM recipients r JOIN jobs j ON j.id = r.job_id
  WHERE r.job_id = batches.job_id AND r.email <> ''
    AND r.position BETWEEN batches.number * j.batch_size AND (batches.number + 1) * j.batch_size - 1);

CREATE TRIGGER kept_batch AFTER INSERT ON batches WHEN new.kept_people > 0 BEGIN
  INSERT INTO kept (site_id, company, people, bytes)
  SELECT j.site_id, o.value, new.kept_people, new.kept_bytes
  FROM jobs j, json_each(json_array('', j.company)) o WHERE j.id = new.job_id AND o.value IS NOT NULL
  ON CONFLICT DO UPDATE SET people = people + excluded.people, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER kept_batch_recounted AFTER UPDATE OF kept_people, kept_bytes ON batches
WHEN (new.kept_people, new.kept_bytes) <> (old.kept_people, old.kept_bytes) BEGIN
  INSERT INTO kept (site_id, company, people, bytes)
  SELECT j.site_id, o.value, new.kept_people - old.kept_people, new.kept_bytes - old.kept_bytes
  FROM jobs j, json_each(json_array('', j.company)) o WHERE j.id = new.job_id AND o.value IS NOT NULL
  ON CONFLICT DO UPDATE SET people = people + excluded.people, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER kept_draft AFTER INSERT ON jobs WHEN new.state = 'draft' BEGIN
  INSERT INTO kept (site_id, company, drafts)
  SELECT new.site_id, value, 1 FROM json_each(json_array('', new.company)) WHERE value IS NOT NULL
  ON CONFLICT DO UPDATE SET drafts = drafts + 1;
END;
CREATE TRIGGER kept_draft_left AFTER UPDATE OF state ON jobs WHEN old.state = 'draft' AND new.state <> 'draft' BEGIN
  UPDATE kept SET drafts = drafts - 1 WHERE site_id = new.site_id AND company IN ('', new.company);
END;
CREATE TRIGGER kept_content AFTER INSERT ON job_contents BEGIN
  INSERT INTO kept (site_id, company, bytes)
  SELECT j.site_id, o.value, 200 + length(CAST(new.content AS BLOB))
  FROM jobs j, json_each(json_array('', j.company)) o WHERE j.id = new.job_id AND o.value IS NOT NULL
  ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER kept_content_gone AFTER DELETE ON job_contents BEGIN
  UPDATE kept SET bytes = bytes - 200 - length(CAST(old.content AS BLOB))
  WHERE (site_id, company) IN (
    SELECT j.site_id, o.value FROM jobs j, json_each(json_array('', j.company)) o WHERE j.id = old.job_id);
END;
CREATE TRIGGER kept_asset AFTER INSERT ON assets BEGIN
  INSERT INTO kept (site_id, company, assets, bytes)
  SELECT new.site_id, value, 1, 200 + new.bytes
  FROM json_each(json_array('', nullif(new.company, ''))) WHERE value IS NOT NULL
  ON CONFLICT DO UPDATE SET assets = assets + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER kept_asset_gone AFTER DELETE ON assets BEGIN
  UPDATE kept SET assets = assets - 1, bytes = bytes - 200 - old.bytes
  WHERE site_id = old.site_id AND company IN ('', old.company);
END;
-- What becomes of a row by an unsubscribing or a bounce changes its reason, not who has it.
CREATE TRIGGER kept_suppression AFTER INSERT ON suppressions BEGIN
  INSERT INTO kept (site_id, company, bytes)
  SELECT new.site_id, value, 200 + length(CAST(new.email || ifnull(new.detail, '') AS BLOB))
  FROM json_each(json_array('', nullif(new.company, ''))) WHERE value IS NOT NULL
  ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER kept_suppression_changed AFTER UPDATE OF detail ON suppressions WHEN new.detail IS NOT old.detail BEGIN
  UPDATE kept SET bytes = bytes + length(CAST(ifnull(new.detail, '') AS BLOB))
    - length(CAST(ifnull(old.detail, '') AS BLOB))
  WHERE site_id = new.site_id AND company IN ('', new.company);
END;
CREATE TRIGGER kept_suppression_gone AFTER DELETE ON suppressions BEGIN
  UPDATE kept SET bytes = bytes - 200 - length(CAST(old.email || ifnull(old.detail, '') AS BLOB))
  WHERE site_id = old.site_id AND company IN ('', old.company);
END;

-- What there is already.
INSERT INTO kept (site_id, company, people, bytes, drafts, assets)
SELECT site_id, company, sum(people), sum(bytes), sum(drafts), sum(assets) FROM (
  SELECT k.site_id, o.value AS company, k.people, k.bytes, k.drafts, k.assets
  FROM (
    SELECT j.site_id, j.company, b.kept_people AS people, b.kept_bytes AS bytes, 0 AS drafts, 0 AS assets
    FROM batches b JOIN jobs j ON j.id = b.job_id
    UNION ALL SELECT site_id, company, 0, 0, 1, 0 FROM jobs WHERE state = 'draft'
    UNION ALL SELECT j.site_id, j.company, 0, 200 + length(CAST(c.content AS BLOB)), 0, 0
    FROM job_contents c JOIN jobs j ON j.id = c.job_id
    UNION ALL SELECT site_id, nullif(company, ''), 0, 200 + bytes, 0, 1 FROM assets
    UNION ALL SELECT site_id, nullif(company, ''), 0, 200 + length(CAST(email || ifnull(detail, '') AS BLOB)), 0, 0
    FROM suppressions) AS k,
    json_each(json_array('', k.company)) AS o WHERE o.value IS NOT NULL)
GROUP BY 1, 2;

-- Why somebody who asked not to be mailed was released, in words. They may name a person, so they are kept beside the
-- audit trail, in which nothing is erased, and go with the person. `target` and `at` are those of the trail's row.
CREATE TABLE release_notes (
  site_id TEXT NOT NULL REFERENCES sites (id),
  company TEXT NOT NULL,                          -- '': of the site as a whole
  target TEXT NOT NULL,
  at INTEGER NOT NULL,
  note TEXT NOT NULL,
  PRIMARY KEY (site_id, target, at, company)
) STRICT, WITHOUT ROWID;
INSERT INTO release_notes (site_id, company, target, at, note)
SELECT site_id, ifnull(company, ''), target, at, detail ->> '$.note' FROM audit
WHERE action = 'suppression.release' AND detail ->> '$.note' IS NOT NULL
ON CONFLICT DO NOTHING;

-- From the rows there are: references and ids become their number, the words that a caller chose go, of an address its
-- domain stays, and of a mailbox's name whether there was one. This once they are changed, so the trigger is made anew.
DROP TRIGGER audit_unchanged;
UPDATE audit SET detail = json_set(detail, '$.refs', json_array_length(detail, '$.refs'))
WHERE action IN ('job.retry', 'job.resolve') AND json_type(detail, '$.refs') = 'array';
UPDATE audit SET detail = json_set(detail, '$.reason', 'unknown')
WHERE action IN ('job.retry', 'job.resolve') AND detail ->> '$.reason' GLOB '*[^a-z0-9_]*';
UPDATE audit SET detail = json_set(detail, '$.ids', json_array_length(detail, '$.ids'))
WHERE action = 'callbacks.replay' AND json_type(detail, '$.ids') = 'array';
UPDATE audit SET detail = json_remove(detail, '$.reason') WHERE action = 'certificate.revoke';
UPDATE audit SET detail = json_remove(detail, '$.note') WHERE action = 'suppression.release';
UPDATE audit SET detail = json_set(detail, '$.changed', json((
  SELECT json_group_array(DISTINCT iif(value = 'name', 'name', 'variables')) FROM json_each(detail, '$.changed'))))
WHERE action = 'certificate.reissue';
-- What stands after the last @: rtrim takes away all characters that are none.
UPDATE audit SET detail = json_replace(detail,
  '$.before.sender_email', (SELECT '@' || substr(value, length(rtrim(value, replace(value, '@', ''))) + 1)
    FROM json_each(json_array(detail ->> '$.before.sender_email'))),
  '$.after.sender_email', (SELECT '@' || substr(value, length(rtrim(value, replace(value, '@', ''))) + 1)
    FROM json_each(json_array(detail ->> '$.after.sender_email'))),
  '$.before.reply_to', (SELECT '@' || substr(value, length(rtrim(value, replace(value, '@', ''))) + 1)
    FROM json_each(json_array(detail ->> '$.before.reply_to'))),
  '$.after.reply_to', (SELECT '@' || substr(value, length(rtrim(value, replace(value, '@', ''))) + 1)
    FROM json_each(json_array(detail ->> '$.after.reply_to'))),
  '$.before.sender_name', iif(ifnull(detail ->> '$.before.sender_name', '') = '', '', 'set'),
  '$.after.sender_name', iif(ifnull(detail ->> '$.after.sender_name', '') = '', '', 'set'),
  '$.before.reply_to_name', iif(ifnull(detail ->> '$.before.reply_to_name', '') = '', '', 'set'),
  '$.after.reply_to_name', iif(ifnull(detail ->> '$.after.reply_to_name', '') = '', '', 'set'),
  '$.before.senders', (SELECT ifnull(group_concat(
      iif(instr(value, '@'), '@' || substr(value, length(rtrim(value, replace(value, '@', ''))) + 1), value), ' '), '')
    FROM json_each('[' || replace(json_quote(ifnull(detail ->> '$.before.senders', '')), ' ', '","') || ']')),
  '$.after.senders', (SELECT ifnull(group_concat(
      iif(instr(value, '@'), '@' || substr(value, length(rtrim(value, replace(value, '@', ''))) + 1), value), ' '), '')
    FROM json_each('[' || replace(json_quote(ifnull(detail ->> '$.after.senders', '')), ' ', '","') || ']')))
WHERE action IN ('site.create', 'site.change', 'company.change', 'company.delete');
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'audit rows are append-only'); END;
