"""A finished mail, as every provider is handed it."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Address:
    """A mailbox. `email` is ready for the wire (domain in its ASCII form); `name` is Unicode, without CR or LF."""

    email: str
    name: str = ""


@dataclass(frozen=True)
class Attachment:
    """A file that goes with one mail. `name` is of ASCII letters, digits, `-`, `_` and `.`, with the extension that its
    type has: no provider and no system shows such a name otherwise, or refuses it."""

    name: str
    content_type: str
    data: bytes

    def as_base64(self) -> str:
        return b64encode(self.data).decode()


@dataclass(frozen=True)
class OutgoingMail:
    """One mail to one person.

    `key` is the idempotency key: the same for every attempt at this content for this person. `message_id` has its
    angle brackets. `headers` are extra headers, already checked; they include the reference header and never repeat
    what has a field of its own. `reference`, "<job id>-<position>", travels with the mail as the provider's custom
    argument and comes back with its events.
    """

    key: str
    message_id: str
    sender: Address
    to: Address
    subject: str
    html: str
    text: str
    reply_to: Address | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    reference: str = ""
    attachments: tuple[Attachment, ...] = ()

    @property
    def most_bytes(self) -> int:
        """What it comes to at most on the wire, whatever encodings the provider chooses: quoted-printable with its line
        ends for all text, base64 with its own for files."""
        words = (self.subject, self.html, self.text, *self.headers.values())
        text = sum(len(part.encode(errors="replace")) for part in words) * 16 // 5
        return 16_384 + text + sum(1_024 + len(file.data) * 78 // 57 for file in self.attachments)
