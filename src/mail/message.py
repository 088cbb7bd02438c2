"""A finished mail, as every provider is handed it."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Address:
    """A mailbox. `email` is ready for the wire (domain in its ASCII form); `name` is Unicode, without CR or LF."""

    email: str
    name: str = ""


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
