-- Two sites at 0014, one with everything set, and a row of each table that refers to it, straight or through others.
INSERT INTO sites VALUES ('site_full', 'Żółta Szkoła', 'mailgun', 12.5, 'office@school.example', 'Office',
  'https://moodle.school.example/callback', '2xx', 'whsec_now', 'whsec_before', 1700000000001, 1700000000002,
  1700000000003, 1700000000004, 5000, 0.35, 90, 7, 'aa11');
INSERT INTO sites (id, name, provider, callback_secret, created_at) VALUES ('site_bare', '', 'sandbox', 'whsec_bare', 5);
INSERT INTO tokens (id, hash, site_id, name, created_at) VALUES ('tok_1', 'hash', 'site_full', 'Moodle', 6);
INSERT INTO jobs (id, site_id, kind, name, state, batch_size, created_at)
  VALUES ('job_1', 'site_full', 'certificate', 'Welcome', 'running', 200, 7);
INSERT INTO job_contents (job_id, version, content) VALUES ('job_1', 'v', '{}');
INSERT INTO batches (job_id, number, state, total, pending) VALUES ('job_1', 0, 'pending', 1, 1);
INSERT INTO recipients (job_id, position, ref, email, name, variables, state, updated_at)
  VALUES ('job_1', 0, 'r1', 'amelie@school.example', 'Amélie', '{}', 'pending', 8);
INSERT INTO callbacks (cursor, id, site_id, job_id, sequence, type, data, created_at, state)
  VALUES (3, 'evt_1', 'site_full', 'job_1', 1, 'job.started', '{}', 9, 'dead');
INSERT INTO callback_attempts (cursor, number, at, status, error) VALUES (3, 1, 10, 500, 'no'), (3, 2, 11, NULL, 'silent');
INSERT INTO dead_letters (id, queue, site_id, job_id, reason, body, created_at)
  VALUES ('msg_1', 'offload-batches', 'site_full', 'job_1', 'poison', '{}', 12), ('msg_2', 'q', NULL, NULL, 'odd', '?', 13);
INSERT INTO soft_bounces (site_id, email, bounces, last_at) VALUES ('site_full', 'full@school.example', 2, 14);
INSERT INTO certificates (code, site_id, job_id, position, ref, award, version, state, file, sha256, shown, issued_at)
  VALUES ('7K2M', 'site_full', 'job_1', 0, 'r1', 'course', 1, 'valid', 'f', 's', '{}', 15);
INSERT INTO companies (site_id, company, colour) VALUES ('site_full', 'acme', '#112233');
INSERT INTO suppressions (site_id, email, reason, created_at) VALUES ('site_full', 'gone@school.example', 'manual', 16);
INSERT INTO console_users (email, role, site_id, created_at) VALUES ('head@school.example', 'site', 'site_full', 17);
INSERT INTO assets (site_id, company, name, type, bytes, created_at) VALUES ('site_full', '', 'logo', 'image/png', 1, 18);
INSERT INTO usage (site_id, day, sent) VALUES ('site_full', '2026-11-24', 4);
