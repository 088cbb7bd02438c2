"""A stand-in for Mailgun: an HTTP server on this machine that takes mails, loses some answers, and tells what became of
mails, signed.

What it does with a mail follows from the address: under `.invalid` (RFC 6761) it is refused; from `silent` on, the mail
is taken and the connection ends without an answer, so that nobody can know.
"""

import email.parser
import email.policy
import hashlib
import hmac
import json
import secrets
import time
from email.utils import parseaddr
from typing import Any

from dev.loopback import Handler, LoopbackServer, StandIn

DOMAIN = "mail.campus.example"
REFUSAL = "to parameter is not a valid address. please check documentation"


class Mailgun(StandIn):
    """`with Mailgun() as mailgun:` serves at `mailgun.url`."""

    def __init__(self) -> None:
        self.key = secrets.token_hex(16)
        self.mails: dict[str, dict[str, str]] = {}  # by address: the fields of the first one that was taken
        super().__init__(_Server(self))

    def settings(self) -> dict[str, str]:
        return {
            "MAILGUN_ENDPOINT": self.url,
            "MAILGUN_DOMAIN": DOMAIN,
            "MAILGUN_API_KEY": self.key,
            "MAILGUN_SIGNING_KEY": self.key,
        }

    def event(self, address: str, **data: Any) -> dict[str, Any]:
        """What Mailgun posts when something became of the mail to an address, such as event="complained"."""
        stamp, token = str(int(time.time())), secrets.token_hex(16)
        signature = hmac.new(self.key.encode(), (stamp + token).encode(), hashlib.sha256).hexdigest()
        variables = {"offload_reference": self.mails[address]["v:offload_reference"]}
        return {
            "signature": {"timestamp": stamp, "token": token, "signature": signature},
            "event-data": {"timestamp": time.time(), "recipient": address, "user-variables": variables, **data},
        }

    def bounce(self, address: str) -> dict[str, Any]:
        status = {"code": 550, "message": "5.1.1 The mailbox you tried to reach does not exist", "bounce-type": "hard"}
        return self.event(address, event="failed", severity="permanent", reason="bounce", **{"delivery-status": status})


class _Server(LoopbackServer):
    def __init__(self, mailgun: Mailgun) -> None:
        self.mailgun = mailgun
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(Handler):
    server: _Server

    def do_POST(self) -> None:
        fields = _form(self.headers["content-type"], self.body())
        address = parseaddr(fields.get("to", ""))[1]
        if "from" not in fields:  # as a check of the key asks
            self._answer(400, {"message": "from parameter is missing"})
        elif address.endswith(".invalid"):
            self._answer(400, {"message": REFUSAL})
        else:
            self.server.mailgun.mails.setdefault(address, fields)
            if address.startswith("silent"):
                self.close_connection = True
            else:
                self._answer(200, {"id": f"<{secrets.token_hex(12)}@{DOMAIN}>", "message": "Queued. Thank you."})

    def _answer(self, status: int, content: dict[str, str]) -> None:
        self.reply(status, json.dumps(content).encode(), {"content-type": "application/json"})


def _form(content_type: str, body: bytes) -> dict[str, str]:
    head = f"content-type: {content_type}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    parts = message.iter_parts()
    return {str(part.get_param("name", header="content-disposition")): part.get_content().strip() for part in parts}
