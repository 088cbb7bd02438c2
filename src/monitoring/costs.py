"""What the platform costs in a month, with its arithmetic.

The promise: every amount is a count times what one of it was measured to use, every line can be checked by hand, and
`make bench` measures the uses anew. What a mail costs at its provider is no part of it.
"""

from dataclasses import dataclass
from typing import NamedTuple

BUDGET = 15.0  # dollars a month, for 50,000 mails and 5,000 certificates a day
GB = 1_000_000_000
MILLION = 1_000_000


class Price(NamedTuple):
    """Dollars for each `per` of what is over `included` in a month."""

    what: str
    unit: str
    included: float
    dollars: float
    per: float


# developers.cloudflare.com/workers/platform/pricing, /d1/platform/pricing, /queues/platform/pricing, /r2/pricing, as of
# October 2026; storage is charged by GB-month
PLAN = Price("Workers Paid", "month", 0, 5.00, 1)
REQUESTS = Price("Workers requests", "requests", 10 * MILLION, 0.30, MILLION)
CPU = Price("Workers CPU", "ms", 30 * MILLION, 0.02, MILLION)
ROWS_READ = Price("D1 rows read", "rows", 25_000 * MILLION, 0.001, MILLION)
ROWS_WRITTEN = Price("D1 rows written", "rows", 50 * MILLION, 1.00, MILLION)
DATABASE = Price("D1 storage", "GB", 5, 0.75, 1)
QUEUE = Price("Queues operations", "operations", MILLION, 0.40, MILLION)
R2_WRITES = Price("R2 class A operations", "operations", MILLION, 4.50, MILLION)
R2_READS = Price("R2 class B operations", "operations", 10 * MILLION, 0.36, MILLION)
FILES = Price("R2 storage", "GB", 10, 0.015, 1)


@dataclass(frozen=True)
class Use:
    """What one of something uses."""

    requests: float = 0
    cpu_ms: float = 0
    rows_read: float = 0
    rows_written: float = 0
    queue_operations: float = 0
    r2_writes: float = 0
    r2_reads: float = 0


class Uses(NamedTuple):
    """`mail`: from being submitted to the record of what became of it; `delivery`: the provider's request that tells
    of one; `certificate`: what it adds to its mail, with being read once; `post`: an attempt to deliver an event to
    Moodle; `minute`: the sweeper."""

    mail: Use
    delivery: Use
    certificate: Use
    post: Use
    minute: Use


# Measured on the local runtime by tests/bench/uses.py, and rounded up: `make bench` fails where they are too low. Its
# CPU is that of a whole process that also does the platform's work, so more than Cloudflare will count.
USES = Uses(
    mail=Use(requests=0.05, cpu_ms=6, rows_read=120, rows_written=5, queue_operations=0.1),
    delivery=Use(requests=1.1, cpu_ms=15, rows_read=30, rows_written=2, queue_operations=0.1),
    certificate=Use(
        requests=1.1, cpu_ms=45, rows_read=60, rows_written=14, queue_operations=0.1, r2_writes=1, r2_reads=1.2
    ),
    post=Use(requests=1, cpu_ms=15, rows_read=100, rows_written=7, queue_operations=3),
    minute=Use(requests=1, cpu_ms=20, rows_read=20, rows_written=1),
)
FILE_BYTES = 25_000  # of a certificate
RECIPIENT_BYTES = 1_100  # of the database, with everything that comes with a person


@dataclass(frozen=True)
class Counts:
    """Of a month; `files` and `database_bytes` are what is kept at its end."""

    mails: int
    certificates: int  # those of the mails that brought one
    posts: int
    files: int
    database_bytes: int
    minutes: int


# What the budget is for: 50,000 mails and 5,000 certificates a day, people kept for 90 days, certificates for a year.
# An event for Moodle comes with each batch of 200 and each group of certificates.
LARGE = Counts(
    mails=50_000 * 30,
    certificates=5_000 * 30,
    posts=30 * (50_000 // 200 + 5_000 // 24 + 100),
    files=5_000 * 365,
    database_bytes=4_500_000 * RECIPIENT_BYTES,
    minutes=30 * 1440,
)


@dataclass(frozen=True)
class Line:
    price: Price
    amount: float

    @property
    def dollars(self) -> float:
        return max(0.0, self.amount - self.price.included) / self.price.per * self.price.dollars

    def __str__(self) -> str:
        what, unit, included, dollars, per = self.price
        each = f"{per:,.0f} {unit}" if per > 1 else unit
        return (
            f"{what}: {_number(self.amount)} {unit}, {_number(included)} included, {dollars:g} dollars a {each}: "
            f"{self.dollars:.2f}"
        )


@dataclass(frozen=True)
class Month:
    lines: tuple[Line, ...]
    budget: float = BUDGET

    @property
    def total(self) -> float:
        return sum(line.dollars for line in self.lines)


def month(counts: Counts, uses: Uses = USES) -> Month:
    """Each line, whatever it comes to. Every mail brings one request that tells of its delivery."""
    used_by = (
        *((uses.mail, counts.mails), (uses.delivery, counts.mails), (uses.certificate, counts.certificates)),
        *((uses.post, counts.posts), (uses.minute, counts.minutes)),
    )

    def used(name: str) -> float:
        return float(sum(getattr(use, name) * count for use, count in used_by))

    return Month(
        (
            Line(PLAN, 1),
            Line(REQUESTS, used("requests")),
            Line(CPU, used("cpu_ms")),
            Line(ROWS_READ, used("rows_read")),
            Line(ROWS_WRITTEN, used("rows_written")),
            Line(DATABASE, counts.database_bytes / GB),
            Line(QUEUE, used("queue_operations")),
            Line(R2_WRITES, used("r2_writes")),
            Line(R2_READS, used("r2_reads")),
            Line(FILES, counts.files * FILE_BYTES / GB),
        )
    )


def _number(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 100 or amount == int(amount) else f"{amount:,.2f}"
