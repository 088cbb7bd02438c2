"""Amazon SES on this machine: moto's server with its signature check switched on."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3  # type: ignore[import-untyped]
import httpx
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.access_control import IAMRequestBase
from moto.server import ThreadedMotoServer
from moto.ses.models import ses_backends
from moto.sesv2 import urls
from moto.sesv2.responses import SESV2Response

REGION = "eu-central-1"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["ses:SendEmail", "ses:GetAccount"], "Resource": "*"}],
}
_CREATE_AWS_REQUEST = IAMRequestBase._create_aws_request


@dataclass(frozen=True)
class SesServer:
    url: str
    access_key: str
    secret_key: str

    @property
    def sent(self) -> list[Any]:
        """moto's messages, each with `id`, `source`, `destinations`, `subject` and `body`."""
        return list(ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages)

    def settings(self) -> dict[str, str]:
        return {
            "SES_ENDPOINT": self.url,
            "SES_REGION": REGION,
            "SES_ACCESS_KEY_ID": self.access_key,
            "SES_SECRET_ACCESS_KEY": self.secret_key,
        }


@contextmanager
def ses_server(domain: str) -> Iterator[SesServer]:
    """SES where `domain` is verified and one user may send. One at a time: moto keeps its state in the process."""
    _mend_moto()
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    try:
        key = _user_who_may_send(url, domain)
        _control(url, "reset-auth", b"0")  # every request from here on must be signed
        yield SesServer(url, key["AccessKeyId"], key["SecretAccessKey"])
    finally:
        _control(url, "reset-auth", b"inf")
        _control(url, "reset", b"")
        server.stop()


def _user_who_may_send(url: str, domain: str) -> dict[str, str]:
    account = {
        "endpoint_url": url,
        "region_name": REGION,
        "aws_access_key_id": "root",
        "aws_secret_access_key": "root",
    }
    iam = boto3.client("iam", **account)
    iam.create_user(UserName="mailer")
    iam.put_user_policy(UserName="mailer", PolicyName="send", PolicyDocument=json.dumps(POLICY))
    ses = boto3.client("sesv2", **account)
    ses.create_email_identity(EmailIdentity=domain)
    key: dict[str, str] = iam.create_access_key(UserName="mailer")["AccessKey"]
    for client in (iam, ses):
        client.close()
    return key


def _mend_moto() -> None:
    """moto 5.2 has no GetAccount, and takes the query of a request without a body for its body when it checks it."""

    def get_account(_self: SESV2Response) -> str:
        return json.dumps({"SendingEnabled": True, "EnforcementStatus": "HEALTHY", "ProductionAccessEnabled": True})

    def create_aws_request(self: Any) -> Any:
        self._data = b""
        return _CREATE_AWS_REQUEST(self)

    urls.url_paths.setdefault("{0}/v2/email/account$", SESV2Response.dispatch)
    setattr(SESV2Response, "get_account", get_account)  # noqa: B010  mypy knows that it has none
    IAMRequestBase._create_aws_request = create_aws_request  # type: ignore[method-assign]


def _control(url: str, command: str, body: bytes) -> None:
    httpx.post(f"{url}/moto-api/{command}", content=body, trust_env=False).raise_for_status()
