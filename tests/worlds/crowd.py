"""A service that has been used for a year, for pages that must be quick all the same: written into the database at
once, since sending 50,000 mails takes minutes.

The promise: counters, batches and people agree with each other, as in a database that grew.
"""

import re
import time
from pathlib import Path

from certificates import codes
from tests.console.reader import Shown
from tests.worlds.live import OPERATOR_TOKEN, Live, person

PEOPLE = 50_000
A_BATCH = 200
COMPANIES = 40
OTHER_JOBS = 2_000
ROWS = 20_000  # of certificates, callbacks, suppressions and audit rows each
LETTERS = 500

_NUMBERS = "WITH RECURSIVE n (i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {end})"
_NOW = "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
_STATE = """CASE WHEN i % 40 = 0 THEN 'failed' WHEN i % 97 = 0 THEN 'uncertain' WHEN i % 113 = 0 THEN 'suppressed'
    WHEN i < 30000 THEN 'sent' ELSE 'pending' END"""
_COUNTS = """count(*), sum(state = 'pending'), sum(state = 'sent'), sum(state = 'failed'), sum(state = 'uncertain'),
    sum(state = 'suppressed')"""
_SQL = f"""
{_NUMBERS.format(first=1, end=PEOPLE)}
INSERT INTO recipients (job_id, position, ref, email, name, variables, state, reason, detail, attempts, message_id,
  delivery, updated_at)
SELECT '{{job}}', i, 'u' || i, 'u' || i || '@students.example', 'Person ' || i, '{{{{}}}}', {_STATE},
  CASE {_STATE} WHEN 'failed' THEN iif(i % 80 = 0, 'invalid_recipient', 'mailbox_unavailable')
    WHEN 'uncertain' THEN 'response_lost' WHEN 'suppressed' THEN 'unsubscribe' END,
  CASE {_STATE} WHEN 'failed' THEN 'no mailbox at school' || (i % 30) || '.example' END,
  iif({_STATE} = 'pending', 0, 1), iif({_STATE} = 'sent', 'm' || i, NULL), iif({_STATE} = 'sent' AND i % 70 = 0,
  'bounced', NULL), {_NOW} FROM n;
UPDATE recipients SET state = 'sent', attempts = 1 WHERE job_id = '{{job}}' AND position = 0;
INSERT INTO batches (job_id, number, state, total, pending, sent, failed, uncertain, suppressed)
SELECT job_id, position / {A_BATCH}, iif(sum(state = 'pending'), 'pending', 'done'), {_COUNTS}
FROM recipients WHERE job_id = '{{job}}' GROUP BY 2
ON CONFLICT (job_id, number) DO UPDATE SET state = excluded.state, total = excluded.total, pending = excluded.pending,
  sent = excluded.sent, failed = excluded.failed, uncertain = excluded.uncertain, suppressed = excluded.suppressed;
UPDATE jobs SET state = 'paused', reason = 'requested', started_at = created_at WHERE id = '{{job}}';

{_NUMBERS.format(first=0, end=OTHER_JOBS)}
INSERT INTO jobs (id, site_id, company, kind, name, state, batch_size, created_at, started_at, ended_at)
SELECT 'job_' || printf('%032x', i), '{{site}}', iif(i % 3, 'Company ' || (i % {COMPANIES}), NULL), 'email',
  'Course reminder ' || i, iif(i % 9, 'completed', 'cancelled'), {A_BATCH}, {_NOW} - i * 3600000, {_NOW} - i * 3600000,
  {_NOW} - i * 3600000 + 60000 FROM n;
INSERT INTO job_contents (job_id, version, content)
SELECT j.id, c.version, c.content FROM jobs j, job_contents c
WHERE c.job_id = '{{job}}' AND j.id GLOB 'job_000000000000000000000000*';

{_NUMBERS.format(first=0, end=ROWS)}
INSERT INTO certificates (code, site_id, company, job_id, position, ref, award, version, state, file, sha256, shown,
  issued_at)
SELECT iif(i, 'CR0WD' || printf('%011d', i), '{{code}}'), '{{site}}',
  iif(i % 3, 'Company ' || (i % {COMPANIES}), NULL), '{{job}}', i, 'u' || i,
  'award-' || (i % 7), 1, 'valid', 'f' || i, printf('%064x', i),
  json_object('holder', 'Person ' || i, 'title', 'Award ' || (i % 7), 'issuer', 'School'), {_NOW} - i * 60000 FROM n;

{_NUMBERS.format(first=1, end=ROWS)}
INSERT INTO callbacks (id, site_id, job_id, sequence, type, data, created_at, state, attempts, status, error,
  delivered_at)
SELECT 'evt_{{job}}_' || i, '{{site}}', '{{job}}', 1000 + i, 'batch.completed', '{{{{"batch": 1, "recipients": []}}}}',
  {_NOW} - 1000 * i, iif(i % 50, 'delivered', 'dead'), iif(i % 50, 1, 8), iif(i % 50, 200, 503),
  iif(i % 50, NULL, 'http_503: down'), iif(i % 50, {_NOW}, NULL) FROM n;

{_NUMBERS.format(first=0, end=ROWS)}
INSERT INTO suppressions (site_id, company, email, category, reason, created_at)
SELECT '{{site}}', iif(i % 3, '', 'Company ' || (i % {COMPANIES})), 's' || i || '@students.example', '',
  CASE i % 4 WHEN 0 THEN 'hard_bounce' WHEN 1 THEN 'unsubscribe' WHEN 2 THEN 'complaint' ELSE 'manual' END, {_NOW}
FROM n;

{_NUMBERS.format(first=0, end=ROWS)}
INSERT INTO audit (at, site_id, company, actor, role, action, target, address, detail)
SELECT {_NOW} - i * 1000, '{{site}}', iif(i % 3, 'Company ' || (i % {COMPANIES}), NULL), 'operator', 'operator',
  'job.retry', '{{job}}', '198.51.100.7', '{{{{}}}}' FROM n;

{_NUMBERS.format(first=0, end=LETTERS)}
INSERT INTO dead_letters (id, queue, site_id, job_id, batch, reason, body, created_at)
SELECT 'letter' || i, 'offload-batches', '{{site}}', '{{job}}', i % 200, 'poison', '{{{{"batch": 1}}}}', {_NOW} FROM n;

{_NUMBERS.format(first=0, end=COMPANIES)}
INSERT INTO console_users (email, role, created_at)
SELECT 'guest' || i || '@campus.example', 'read_only', {_NOW} FROM n;

{_NUMBERS.format(first=0, end=COMPANIES)}
INSERT INTO tokens (id, hash, site_id, company, name, created_at)
SELECT 'tok_crowd' || i, 'crowd' || i, '{{site}}', 'Company ' || i, 'Moodle of company ' || i, {_NOW} FROM n;

{_NUMBERS.format(first=0, end=COMPANIES)}
INSERT INTO companies (site_id, company, colour) SELECT '{{site}}', 'Company ' || i, '#0b57a4' FROM n;
"""


CODE = "CR0WD00000000000"


class Crowd:
    """The service, for an operator at a browser. `ask` tells how long a page took and how many rows were read."""

    def __init__(self, running: Live, folder: Path) -> None:
        self.running = running
        site = running.site(name="A large Moodle", callback_url="http://127.0.0.1:9/")
        job = site.draft([person(0)], name="Everybody")
        file = folder / "crowd.sql"
        file.write_text(_SQL.format(job=job, site=site.id, code=_valid(CODE)))
        running.runtime.wrangler("d1", "execute", "DB", "--yes", "--file", str(file))
        self.site, self.job = site, job
        self.known = {
            **{"job draft": site.draft([person(0)]), "token": "tok_crowd1", "company": "Company 1"},
            **{"job": job, "site": site.id, "position": "40", "code": _valid(CODE), "letter": "letter1"},
            **{"event": f"evt_{job}_50", "email": "guest0@campus.example"},
            **{"token": "tok_crowd0", "company": "Company 0"},
        }
        self._cookie = self._sign_in()

    def ask(self, path: str) -> tuple[int, float]:
        """The rows that a page reads, and the milliseconds it takes."""
        before = self.running.runtime.d1_usage()["rows_read"]
        began = time.monotonic()
        answer = self.running.http.get(path, headers={"cookie": self._cookie})
        took = (time.monotonic() - began) * 1000
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return self.running.runtime.d1_usage()["rows_read"] - before, took

    def _sign_in(self) -> str:
        # by hand: a client keeps a cookie that is `Secure` from http, where a browser trusts its own machine
        http = self.running.http
        form = http.get("/console/sign-in")
        token = dict(Shown(form).form("Sign in").fields)["csrf"]
        guest = form.headers["set-cookie"].partition(";")[0]
        sent = {"csrf": token, "next": "", "secret": OPERATOR_TOKEN}
        answer = http.post("/console/sign-in", data=sent, headers={"cookie": guest})
        assert answer.status_code == 303, answer.text
        [cookie] = re.findall(r"__Host-offload=[^;]{20,}", " ".join(answer.headers.get_list("set-cookie")))
        return str(cookie)


def _valid(code: str) -> str:
    """With the last character that makes it a code."""
    [found] = [made for last in codes.ALPHABET if (made := codes.parse(code[:-1] + last))]
    return found
