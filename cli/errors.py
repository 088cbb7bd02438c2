"""What can go wrong in a command, its exit code carried by its type.

CommandError
├── BadInput      2    the command, a file or the configuration is wrong; nothing was done
├── Refused       3    the service said no (a 4xx problem)
├── Unreachable   4    the service gave no answer, or failed itself
└── Declined      130  a question was answered with no
"""

from collections.abc import Sequence

EXIT_CODES = (
    (0, "all went well"),
    (1, "the job ended, or stands still, with people not mailed; or a check failed"),
    (2, "bad input: the command, a file or the configuration"),
    (3, "refused by the service"),
    (4, "service unreachable, or failing"),
    (130, "interrupted, or a question answered with no"),
)
SUCCESS, INCOMPLETE, INTERRUPTED = 0, 1, 130


class CommandError(Exception):
    """`message` is one sentence; `lines` list what is at fault; `hint` says what to do about it."""

    exit_code = 2

    def __init__(self, message: str, lines: Sequence[str] = (), hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.lines = list(lines)
        self.hint = hint


class BadInput(CommandError):
    exit_code = 2


class Refused(CommandError):
    """`status` is the answer's."""

    exit_code = 3

    def __init__(self, message: str, lines: Sequence[str] = (), hint: str = "", *, status: int = 0) -> None:
        super().__init__(message, lines, hint)
        self.status = status


class Unreachable(CommandError):
    exit_code = 4


class Declined(CommandError):
    exit_code = INTERRUPTED
