"""WebCrypto, under Python in WebAssembly, verifies what providers signed and nothing else."""

import time
from typing import Any

import pytest

from tests.delivery_events.support import SETTINGS, payload, referring, request_of, sendgrid
from tests.doubles.crypto import certificate, p256_key, rsa_key, sign_p256, sign_rsa, spki
from tests.local_runtime.conftest import Probe
from tests.worlds.live import Live, people, within

DATA = b"signed \x00\xff " * 100
KEYS = {"RSA": spki(rsa_key("amazon")), "ECDSA": spki(p256_key("sendgrid"))}
SIGNATURES = {
    "RSA-SHA1": sign_rsa(DATA, "1"),
    "RSA-SHA256": sign_rsa(DATA, "2"),
    "ECDSA-P256-SHA256": sign_p256(DATA),
}
ONE: dict[str, str | int] = {"ses": "bounce", "sendgrid": 4, "mailgun": "permanent", "resend": "bounced"}
REFERENCE = f"job_{'4e2a' * 8}-17"


def verify(probe: Probe, algorithm: str, key: bytes, signature: bytes, data: bytes) -> Any:
    return probe("verify", [algorithm, key.hex(), signature.hex(), data.hex()])


@pytest.mark.parametrize("algorithm", list(SIGNATURES))
def test_webcrypto_takes_what_was_signed_and_nothing_else(probe: Probe, algorithm: str) -> None:
    kind, signature = algorithm.partition("-")[0], SIGNATURES[algorithm]
    assert verify(probe, algorithm, KEYS[kind], signature, DATA) is True
    assert verify(probe, algorithm, KEYS[kind], signature, DATA + b"x") is False
    assert verify(probe, algorithm, KEYS[kind], signature[:-1] + bytes([signature[-1] ^ 1]), DATA) is False
    other = spki(rsa_key("another")) if kind == "RSA" else spki(p256_key("another"))
    assert verify(probe, algorithm, other, signature, DATA) is False
    for nonsense in (b"", b"\x30", b"x" * 256):
        assert verify(probe, algorithm, KEYS[kind], nonsense, DATA) is False
        assert verify(probe, algorithm, nonsense, signature, DATA) == "ValueError"


def test_short_numbers_in_an_ecdsa_signature_are_filled_up(probe: Probe) -> None:
    # DER leaves out a zero byte in front, which WebCrypto wants: one signature of a few hundred is that short
    signature = next(made for made in (sign_p256(DATA) for _ in range(20_000)) if len(made) < 70)
    assert verify(probe, "ECDSA-P256-SHA256", KEYS["ECDSA"], signature, DATA) is True


@pytest.mark.parametrize("provider", list(ONE))
def test_a_provider_s_request_is_proven_and_a_forged_one_is_not(probe: Probe, provider: str) -> None:
    content = referring(provider, payload(provider, ONE[provider]), REFERENCE)
    headers, body = request_of(provider, content, time.time_ns() // 1_000_000)
    question = {
        "provider": provider,
        "settings": SETTINGS,
        "headers": dict(headers),
        "body": body.decode(),
        "certificate": certificate("amazon").decode(),
    }
    assert probe("prove", question) == [["hard_bounce", REFERENCE.partition("-")[0], 17]]
    if provider != "mailgun":  # its signature leaves the content open
        forged = question | {"body": body.decode().replace("-17", "-18")}
        assert probe("prove", forged) == {"error": "EventUnproven"}


def test_a_signed_event_reaches_its_person_and_a_forged_one_nobody(running: Live) -> None:
    site = running.site()
    job = site.draft(people(3))
    site.start(job)
    within("it is sent", lambda: site.job(job)["state"] == "completed")
    bounce = referring("sendgrid", payload("sendgrid", 4), f"{job}-1")
    headers, body = sendgrid([bounce], time.time_ns() // 1_000_000)
    forged = running.http.post("/v1/events/sendgrid", content=body.replace(b"-1", b"-2"), headers=dict(headers))
    assert forged.status_code == 401
    answer = running.http.post("/v1/events/sendgrid", content=body, headers=dict(headers))
    assert (answer.status_code, answer.json()) == (200, {"taken": 1})
    delivery = {ref: each["delivery"] for ref, each in site.people(job).items()}
    assert delivery == {"u0": None, "u1": "bounced", "u2": None}
