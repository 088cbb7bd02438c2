"""Statements that erase people's data whose time is over, as each site has set it, a part at a time.

The promise: only jobs that have ended, only rows that are due, and never a count with them. Each statement that looks
for what is due finds it by an index that holds nothing else.
"""

from collections.abc import Sequence

from core.scope import Scope
from runtime.ports import Statement
from store import audit
from store.recipients import BLANK, REASON_KEPT
from store.tenancy import parameters

DAY = 86_400_000  # milliseconds
YEAR = 31_557_600_000  # a year of 365.25 days

# the expression of the index `jobs_kept`
_SINCE = "ifnull(j.late_at, iif(j.reason = 'retention', j.created_at, j.ended_at))"
_ENDED = "j.ended_at IS NOT NULL AND j.erased_at IS NULL"
_JOB_DUE = f"{_ENDED} AND {_SINCE} <= ?{{now}} - sites.keep_people_days * {DAY}"
_CERTIFICATE_DUE = f"c.erased_at IS NULL AND c.issued_at <= ?{{now}} - sites.keep_certificate_years * {YEAR}"
_BOUNCE_DUE = f"b.last_at <= ?{{now}} - sites.keep_people_days * {DAY}"


def stale_drafts(now: int, limit: int) -> Statement:
    """Drafts that nobody started in all that time."""
    return Statement(
        f"""SELECT j.id, j.site_id FROM sites CROSS JOIN jobs j ON j.site_id = sites.id
            WHERE sites.keep_people_days IS NOT NULL AND j.state = 'draft'
              AND j.created_at <= ?1 - sites.keep_people_days * {DAY} LIMIT ?2""",
        (now, limit),
    )


def due_jobs(now: int, limit: int) -> Statement:
    return Statement(
        f"""SELECT j.id, j.site_id, j.company, j.total, j.erased_to, j.batch_size
            FROM sites CROSS JOIN jobs j INDEXED BY jobs_kept ON j.site_id = sites.id
            WHERE sites.keep_people_days IS NOT NULL AND {_JOB_DUE.format(now=1)} LIMIT ?2""",
        (now, limit),
    )


def erase_people(job_id: str, first: int, end: int) -> Statement:
    """Of an ended job, from one position up to another."""
    return Statement(
        f"""UPDATE recipients SET ref = 'erased-' || lower(hex(randomblob(8))), {BLANK}, reason = {REASON_KEPT}
            WHERE job_id = ?1 AND position >= ?2 AND position < ?3 AND email <> ''
              AND EXISTS (SELECT 1 FROM jobs j WHERE j.id = ?1 AND {_ENDED})""",
        (job_id, first, end),
    )


def people_erased(job_id: str, first: int, end: int) -> Statement:
    """After `erase_people`; no row comes back where the job was opened again, or another sweep was faster."""
    return Statement(
        f"UPDATE jobs AS j SET erased_to = ?3 WHERE j.id = ?1 AND j.erased_to = ?2 AND {_ENDED} RETURNING id",
        (job_id, first, end),
    )


def delete_events(job_id: str, limit: int) -> Statement:
    """The oldest of an ended job, with what they tell of people."""
    return Statement(
        f"""DELETE FROM callbacks WHERE cursor IN (
              SELECT cursor FROM callbacks
              WHERE job_id = ?1 AND EXISTS (SELECT 1 FROM jobs j WHERE j.id = ?1 AND {_ENDED})
              ORDER BY sequence LIMIT ?2) RETURNING cursor""",
        (job_id, limit),
    )


# people and events of the job ?{job} are erased
_EMPTY = f"""j.id = ?{{job}} AND {_ENDED} AND j.erased_to >= j.total
    AND NOT EXISTS (SELECT 1 FROM callbacks k WHERE k.job_id = ?{{job}})"""


def note_job(entry: audit.Entry) -> Statement:
    """Before `finish_job`: the audit trail's row of the job `target`."""
    return audit.insert_if(entry, f"EXISTS (SELECT 1 FROM jobs j WHERE {_EMPTY.format(job=10)})", entry.target)


def delete_content(job_id: str) -> Statement:
    """What the job said; before `finish_job`."""
    return Statement(
        f"""DELETE FROM job_contents
            WHERE job_id = ?1 AND EXISTS (SELECT 1 FROM jobs j WHERE {_EMPTY.format(job=1)})""",
        (job_id,),
    )


def finish_job(job_id: str, now: int) -> Statement:
    return Statement(
        f"UPDATE jobs AS j SET erased_at = ?2 WHERE {_EMPTY.format(job=1)} RETURNING id",
        (job_id, now),
    )


def due_certificates(now: int, limit: int) -> Statement:
    """Of one site at a time where there are several, by the order of its index."""
    return Statement(
        f"""SELECT c.code, c.file, c.site_id
            FROM sites CROSS JOIN certificates c INDEXED BY certificates_newest ON c.site_id = sites.id
            WHERE sites.keep_certificate_years IS NOT NULL AND {_CERTIFICATE_DUE.format(now=1)} LIMIT ?2""",
        (now, limit),
    )


def delete_soft_bounces(now: int, limit: int) -> Statement:
    """Counts that nothing was added to for all that time."""
    return Statement(
        f"""DELETE FROM soft_bounces WHERE (site_id, email) IN (
              SELECT b.site_id, b.email
              FROM sites CROSS JOIN soft_bounces b INDEXED BY soft_bounces_last ON b.site_id = sites.id
              WHERE sites.keep_people_days IS NOT NULL AND {_BOUNCE_DUE.format(now=1)} LIMIT ?2) RETURNING email""",
        (now, limit),
    )


def standing(
    scope: Scope | None, after: tuple[int, str], now: int, limit: int, kept: Sequence[int | None] | None = None
) -> Statement:
    """What each site keeps for how long, and how much of it is due; oldest sites first, after this one. Of a company,
    what is its own: soft bounces are counted for the whole site. `kept`: as if people were kept for these days, and
    certificates for these years."""
    sites = "sites"
    if kept is not None:
        sites = "(SELECT id, created_at, ?7 AS keep_people_days, ?8 AS keep_certificate_years FROM sites) AS sites"
    jobs = f"""FROM jobs j INDEXED BY jobs_kept
        WHERE j.site_id = sites.id AND (?2 IS NULL OR j.company = ?2) AND {_JOB_DUE.format(now=5)}"""
    # events are numbered, and deleted from the first on
    left = "ifnull(j.sequence - (SELECT min(k.sequence) FROM callbacks k WHERE k.job_id = j.id) + 1, 0)"
    return Statement(
        f"""SELECT sites.id, sites.created_at, sites.keep_people_days, sites.keep_certificate_years,
              (SELECT count(*) {jobs}) AS jobs,
              (SELECT ifnull(sum(max(0, j.total - j.erased_to)), 0) {jobs}) AS people,
              (SELECT ifnull(sum({left}), 0) {jobs}) AS events,
              (SELECT count(*) FROM jobs j WHERE j.site_id = sites.id AND (?2 IS NULL OR j.company = ?2)
                 AND j.state = 'draft' AND j.created_at <= ?5 - sites.keep_people_days * {DAY}) AS drafts,
              (SELECT count(*) FROM certificates c INDEXED BY certificates_newest
                 WHERE c.site_id = sites.id AND (?2 IS NULL OR c.company = ?2)
                   AND {_CERTIFICATE_DUE.format(now=5)}) AS certificates,
              (SELECT count(*) FROM soft_bounces b INDEXED BY soft_bounces_last
                 WHERE b.site_id = sites.id AND ?2 IS NULL AND {_BOUNCE_DUE.format(now=5)}) AS soft_bounces
            FROM {sites} WHERE (?1 IS NULL OR sites.id = ?1) AND (sites.created_at, sites.id) > (?3, ?4)
            ORDER BY sites.created_at, sites.id LIMIT ?6""",
        (*parameters(scope), *after, now, limit, *(kept or ())),
    )
