"""A provider that does what a test says, and remembers every mail it accepted."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from core.errors import SendFailure
from mail.message import OutgoingMail

Script = Callable[[OutgoingMail], str | Awaitable[str]]


class Crash(BaseException):
    """The invocation ends here, as when its isolate is killed: nothing in the product may catch it."""


@dataclass
class ScriptedProvider:
    """`script` returns a message id or raises; what it returned is in `accepted`, by address."""

    script: Script = lambda mail: f"id-{mail.key[:8]}"
    key_window: int = 0
    default_rate: float = 1000.0
    attachment_limit: int = 10_000_000
    name: str = "scripted"
    accepted: Counter[str] = field(default_factory=Counter)
    attempts: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    most_in_flight: int = 0

    async def send(self, mail: OutgoingMail) -> str:
        self.attempts[mail.to.email] += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            answer = self.script(mail)
            message_id = answer if isinstance(answer, str) else await answer
        finally:
            self.in_flight -= 1
        self.accepted[mail.to.email] += 1
        return message_id

    async def check(self) -> None:
        """Always in order."""


def failing(error: SendFailure, only: str | None = None, times: int = 10**9) -> Script:
    """A script that raises, for one address or for all, a number of times."""
    left = times

    def script(mail: OutgoingMail) -> str:
        nonlocal left
        if left and (only is None or mail.to.email == only):
            left -= 1
            raise error
        return f"id-{mail.key[:8]}"

    return script
