"""Callbacks are signed as the Standard Webhooks specification has it, held to its reference package."""

import base64
import hmac
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from callbacks import signatures
from core.errors import ConfigurationError
from tests.doubles.clock import SeededRandom

# the test vector that the reference libraries share
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_published_test_vector_is_signed_as_published() -> None:
    assert signatures.headers(ID, TIMESTAMP, BODY, [SECRET]) == {
        "webhook-id": ID,
        "webhook-timestamp": str(TIMESTAMP),
        "webhook-signature": SIGNATURE,
    }


def test_the_reference_package_verifies_what_we_sign() -> None:
    secret = signatures.new_secret(SeededRandom())
    body = '{"name":"Zoë 💌"}'.encode()
    headers = signatures.headers("evt_1_1", int(datetime.now(UTC).timestamp()), body, [secret])
    assert Webhook(secret).verify(body, headers) == {"name": "Zoë 💌"}


def test_every_valid_secret_signs_while_one_is_rotated() -> None:
    old, new = signatures.new_secret(SeededRandom("old")), signatures.new_secret(SeededRandom("new"))
    headers = signatures.headers("evt_1_1", int(datetime.now(UTC).timestamp()), BODY, [new, old])
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (old, new):
        assert Webhook(secret).verify(BODY, headers) == {"test": 2432232314}


def test_a_new_secret_is_32_random_bytes() -> None:
    random = SeededRandom()
    first, second = signatures.new_secret(random), signatures.new_secret(random)
    assert first != second
    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"), validate=True)) == 32


@pytest.mark.parametrize("size", [24, 32, 64])
def test_a_secret_of_the_specifications_sizes_is_read(size: int) -> None:
    key = bytes(range(size))
    assert hmac.compare_digest(signatures.key_of("whsec_" + base64.b64encode(key).decode()), key)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_not base64 at all, nor ever was it",
        "whsec_ünïcödeünïcödeünïcödeünïcöde",
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_!!!!" + base64.b64encode(bytes(32)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        base64.b64encode(bytes(32)).decode(),
    ],
)
def test_a_malformed_secret_is_refused_without_being_repeated(secret: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        signatures.headers(ID, TIMESTAMP, BODY, [secret])
    assert caught.value.setting == "callback_secret"
    assert len(secret) < 7 or secret.removeprefix("whsec_") not in str(caught.value)
