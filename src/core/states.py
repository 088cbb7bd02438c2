"""Every state a job, recipient, batch, callback or dead letter can be in, and the only moves between them.

The promise: nothing changes state except along this table. The SQL in `store/` states the same moves as
compare-and-set conditions, the CHECK lists in `migrations/` the same names; tests hold both to this module.
"""

from enum import StrEnum


class JobKind(StrEnum):
    EMAIL = "email"
    CERTIFICATE = "certificate"


class JobState(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class RecipientState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"


class DeliveryState(StrEnum):
    """What became of a sent mail, as the provider's events tell it: a fact apart from what we did."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class AttachmentState(StrEnum):
    """What became of the file that a mail was to have with it: without it, the person has the link in the mail."""

    ATTACHED = "attached"
    TOO_LARGE = "too_large"
    UNSUPPORTED = "unsupported"
    UNAVAILABLE = "unavailable"


class BatchState(StrEnum):
    PENDING = "pending"
    QUEUED = "queued"
    PROCESSING = "processing"
    DONE = "done"
    DEAD = "dead"


class CertificateState(StrEnum):
    """Whether it has expired is no state: that follows from the time."""

    VALID = "valid"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"


class CallbackState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    SUPERSEDED = "superseded"
    DEAD = "dead"


class DeadLetterState(StrEnum):
    OPEN = "open"
    REDRIVEN = "redriven"
    DISCARDED = "discarded"


JOB_MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.DRAFT: frozenset({JobState.SCHEDULED, JobState.QUEUED, JobState.CANCELLED}),
    JobState.SCHEDULED: frozenset({JobState.QUEUED, JobState.CANCELLED}),
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.PAUSED, JobState.COMPLETED, JobState.CANCELLED}),
    JobState.RUNNING: frozenset({JobState.PAUSED, JobState.COMPLETED, JobState.CANCELLED}),
    JobState.PAUSED: frozenset({JobState.QUEUED, JobState.COMPLETED, JobState.CANCELLED}),
    # A retry of failed people opens an ended job again.
    JobState.COMPLETED: frozenset({JobState.QUEUED}),
    JobState.CANCELLED: frozenset(),
}

RECIPIENT_MOVES: dict[RecipientState, frozenset[RecipientState]] = {
    RecipientState.PENDING: frozenset(
        {
            *(RecipientState.SENDING, RecipientState.FAILED, RecipientState.SUPPRESSED, RecipientState.CANCELLED),
            RecipientState.SENT,  # the provider tells that an earlier attempt, which was to be repeated, went out
            RecipientState.UNCERTAIN,  # an earlier attempt may have gone out, and it cannot be repeated any more
        }
    ),
    RecipientState.SENDING: frozenset(
        {RecipientState.SENT, RecipientState.FAILED, RecipientState.UNCERTAIN, RecipientState.PENDING}
    ),
    RecipientState.SENT: frozenset(),
    # Only a person's or a redrive's explicit retry leaves `failed` and `uncertain` for `pending`.
    RecipientState.FAILED: frozenset({RecipientState.PENDING}),
    RecipientState.UNCERTAIN: frozenset({RecipientState.SENT, RecipientState.FAILED, RecipientState.PENDING}),
    RecipientState.SUPPRESSED: frozenset({RecipientState.PENDING}),
    RecipientState.CANCELLED: frozenset(),
}

# The states a recipient ends in: a job is complete when everyone is in one of them.
ENDED = frozenset(RecipientState) - {RecipientState.PENDING, RecipientState.SENDING}
