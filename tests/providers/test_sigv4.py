"""Requests are signed as AWS's published examples and botocore's own signer have it."""

from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials as BotocoreCredentials  # type: ignore[import-untyped]

from providers.sigv4 import Credentials, signed
from runtime.ports import HttpRequest

CREDENTIALS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
NOW = 1_440_938_160_000  # 2015-08-30 12:36:00 UTC


# get-vanilla, post-vanilla, get-vanilla-query-order-key-case and post-x-www-form-urlencoded of AWS's SigV4 test suite
@pytest.mark.parametrize(
    ("request_", "names", "signature"),
    [
        (
            HttpRequest("GET", "https://example.amazonaws.com/"),
            "host;x-amz-date",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            HttpRequest("POST", "https://example.amazonaws.com/"),
            "host;x-amz-date",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            HttpRequest("GET", "https://example.amazonaws.com/?Param2=value2&Param1=value1"),
            "host;x-amz-date",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            HttpRequest(
                "POST",
                "https://example.amazonaws.com/",
                {"Content-Type": "application/x-www-form-urlencoded"},
                b"Param1=value1",
            ),
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
)
def test_aws_s_published_examples(request_: HttpRequest, names: str, signature: str) -> None:
    headers = signed(request_, CREDENTIALS, "us-east-1", "service", NOW).headers
    assert headers["X-Amz-Date"] == "20150830T123600Z"
    assert headers["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={names}, Signature={signature}"
    )


@pytest.mark.parametrize(
    "path", ["", "/", "/v2/email/outbound-emails", "/a%20b/ü~_.-", "/x?b=2&a=%20+&a=1&a-b=3&empty=&bare"]
)
@pytest.mark.parametrize("host", ["email.eu-central-1.amazonaws.com", "127.0.0.1:4566"])
@pytest.mark.parametrize("body", [b"", '{"Subject": "Привет"}'.encode()])
def test_it_signs_as_botocore_does(path: str, host: str, body: bytes) -> None:
    request = HttpRequest("POST", f"https://{host}{path}", {"Content-Type": "application/json", "X-A": " a   b "}, body)
    theirs = AWSRequest(request.method, request.url, dict(request.headers), body)
    SigV4Auth(BotocoreCredentials(*CREDENTIALS), "ses", "eu-central-1").add_auth(theirs)
    stamp = datetime.strptime(theirs.context["timestamp"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    ours = signed(request, CREDENTIALS, "eu-central-1", "ses", round(stamp.timestamp() * 1000))
    assert ours.headers["Authorization"] == theirs.headers["Authorization"]
