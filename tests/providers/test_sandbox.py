"""The sandbox keeps mails where people can look at them."""

from dataclasses import replace
from email.parser import BytesParser
from email.policy import default

import pytest

from core.errors import BucketUnavailable, Rejected, TemporarilyRefused
from mail.message import Address
from providers.sandbox import Sandbox
from tests.doubles.bindings import MemoryBucket
from tests.providers.support import ATTACHED, FILE, JOB, KEY, MAIL, SITE, always, answer, services

KEPT = f"{SITE}/sandbox/{JOB}/{KEY}.eml"


class BrokenBucket(MemoryBucket):
    async def put(self, *_: object) -> None:
        raise BucketUnavailable("R2 says no")

    async def keys(self, *_: object) -> list[str]:
        raise BucketUnavailable("R2 says no")


async def test_a_mail_is_a_file_that_any_mail_program_opens() -> None:
    files = MemoryBucket()
    assert await Sandbox(replace(services(always(answer(200))), files=files), SITE).send(MAIL) == KEY
    (stored,) = files.objects.items()
    assert (stored[0], stored[1].content_type) == (KEPT, "message/rfc822")
    message = BytesParser(policy=default).parsebytes(stored[1].data)
    assert message["Subject"] == MAIL.subject
    assert message["To"].addresses[0].display_name == MAIL.to.name
    assert message["X-Entity-Ref-ID"] == KEY


async def test_a_file_is_in_the_mail_byte_for_byte() -> None:
    files = MemoryBucket()
    await Sandbox(replace(services(always(answer(200))), files=files), SITE).send(ATTACHED)
    message = BytesParser(policy=default).parsebytes(files.objects[KEPT].data)
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == (FILE.name, "application/pdf")
    assert attached.get_content() == FILE.data


async def test_the_same_mail_again_adds_nothing() -> None:
    files = MemoryBucket()
    sandbox = Sandbox(replace(services(always(answer(200))), files=files), SITE)
    assert await sandbox.send(MAIL) == await sandbox.send(MAIL)
    assert list(files.objects) == [KEPT]
    assert Sandbox.key_window > 0


async def test_nothing_leaves_the_deployment() -> None:
    fetch = always(answer(200))
    sandbox = Sandbox(services(fetch), SITE)
    await sandbox.send(MAIL)
    await sandbox.check()
    assert fetch.requests == []


@pytest.mark.parametrize("email", ["a@invalid", "a@nowhere.invalid", "a@Nowhere.INVALID"])
async def test_an_address_under_invalid_fails_so_that_failures_can_be_seen(email: str) -> None:
    files = MemoryBucket()
    with pytest.raises(Rejected) as raised:
        await Sandbox(replace(services(always(answer(200))), files=files), SITE).send(replace(MAIL, to=Address(email)))
    assert raised.value.code == "mailbox_unavailable"
    assert files.objects == {}


async def test_an_address_that_only_looks_so_is_kept() -> None:
    sandbox = Sandbox(services(always(answer(200))), SITE)
    assert await sandbox.send(replace(MAIL, to=Address("invalid@notinvalid.example"))) == KEY


async def test_a_bucket_that_is_away_is_worth_another_attempt() -> None:
    sandbox = Sandbox(replace(services(always(answer(200))), files=BrokenBucket()), SITE)
    with pytest.raises(TemporarilyRefused):
        await sandbox.send(MAIL)
    with pytest.raises(TemporarilyRefused):
        await sandbox.check()
