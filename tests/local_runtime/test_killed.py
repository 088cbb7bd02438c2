"""A local runtime that is killed (-9) again and again, and started again, loses nobody and mails nobody twice."""

from collections import Counter

from tests.doubles.sendgrid import SendGridServer
from tests.worlds.live import PATIENCE, Live, people, within

PEOPLE = 200
GROUP = 24


def test_killed_again_and_again_nobody_is_lost_and_nobody_is_mailed_twice(
    running: Live, sendgrid: SendGridServer
) -> None:
    """As soon as the start is answered, then twice with mails in flight."""
    site = running.site(provider="sendgrid")
    job = site.draft(people(PEOPLE))
    site.start(job)
    running.runtime.kill()
    for after in (30, 100):
        hold = sendgrid.hold(job, after)
        revive(running, job)
        assert hold.reached.wait(PATIENCE)
        running.runtime.kill()
        hold.release()
    revive(running, job)
    counts = site.ended(job)["counts"]

    everybody = {each["ref"]: each["email"] for each in people(PEOPLE)}
    ended = site.people(job)
    assert ended.keys() == everybody.keys()
    assert counts["sent"] + counts["uncertain"] == PEOPLE
    assert 1 <= counts["uncertain"] <= 3 * 2 * GROUP
    mailed = sendgrid.mailed(job)
    assert set(mailed.values()) == {1}
    assert {each["email"] for each in ended.values() if each["state"] == "sent"} <= mailed.keys()
    told = {
        each["ref"]: each["state"]
        for event in site.events()
        for each in event["data"].get("recipients", ())
        if event["data"]["job"] == job
    }
    assert told == {ref: each["state"] for ref, each in ended.items()}

    # a person who has looked it up at the provider settles it
    missing = [ref for ref, each in ended.items() if each["email"] not in mailed]
    if missing:
        site.post(f"/v1/jobs/{job}/retry", {"filter": {"state": "uncertain", "refs": missing}})
        within("the rest", lambda: sendgrid.mailed(job) == Counter(everybody.values()))


def revive(running: Live, job: str) -> None:
    """Five minutes go by: the leases of the dead process end."""
    running.rows(f"UPDATE batches SET lease_until = 0 WHERE job_id = '{job}' AND state = 'processing'")
    running.runtime.start()
