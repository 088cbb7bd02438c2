"""A process that is killed in the middle of a job, as by a power cut, loses nobody and mails nobody twice."""

from collections import Counter

from tests.doubles.sendgrid import SendGridServer
from tests.worlds.live import PATIENCE, Json, Live, Site, people

PEOPLE = 300  # three batches, which are sent at the same time
GROUP = 24  # people that a batch has claimed at a time
EMAILS = {each["ref"]: each["email"] for each in people(PEOPLE)}


def test_after_a_kill_nobody_is_lost_nobody_mailed_twice_and_doubt_is_shown(
    running: Live, sendgrid: SendGridServer
) -> None:
    site = running.site(provider="sendgrid")
    job = site.draft(people(PEOPLE))
    before = crash(running, sendgrid, site, job)
    counts = site.ended(job)["counts"]
    ended = site.people(job)
    assert_nobody_is_lost(ended, counts)

    mailed = sendgrid.mailed(job)
    assert set(mailed.values()) == {1}
    assert emails(ended, "sent") <= mailed.keys()
    # whoever may have been mailed before was left alone afterwards
    assert not emails(ended, "uncertain") & (mailed - before).keys()

    assert_doubt_is_shown(site, job)
    settle(site, job, mailed)
    assert sendgrid.mailed(job) == Counter(EMAILS.values())


def crash(running: Live, sendgrid: SendGridServer, site: Site, job: str) -> Counter[str]:
    """Start the job, kill the process while mails are in flight, start it again; whom the first one had mailed."""
    hold = sendgrid.hold(job, after=130)
    site.start(job)
    assert hold.reached.wait(PATIENCE)
    running.runtime.kill()
    hold.release()
    # five minutes go by: the leases of the dead process end
    running.rows(f"UPDATE batches SET lease_until = 0 WHERE job_id = '{job}' AND state = 'processing'")
    before = sendgrid.mailed(job)
    assert 131 <= before.total() < PEOPLE
    running.runtime.start()
    return before


def assert_nobody_is_lost(ended: dict[str, Json], counts: dict[str, int]) -> None:
    assert ended.keys() == EMAILS.keys()
    states = {state: number for state, number in counts.items() if number and state != "total"}
    assert Counter(each["state"] for each in ended.values()) == states
    assert counts["sent"] + counts["uncertain"] == counts["total"] == PEOPLE


def assert_doubt_is_shown(site: Site, job: str) -> None:
    """In the list, among the reasons and in what Moodle is told; and only those are in doubt who were in flight."""
    uncertain = site.people(job, state="uncertain")
    assert 1 <= len(uncertain) <= 3 * GROUP
    assert site.get(f"/v1/jobs/{job}/reasons")["reasons"] == [
        {"state": "uncertain", "reason": "interrupted", "count": len(uncertain)}
    ]
    batches = [event["data"]["recipients"] for event in site.events() if event["type"] == "batch.completed"]
    told = {each["ref"] for batch in batches for each in batch if each["state"] == "uncertain"}
    assert told == uncertain.keys()


def settle(site: Site, job: str, mailed: Counter[str]) -> None:
    """Somebody has looked at the provider who of the uncertain got no mail, and has those tried again."""
    missing = [ref for ref, each in site.people(job, state="uncertain").items() if each["email"] not in mailed]
    if missing:
        chosen = {"state": "uncertain", "refs": missing}
        assert site.post(f"/v1/jobs/{job}/retry", {"filter": chosen})["count"] == len(missing)
        site.ended(job)


def emails(people: dict[str, Json], state: str) -> set[str]:
    return {each["email"] for each in people.values() if each["state"] == state}
