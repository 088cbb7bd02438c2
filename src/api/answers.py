"""What an answer's body holds: the JSON Schemas that /openapi.json shows and the tests hold every answer to."""

from api.schemas import MAX_PEOPLE_A_CALL, SITE_FIELDS, Schema, array, closed, ref
from callback import EventType
from privacy import KINDS
from states import (
    AttachmentState,
    CallbackState,
    CertificateState,
    DeadLetterState,
    DeliveryState,
    JobState,
    RecipientState,
)
from store.suppressions import Reason

_TEXT: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
_YES_OR_NO: Schema = {"type": "boolean"}
_TIME: Schema = {"type": "string", "format": "date-time"}
_TIME_OR_NULL: Schema = {"type": ["string", "null"], "format": "date-time"}
_ANY_OBJECT: Schema = {"type": "object"}
_SETTINGS: Schema = {"type": ["object", "null"]}
_NEXT: Schema = {"type": ["string", "null"], "description": "The cursor of the next page; null after the last"}
_ONCE: Schema = {"type": "string", "description": "Shown only now"}


def whole(properties: Schema) -> Schema:
    """An object that always has all of these, and nothing else."""
    return closed(properties, tuple(properties))


_MAILBOX = whole({"email": _TEXT, "name": _TEXT})
_MAILBOX_OR_NULL: Schema = {"anyOf": [_MAILBOX, {"type": "null"}]}
_CHECK: Schema = {"ok": _YES_OR_NO, "detail": _TEXT}
_SITE: Schema = {
    "id": _TEXT,
    "name": _TEXT,
    "provider": SITE_FIELDS["provider"],
    "send_rate": _NUMBER_OR_NULL,
    "from": _MAILBOX_OR_NULL,
    "callback_url": _TEXT_OR_NULL,
    "callback_success": SITE_FIELDS["callback_success"],
    "daily_quota": {"type": ["integer", "null"], "description": "Mails a day, in UTC"},
    "failure_limit": {"type": "number", "description": "The share of failures that pauses a job"},
    "keep_people_days": {"type": ["integer", "null"], "description": "After the job has ended; null: until erased"},
    "keep_certificate_years": {"type": ["integer", "null"], "description": "Since it was issued; null: for ever"},
    "callback_off_at": _TIME_OR_NULL,
    "disabled_at": _TIME_OR_NULL,
    "created_at": _TIME,
}
_TOKEN: Schema = {
    "id": _TEXT,
    "name": _TEXT,
    "company": _TEXT_OR_NULL,
    "read_only": _YES_OR_NO,
    "expires_at": _TIME_OR_NULL,
    "created_at": _TIME,
}
_REMAINING: Schema = _COUNT | {"description": "More that this could be done with, for another call"}
_LETTER: Schema = {
    "id": _TEXT,
    "queue": _TEXT,
    "site": _TEXT_OR_NULL,
    "company": _TEXT_OR_NULL,
    "job": _TEXT_OR_NULL,
    "batch": {"type": ["integer", "null"]},
    "reason": _TEXT,
    "state": {"enum": list(DeadLetterState)},
    "redeliveries": {"type": ["integer", "null"], "description": "Consumers that died over the batch, in a row"},
    "throttles": {"type": ["integer", "null"], "description": "Throttles of the batch, in a row"},
    "refusal": _TEXT_OR_NULL | {"description": "Why it cannot be redriven, as a code; null where it can"},
    "created_at": _TIME,
    "ended_at": _TIME_OR_NULL,
}
_ASSET: Schema = {
    "name": _TEXT | {"description": "What a design calls it: the SHA-256 of its content"},
    "company": _TEXT_OR_NULL | {"description": "null: of the whole site"},
    "type": _TEXT,
    "bytes": _COUNT,
    "created_at": _TIME,
}
_CERTIFICATE: Schema = {
    "code": _TEXT | {"description": "What the verification page knows it by"},
    "printed_code": _TEXT | {"description": "As the paper has it: the same in groups, or the code that Moodle gave"},
    "verify_url": _TEXT,
    "job": _TEXT,
    "company": _TEXT_OR_NULL,
    "ref": _TEXT,
    "award": _TEXT,
    "version": _COUNT | {"description": "Of this award to this person; a reissue makes the next"},
    "state": {"enum": list(CertificateState)},
    "reason": _TEXT_OR_NULL | {"description": "Why it was revoked"},
    "title": _TEXT,
    "issuer": _TEXT,
    "holder": _TEXT | {"description": "As the verification page shows it; empty where it is hidden"},
    "sha256": _TEXT | {"description": "Of the PDF"},
    "issued_at": _TIME,
    "expires_at": _TIME_OR_NULL,
    "ended_at": _TIME_OR_NULL | {"description": "When it was revoked or replaced"},
}
_MOVED: Schema = {
    "dry_run": _YES_OR_NO,
    "refused": array(whole({"id": _TEXT, "reason": _TEXT, "detail": _TEXT})),
    "remaining": _REMAINING,
}

ANSWERS: dict[str, Schema] = {
    "Job": whole(
        {
            "id": _TEXT,
            "company": _TEXT_OR_NULL,
            "kind": {"enum": ["email", "certificate"]},
            "name": _TEXT,
            "category": _TEXT_OR_NULL | {"description": "Of mail, that a person can unsubscribe from"},
            "state": {"enum": list(JobState)},
            "reason": _TEXT_OR_NULL | {"description": "Why it is paused or cancelled, as a code"},
            "detail": _TEXT_OR_NULL,
            "send_at": _TIME_OR_NULL,
            "created_at": _TIME,
            "started_at": _TIME_OR_NULL,
            "resume_at": _TIME_OR_NULL | {"description": "When a pause ends by itself"},
            "ended_at": _TIME_OR_NULL,
            "counts": whole({"total": _COUNT} | {state.value: _COUNT for state in RecipientState}),
            "rate": {"type": "number", "description": "The limit, in mails a second"},
            "eta_seconds": {"type": ["integer", "null"], "description": "What is left, at the limit and the quota"},
            "measured_rate": _NUMBER_OR_NULL | {"description": "People done a second, since the start"},
        }
    ),
    "Jobs": whole({"jobs": array(ref("Job")), "next": _NEXT}),
    "Recipient": whole(
        {
            "ref": _TEXT,
            "email": _TEXT,
            "name": _TEXT,
            "state": {"enum": list(RecipientState)},
            "reason": _TEXT_OR_NULL,
            "detail": _TEXT_OR_NULL,
            "attempts": _COUNT,
            "message_id": _TEXT_OR_NULL | {"description": "The provider's"},
            "delivery": {"enum": [*DeliveryState, None]},
            "attachment": {
                "enum": [*AttachmentState, None],
                "description": "Of the certificate: null where none was to be attached, or no mail has left yet",
            },
            "updated_at": _TIME,
        }
    ),
    "Recipients": whole({"recipients": array(ref("Recipient")), "next": _NEXT}),
    "Reasons": whole(
        {
            "reasons": array(
                whole({"state": {"enum": ["failed", "uncertain"]}, "reason": _TEXT_OR_NULL, "count": _COUNT})
            )
        }
    ),
    "PeopleOrList": {"anyOf": [ref("People"), ref("PersonList")], "description": f"{MAX_PEOPLE_A_CALL:,} at most"},
    "Appended": whole({"added": _COUNT, "duplicates": _COUNT, "total": _COUNT}),
    "Retried": whole({"count": _COUNT, "dry_run": _YES_OR_NO, "job": ref("Job")}),
    "HandedBack": whole(
        {
            "job": ref("Job"),
            "handed_back": _COUNT,
            "sending": _COUNT | {"description": "Still in flight: they end as sent, failed or uncertain"},
            "recipients": array(whole({"ref": _TEXT, "email": _TEXT, "name": _TEXT})),
            "next": _TEXT_OR_NULL | {"description": "The address of the next page; null after the last"},
        }
    ),
    "Preview": whole(
        {
            "subject": _TEXT,
            "html": _TEXT,
            "text": _TEXT,
            "from": _MAILBOX,
            "to": _MAILBOX,
            "reply_to": _MAILBOX_OR_NULL,
            "headers": {"type": "object", "additionalProperties": _TEXT},
        }
    ),
    "Event": whole({"id": _TEXT, "type": _TEXT, "timestamp": _TIME, "data": _ANY_OBJECT}),
    "Events": whole(
        {
            "events": array(ref("Event")),
            "next": _TEXT_OR_NULL | {"description": "The `after` of the next call; null while there was no event ever"},
        }
    ),
    "Callback": whole(
        {
            "id": _TEXT | {"description": "The webhook-id, the same over every attempt and replay"},
            "type": {"enum": list(EventType)},
            "job": _TEXT,
            "company": _TEXT_OR_NULL,
            "sequence": _COUNT | {"description": "Grows within the job"},
            "state": {"enum": list(CallbackState)},
            "attempts": _COUNT,
            "status": {"type": ["integer", "null"], "description": "HTTP status of the last attempt"},
            "error": _TEXT_OR_NULL | {"description": "Why the last attempt did not count"},
            "due_at": _TIME_OR_NULL | {"description": "Of the next attempt"},
            "delivered_at": _TIME_OR_NULL,
            "created_at": _TIME,
        }
    ),
    "Callbacks": whole({"callbacks": array(ref("Callback")), "next": _NEXT}),
    "Replayed": whole({"count": _COUNT, "dry_run": _YES_OR_NO, "remaining": _REMAINING}),
    "DeadLetter": whole(_LETTER),
    "DeadLetters": whole({"dead_letters": array(ref("DeadLetter")), "next": _NEXT}),
    "DeadLetterShown": whole(
        {
            **_LETTER,
            "message": {"description": "As it came"},
            "failed": _COUNT | {"description": "People of the batch whom a redrive sends to"},
            "uncertain": _COUNT | {"description": "People who were in flight: a redrive leaves them alone"},
        }
    ),
    "Redriven": whole({"count": _COUNT, "people": _COUNT, **_MOVED}),
    "Discarded": whole({"count": _COUNT, **_MOVED}),
    "Suppression": whole(
        {
            "email": _TEXT,
            "company": _TEXT_OR_NULL | {"description": "null: the whole site"},
            "category": _TEXT_OR_NULL | {"description": "null: all mail"},
            "reason": {"enum": list(Reason)},
            "detail": _TEXT_OR_NULL,
            "created_at": _TIME_OR_NULL | {"description": "null where a company sees a row of the whole site"},
        }
    ),
    "Suppressions": whole({"suppressions": array(ref("Suppression")), "next": _NEXT}),
    "SuppressionOrList": {"anyOf": [ref("NewSuppression"), ref("NewSuppressions"), ref("SuppressionList")]},
    "SuppressionTable": {"type": "string", "description": "A line of names first: email, and any of the other fields"},
    "UnsubscribeForm": {
        "type": "object",
        "properties": {"List-Unsubscribe": {"enum": ["One-Click"]}, "choice": {"enum": ["category", "all", "undo"]}},
    },
    "Suppressed": whole(
        {"added": _COUNT, "unchanged": _COUNT | {"description": "Suppressed already, for a reason that is as strong"}}
    ),
    "Released": whole({"released": array(ref("Suppression"))}),
    "Me": whole(
        {
            "version": _TEXT | {"description": "Of the service, as in /openapi.json"},
            "role": {"enum": ["site", "company", "read_only"]},
            "site": whole({"id": _TEXT, "name": _TEXT}),
            "company": _TEXT_OR_NULL,
            "provider": whole({"name": _TEXT, **_CHECK}),
            "checks": whole({name: whole(_CHECK) for name in ("database", "files", "queue", "callback")}),
        }
    ),
    "Site": whole(_SITE),
    "Sites": whole({"sites": array(ref("Site")), "next": _NEXT}),
    "NewSiteAnswer": whole({**_SITE, "token": _ONCE, "callback_secret": _ONCE}),
    "RotatedSecret": whole({**_SITE, "callback_secret": _ONCE}),
    "Token": whole(_TOKEN),
    "Tokens": whole({"tokens": array(ref("Token"))}),
    "NewTokenAnswer": whole({**_TOKEN, "token": _ONCE}),
    "Certificate": whole(_CERTIFICATE),
    "Certificates": whole({"certificates": array(ref("Certificate")), "next": _NEXT}),
    "Link": whole({"url": _TEXT, "expires_at": _TIME}),
    "AssetFile": _TEXT | {"description": "SVG, PNG, JPEG, TrueType or OpenType; what it is follows from its content"},
    "Asset": whole(_ASSET),
    "NewAssetAnswer": whole({**_ASSET, "removed": array(_TEXT) | {"description": "What of an SVG was not kept"}}),
    "Assets": whole({"assets": array(ref("Asset")), "next": _NEXT}),
    "CertificatePreview": whole(
        {
            "pdf": _TEXT | {"contentEncoding": "base64", "contentMediaType": "application/pdf"},
            "mail": {"anyOf": [ref("Preview"), {"type": "null"}]},
        }
    ),
    "AnyPreview": {"anyOf": [ref("Preview"), ref("CertificatePreview")]},
    "EventsTaken": whole({"taken": _COUNT | {"description": "Of mails that this service sent"}}),
    "AuditEntries": whole(
        {
            "entries": array(ref("AuditEntry")),
            "next": _NEXT | {"description": "The cursor of the next page, which a page may have that is empty"},
        }
    ),
    "AuditEntry": whole(
        {
            "at": _TIME,
            "site": _TEXT_OR_NULL,
            "company": _TEXT_OR_NULL,
            "actor": _TEXT | {"description": "operator, a token's id, system, or recipient: the person of a mail"},
            "role": {"enum": ["operator", "site", "company", "read_only", "public", "system", None]},
            "action": _TEXT,
            "target": _TEXT | {"description": "The id of what was changed"},
            "address": _TEXT_OR_NULL | {"description": "Where the request came from; the operator's only for them"},
            "before": _SETTINGS | {"description": "The settings before the change"},
            "after": _SETTINGS | {"description": "What was set"},
            "detail": _SETTINGS,
        }
    ),
    "Company": whole(
        {
            "company": _TEXT,
            "from": _MAILBOX_OR_NULL,
            "reply_to": _MAILBOX_OR_NULL,
            "logo": _TEXT_OR_NULL,
            "colour": _TEXT_OR_NULL,
            "send_rate": _NUMBER_OR_NULL,
        }
    ),
    "Companies": whole({"companies": array(ref("Company")), "next": _NEXT}),
    "PersonExport": whole(
        {
            "recipients": array(
                whole(
                    {
                        "job": _TEXT,
                        "job_name": _TEXT,
                        "company": _TEXT_OR_NULL,
                        "ref": _TEXT,
                        "email": _TEXT,
                        "name": _TEXT,
                        "variables": _ANY_OBJECT,
                        "state": {"enum": list(RecipientState)},
                        "reason": _TEXT_OR_NULL,
                        "detail": _TEXT_OR_NULL,
                        "attempts": _COUNT,
                        "message_id": _TEXT_OR_NULL,
                        "delivery": {"enum": [*DeliveryState, None]},
                        "delivery_at": _TIME_OR_NULL,
                        "updated_at": _TIME,
                    }
                )
            ),
            "events": array(
                whole(
                    {
                        "job": _TEXT,
                        "id": _TEXT,
                        "type": {"enum": list(EventType)},
                        "sequence": _COUNT,
                        "state": {"enum": list(CallbackState)},
                        "about": array(_ANY_OBJECT, description="What it tells of this person"),
                        "created_at": _TIME,
                    }
                )
            ),
            "certificates": array(
                whole(
                    {
                        "job": _TEXT,
                        "code": _TEXT,
                        "company": _TEXT_OR_NULL,
                        "ref": _TEXT,
                        "award": _TEXT,
                        "version": _COUNT,
                        "state": {"enum": list(CertificateState)},
                        "reason": _TEXT_OR_NULL,
                        "sha256": _TEXT,
                        "title": _TEXT,
                        "issuer": _TEXT,
                        "holder": _TEXT,
                        "changes": _ANY_OBJECT | {"description": "What a reissue corrected"},
                        "issued_at": _TIME,
                        "expires_at": _TIME_OR_NULL,
                        "ended_at": _TIME_OR_NULL,
                        "verify_url": _TEXT_OR_NULL,
                        "url": _TEXT_OR_NULL
                        | {"description": "Of the PDF, for seven days; null where none is given away"},
                    }
                )
            ),
            "suppressions": array(ref("Suppression")),
            "soft_bounces": array(whole({"email": _TEXT, "bounces": _COUNT, "last_at": _TIME})),
            "next": _NEXT,
        }
    ),
    "Erased": whole(
        {
            "dry_run": _YES_OR_NO,
            "counts": whole(dict.fromkeys(KINDS, _COUNT)),
            "next": _TEXT_OR_NULL | {"description": "The cursor of the call that goes on; null where all is done"},
        }
    ),
    "Retention": whole(
        {
            "sites": array(
                whole(
                    {
                        "site": _TEXT,
                        "keep_people_days": {"type": ["integer", "null"]},
                        "keep_certificate_years": {"type": ["integer", "null"]},
                        "due": whole(
                            {
                                "jobs": _COUNT | {"description": "That ended so long ago"},
                                "people": _COUNT,
                                "events": _COUNT,
                                "drafts": _COUNT | {"description": "That nobody started: they are cancelled first"},
                                "certificates": _COUNT,
                                "soft_bounces": _COUNT,
                            }
                        ),
                    }
                )
            ),
            "next": _NEXT,
        }
    ),
    "Health": whole({"status": {"enum": ["ok"]}}),
    "Document": _ANY_OBJECT,
    "ProviderEvents": {"description": "As the provider documents it"},
    "Problem": closed(
        {
            "type": _TEXT | {"description": "Never changes: urn:offload:problem:…"},
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "instance": _TEXT | {"description": "Names this request, in the logs as well"},
            "errors": array(
                whole({"field": _TEXT | {"description": "A JSON pointer, parameter or setting"}, "detail": _TEXT})
            ),
        },
        ("type", "title", "status", "detail", "instance"),
    ),
}
