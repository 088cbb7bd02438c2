"""The shapes that answers are made of: texts, counts, times, and the things that several answers show."""

from api.schemas import SITE_FIELDS, Schema, array, closed
from core.states import CertificateState, DeadLetterState

TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
YES_OR_NO: Schema = {"type": "boolean"}
TIME: Schema = {"type": "string", "format": "date-time"}
TIME_OR_NULL: Schema = {"type": ["string", "null"], "format": "date-time"}
ANY_OBJECT: Schema = {"type": "object"}
SETTINGS: Schema = {"type": ["object", "null"]}
NEXT: Schema = {"type": ["string", "null"], "description": "The cursor of the next page; null after the last"}
ONCE: Schema = {"type": "string", "description": "Shown only now"}


def whole(properties: Schema) -> Schema:
    """An object that always has all of these, and nothing else."""
    return closed(properties, tuple(properties))


MAILBOX = whole({"email": TEXT, "name": TEXT})
MAILBOX_OR_NULL: Schema = {"anyOf": [MAILBOX, {"type": "null"}]}
CHECK: Schema = {"ok": YES_OR_NO, "detail": TEXT}
SITE: Schema = {
    "id": TEXT,
    "name": TEXT,
    "provider": SITE_FIELDS["provider"],
    "send_rate": NUMBER_OR_NULL,
    "from": MAILBOX_OR_NULL,
    "senders": array(TEXT) | {"description": "Whom it may send as, besides `from`: addresses and domains"},
    "callback_url": TEXT_OR_NULL,
    "callback_success": SITE_FIELDS["callback_success"],
    "daily_quota": {"type": ["integer", "null"], "description": "Mails a day, in UTC"},
    "failure_limit": {"type": "number", "description": "The share of failures that pauses a job"},
    "keep_people_days": {"type": ["integer", "null"], "description": "After the job has ended; null: until erased"},
    "keep_certificate_years": {"type": ["integer", "null"], "description": "Since it was issued; null: for ever"},
    "callback_off_at": TIME_OR_NULL,
    "disabled_at": TIME_OR_NULL,
    "created_at": TIME,
}
TOKEN: Schema = {
    "id": TEXT,
    "name": TEXT,
    "company": TEXT_OR_NULL,
    "read_only": YES_OR_NO,
    "expires_at": TIME_OR_NULL,
    "created_at": TIME,
}
REMAINING: Schema = COUNT | {"description": "More that this could be done with, for another call"}
LETTER: Schema = {
    "id": TEXT,
    "queue": TEXT,
    "site": TEXT_OR_NULL,
    "company": TEXT_OR_NULL,
    "job": TEXT_OR_NULL,
    "batch": {"type": ["integer", "null"]},
    "reason": TEXT,
    "state": {"enum": list(DeadLetterState)},
    "redeliveries": {"type": ["integer", "null"], "description": "Consumers that died over the batch, in a row"},
    "throttles": {"type": ["integer", "null"], "description": "Throttles of the batch, in a row"},
    "refusal": TEXT_OR_NULL | {"description": "Why it cannot be redriven, as a code; null where it can"},
    "created_at": TIME,
    "ended_at": TIME_OR_NULL,
}
ASSET: Schema = {
    "name": TEXT | {"description": "What a design calls it: the SHA-256 of its content"},
    "company": TEXT_OR_NULL | {"description": "null: of the whole site"},
    "type": TEXT,
    "bytes": COUNT,
    "created_at": TIME,
}
CERTIFICATE: Schema = {
    "code": TEXT | {"description": "What the verification page knows it by"},
    "printed_code": TEXT | {"description": "As the paper has it: the same in groups, or the code that Moodle gave"},
    "verify_url": TEXT,
    "job": TEXT,
    "company": TEXT_OR_NULL,
    "ref": TEXT,
    "award": TEXT,
    "version": COUNT | {"description": "Of this award to this person; a reissue makes the next"},
    "state": {"enum": list(CertificateState)},
    "reason": TEXT_OR_NULL | {"description": "Why it was revoked"},
    "title": TEXT,
    "issuer": TEXT,
    "holder": TEXT | {"description": "As the verification page shows it; empty where it is hidden"},
    "sha256": TEXT | {"description": "Of the PDF"},
    "issued_at": TIME,
    "expires_at": TIME_OR_NULL,
    "ended_at": TIME_OR_NULL | {"description": "When it was revoked or replaced"},
}
MOVED: Schema = {
    "dry_run": YES_OR_NO,
    "refused": array(whole({"id": TEXT, "reason": TEXT, "detail": TEXT})),
    "remaining": REMAINING,
}
