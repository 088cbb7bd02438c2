"""What docs/operations.md has an operator run with wrangler works on the local runtime's own database."""

import json
import re
import shlex
from pathlib import Path

from tests.docs.reading import blocks, read
from tests.docs.test_examples import statements
from tests.worlds.live import Live, people, within

PAGE = read("docs/operations.md")
COMMANDS = [
    shlex.split(line, comments=True)
    for block in blocks(PAGE, "bash")
    for line in block.text.replace("\\\n", " ").splitlines()
    if line.startswith("npx wrangler d1 execute DB --remote --command")
]


def test_every_query_of_the_runbooks_runs_and_finds_what_it_is_for(running: Live, tmp_path: Path) -> None:
    """One as it stands there, the others by the same command, but together: each start of wrangler takes long."""
    site = running.site()
    job = site.start(site.draft(people(5), rate=0.05))
    site.post(f"/v1/jobs/{job}/pause")
    within("the sweeper ran", lambda: running.rows("SELECT at FROM heartbeats"))
    assert len(COMMANDS) > 8
    for words in COMMANDS:
        assert words[:-1] == ["npx", "wrangler", "d1", "execute", "DB", "--remote", "--command"]
    first, *others = sorted((words[-1] for words in COMMANDS), key=lambda sql: "WHERE state = 'paused'" not in sql)
    [answer] = json.loads(running.runtime.wrangler("d1", "execute", "DB", "--json", "--command", first))
    assert (job, "requested") in [(row["id"], row["reason"]) for row in answer["results"]]
    script = tmp_path / "runbooks.sql"
    script.write_text(";\n".join(others))
    told = json.loads(running.runtime.wrangler("d1", "execute", "DB", "--json", "--yes", "--file", str(script)))
    answers = dict(zip(others, (answer["results"] for answer in told), strict=True))
    [beats] = [rows for sql, rows in answers.items() if "heartbeats" in sql]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", beats[0]["last_run"])
    [backlog] = [rows for sql, rows in answers.items() if "s.daily_quota" in sql]
    assert site.id in [row["id"] for row in backlog]


def test_every_other_statement_of_the_page_runs_on_the_real_database(running: Live, tmp_path: Path) -> None:
    site = running.site()
    job = site.draft([{"ref": "1", "email": "a@students.example"}])
    script = tmp_path / "page.sql"
    shown = [sql.replace("'JOB'", f"'{job}'").replace("'SITE'", f"'{site.id}'") for sql in statements(PAGE)]
    assert len(shown) > 15
    script.write_text("\n".join(shown))
    running.runtime.wrangler("d1", "execute", "DB", "--yes", "--file", str(script))
    addresses = running.rows(f"SELECT email FROM suppressions WHERE site_id = '{site.id}'")
    assert addresses == [{"email": "nomore@example.org"}]


def test_every_metric_of_the_local_runtime_is_a_number(running: Live) -> None:
    """On the real database, where numbers are JavaScript's."""
    site = running.site()
    job = site.start(site.draft([{"ref": "1", "email": "a@students.example"}]))
    site.ended(job)
    text = running.operator.ask("GET", "/metrics").text
    assert f'offload_mails_accepted_total{{site="{site.id}"}} 1\n' in text
    rate = re.search(rf'^offload_mails_per_second{{site="{site.id}"}} ([\d.]+)$', text, re.MULTILINE)
    assert rate
    assert 0 < float(rate[1]) <= 1 / 60 + 0.001
    size = re.search(r"^offload_database_bytes (\d+)$", text, re.MULTILINE)
    assert size
    assert int(size[1]) > 100_000
