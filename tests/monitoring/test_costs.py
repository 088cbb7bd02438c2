"""The month's cost is what the arithmetic by hand says, and within the budget."""

from monitoring import costs
from monitoring.costs import Counts, Line, Price

NOTHING = Counts(mails=0, certificates=0, posts=0, files=0, database_bytes=0, minutes=0)


def test_what_is_included_costs_nothing_and_the_rest_its_share() -> None:
    price = Price("Rows", "rows", 1_000_000, 0.50, 1_000_000)
    assert Line(price, 999_999).dollars == 0
    assert Line(price, 3_000_000).dollars == 1
    assert str(Line(price, 3_000_000)) == "Rows: 3,000,000 rows, 1,000,000 included, 0.5 dollars a 1,000,000 rows: 1.00"
    assert str(Line(costs.FILES, 15.5)) == "R2 storage: 15.50 GB, 10 included, 0.015 dollars a GB: 0.08"


def test_a_month_of_nothing_costs_the_plan() -> None:
    month = costs.month(NOTHING)
    assert month.total == 5
    assert str(month.lines[0]) == "Workers Paid: 1 month, 0 included, 5 dollars a month: 5.00"


def test_every_amount_is_the_counts_times_their_uses() -> None:
    month = costs.month(
        Counts(mails=1000, certificates=100, posts=10, files=40_000, database_bytes=2 * 10**9, minutes=1)
    )
    amounts = {line.price: line.amount for line in month.lines}
    uses = costs.USES

    def used(name: str) -> float:
        mails = 1000 * (getattr(uses.mail, name) + getattr(uses.delivery, name))
        more = 100 * getattr(uses.certificate, name) + 10 * getattr(uses.post, name) + getattr(uses.minute, name)
        return float(mails + more)

    assert amounts[costs.ROWS_WRITTEN] == used("rows_written") > 7000
    assert amounts[costs.CPU] == used("cpu_ms")
    assert amounts[costs.QUEUE] == used("queue_operations")
    assert amounts[costs.R2_WRITES] == 100
    assert amounts[costs.DATABASE] == 2
    assert amounts[costs.FILES] == 40_000 * costs.FILE_BYTES / 1e9


def test_fifty_thousand_mails_and_five_thousand_certificates_a_day_are_within_the_budget() -> None:
    month = costs.month(costs.LARGE)
    assert costs.LARGE.mails == 50_000 * 30
    assert costs.LARGE.certificates == 5_000 * 30
    assert month.total < month.budget == 15
