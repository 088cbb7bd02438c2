"""What an answer's body holds: the JSON Schemas that /openapi.json shows and the tests hold every answer to."""

from api.schemas import MAX_PEOPLE_A_CALL, Schema, array, closed, ref
from api.shapes import (
    ANY_OBJECT,
    ASSET,
    CERTIFICATE,
    CHECK,
    COUNT,
    LETTER,
    MAILBOX,
    MAILBOX_OR_NULL,
    MOVED,
    NEXT,
    NUMBER_OR_NULL,
    ONCE,
    REMAINING,
    SETTINGS,
    SITE,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    TIME_OR_NULL,
    TOKEN,
    YES_OR_NO,
    whole,
)
from callback import EventType
from core.limits import KINDS as KEPT
from core.states import (
    AttachmentState,
    CallbackState,
    CertificateState,
    DeliveryState,
    JobState,
    RecipientState,
)
from privacy.actions import KINDS
from store.suppressions import Reason

ANSWERS: dict[str, Schema] = {
    "Job": whole(
        {
            "id": TEXT,
            "company": TEXT_OR_NULL,
            "kind": {"enum": ["email", "certificate"]},
            "name": TEXT,
            "category": TEXT_OR_NULL | {"description": "Of mail, that a person can unsubscribe from"},
            "state": {"enum": list(JobState)},
            "reason": TEXT_OR_NULL | {"description": "Why it is paused or cancelled, as a code"},
            "detail": TEXT_OR_NULL,
            "send_at": TIME_OR_NULL,
            "created_at": TIME,
            "started_at": TIME_OR_NULL,
            "resume_at": TIME_OR_NULL | {"description": "When a pause ends by itself"},
            "ended_at": TIME_OR_NULL,
            "counts": whole({"total": COUNT} | {state.value: COUNT for state in RecipientState}),
            "rate": {"type": "number", "description": "The limit, in mails a second"},
            "eta_seconds": {"type": ["integer", "null"], "description": "What is left, at the limit and the quota"},
            "measured_rate": NUMBER_OR_NULL | {"description": "People done a second, since the start"},
        }
    ),
    "Jobs": whole({"jobs": array(ref("Job")), "next": NEXT}),
    "Recipient": whole(
        {
            "ref": TEXT,
            "email": TEXT,
            "name": TEXT,
            "state": {"enum": list(RecipientState)},
            "reason": TEXT_OR_NULL,
            "detail": TEXT_OR_NULL,
            "attempts": COUNT,
            "message_id": TEXT_OR_NULL | {"description": "The provider's"},
            "delivery": {"enum": [*DeliveryState, None]},
            "attachment": {
                "enum": [*AttachmentState, None],
                "description": "Of the certificate: null where none was to be attached, or no mail has left yet",
            },
            "updated_at": TIME,
        }
    ),
    "Recipients": whole({"recipients": array(ref("Recipient")), "next": NEXT}),
    "Reasons": whole(
        {"reasons": array(whole({"state": {"enum": ["failed", "uncertain"]}, "reason": TEXT_OR_NULL, "count": COUNT}))}
    ),
    "PeopleOrList": {"anyOf": [ref("People"), ref("PersonList")], "description": f"{MAX_PEOPLE_A_CALL:,} at most"},
    "Appended": whole({"added": COUNT, "duplicates": COUNT, "total": COUNT}),
    "Retried": whole({"count": COUNT, "dry_run": YES_OR_NO, "job": ref("Job")}),
    "HandedBack": whole(
        {
            "job": ref("Job"),
            "handed_back": COUNT,
            "sending": COUNT | {"description": "Still in flight: they end as sent, failed or uncertain"},
            "recipients": array(whole({"ref": TEXT, "email": TEXT, "name": TEXT})),
            "next": TEXT_OR_NULL | {"description": "The address of the next page; null after the last"},
        }
    ),
    "Preview": whole(
        {
            "subject": TEXT,
            "html": TEXT,
            "text": TEXT,
            "from": MAILBOX,
            "to": MAILBOX,
            "reply_to": MAILBOX_OR_NULL,
            "headers": {"type": "object", "additionalProperties": TEXT},
        }
    ),
    "Event": whole({"id": TEXT, "type": TEXT, "timestamp": TIME, "data": ANY_OBJECT}),
    "Events": whole(
        {
            "events": array(ref("Event")),
            "next": TEXT_OR_NULL | {"description": "The `after` of the next call; null while there was no event ever"},
        }
    ),
    "Callback": whole(
        {
            "id": TEXT | {"description": "The webhook-id, the same over every attempt and replay"},
            "type": {"enum": list(EventType)},
            "job": TEXT,
            "company": TEXT_OR_NULL,
            "sequence": COUNT | {"description": "Grows within the job"},
            "state": {"enum": list(CallbackState)},
            "attempts": COUNT,
            "status": {"type": ["integer", "null"], "description": "HTTP status of the last attempt"},
            "error": TEXT_OR_NULL | {"description": "Why the last attempt did not count"},
            "due_at": TIME_OR_NULL | {"description": "Of the next attempt"},
            "delivered_at": TIME_OR_NULL,
            "created_at": TIME,
        }
    ),
    "Callbacks": whole({"callbacks": array(ref("Callback")), "next": NEXT}),
    "Replayed": whole({"count": COUNT, "dry_run": YES_OR_NO, "remaining": REMAINING}),
    "DeadLetter": whole(LETTER),
    "DeadLetters": whole({"dead_letters": array(ref("DeadLetter")), "next": NEXT}),
    "DeadLetterShown": whole(
        {
            **LETTER,
            "message": {"description": "As it came"},
            "failed": COUNT | {"description": "People of the batch whom a redrive sends to"},
            "uncertain": COUNT | {"description": "People who were in flight: a redrive leaves them alone"},
        }
    ),
    "Redriven": whole({"count": COUNT, "people": COUNT, **MOVED}),
    "Discarded": whole({"count": COUNT, **MOVED}),
    "Suppression": whole(
        {
            "email": TEXT,
            "company": TEXT_OR_NULL | {"description": "null: the whole site"},
            "category": TEXT_OR_NULL | {"description": "null: all mail"},
            "reason": {"enum": list(Reason)},
            "detail": TEXT_OR_NULL,
            "created_at": TIME_OR_NULL | {"description": "null where a company sees a row of the whole site"},
        }
    ),
    "Suppressions": whole({"suppressions": array(ref("Suppression")), "next": NEXT}),
    "SuppressionOrList": {"anyOf": [ref("NewSuppression"), ref("NewSuppressions"), ref("SuppressionList")]},
    "SuppressionTable": {"type": "string", "description": "A line of names first: email, and any of the other fields"},
    "UnsubscribeForm": {
        "type": "object",
        "properties": {"List-Unsubscribe": {"enum": ["One-Click"]}, "choice": {"enum": ["category", "all", "undo"]}},
    },
    "Suppressed": whole(
        {"added": COUNT, "unchanged": COUNT | {"description": "Suppressed already, for a reason that is as strong"}}
    ),
    "Released": whole({"released": array(ref("Suppression"))}),
    "Me": whole(
        {
            "version": TEXT | {"description": "Of the service, as in /openapi.json"},
            "role": {"enum": ["site", "company", "read_only"]},
            "site": whole({"id": TEXT, "name": TEXT}),
            "company": TEXT_OR_NULL,
            "provider": whole({"name": TEXT, **CHECK}),
            "checks": whole({name: whole(CHECK) for name in ("database", "files", "queue", "callback")}),
            "limits": whole({kind: whole({"used": COUNT, "allowed": COUNT}) for kind in KEPT})
            | {"description": "What the site keeps, or the company whose token it is, and what it may"},
        }
    ),
    "Site": whole(SITE),
    "Sites": whole({"sites": array(ref("Site")), "next": NEXT}),
    "NewSiteAnswer": whole({**SITE, "token": ONCE, "callback_secret": ONCE}),
    "RotatedSecret": whole({**SITE, "callback_secret": ONCE}),
    "Token": whole(TOKEN),
    "Tokens": whole({"tokens": array(ref("Token"))}),
    "NewTokenAnswer": whole({**TOKEN, "token": ONCE}),
    "Certificate": whole(CERTIFICATE),
    "Certificates": whole({"certificates": array(ref("Certificate")), "next": NEXT}),
    "Link": whole({"url": TEXT, "expires_at": TIME}),
    "AssetFile": TEXT | {"description": "SVG, PNG, JPEG, TrueType or OpenType; what it is follows from its content"},
    "Asset": whole(ASSET),
    "NewAssetAnswer": whole({**ASSET, "removed": array(TEXT) | {"description": "What of an SVG was not kept"}}),
    "Assets": whole({"assets": array(ref("Asset")), "next": NEXT}),
    "CertificatePreview": whole(
        {
            "pdf": TEXT | {"contentEncoding": "base64", "contentMediaType": "application/pdf"},
            "mail": {"anyOf": [ref("Preview"), {"type": "null"}]},
        }
    ),
    "AnyPreview": {"anyOf": [ref("Preview"), ref("CertificatePreview")]},
    "EventsTaken": whole({"taken": COUNT | {"description": "Of mails that this service sent"}}),
    "AuditEntries": whole(
        {
            "entries": array(ref("AuditEntry")),
            "next": NEXT | {"description": "The cursor of the next page, which a page may have that is empty"},
        }
    ),
    "AuditEntry": whole(
        {
            "at": TIME,
            "site": TEXT_OR_NULL,
            "company": TEXT_OR_NULL,
            "actor": TEXT | {"description": "operator, a token's id, system, or recipient: the person of a mail"},
            "role": {"enum": ["operator", "site", "company", "read_only", "public", "system", None]},
            "action": TEXT,
            "target": TEXT | {"description": "The id of what was changed"},
            "address": TEXT_OR_NULL | {"description": "Where the request came from; the operator's only for them"},
            "before": SETTINGS | {"description": "The settings before the change"},
            "after": SETTINGS | {"description": "What was set"},
            "detail": SETTINGS,
        }
    ),
    "Company": whole(
        {
            "company": TEXT,
            "from": MAILBOX_OR_NULL,
            "reply_to": MAILBOX_OR_NULL,
            "logo": TEXT_OR_NULL,
            "colour": TEXT_OR_NULL,
            "send_rate": NUMBER_OR_NULL,
        }
    ),
    "Companies": whole({"companies": array(ref("Company")), "next": NEXT}),
    "PersonExport": whole(
        {
            "recipients": array(
                whole(
                    {
                        "job": TEXT,
                        "job_name": TEXT,
                        "company": TEXT_OR_NULL,
                        "ref": TEXT,
                        "email": TEXT,
                        "name": TEXT,
                        "variables": ANY_OBJECT,
                        "state": {"enum": list(RecipientState)},
                        "reason": TEXT_OR_NULL,
                        "detail": TEXT_OR_NULL,
                        "attempts": COUNT,
                        "message_id": TEXT_OR_NULL,
                        "delivery": {"enum": [*DeliveryState, None]},
                        "delivery_at": TIME_OR_NULL,
                        "updated_at": TIME,
                    }
                )
            ),
            "events": array(
                whole(
                    {
                        "job": TEXT,
                        "id": TEXT,
                        "type": {"enum": list(EventType)},
                        "sequence": COUNT,
                        "state": {"enum": list(CallbackState)},
                        "about": array(ANY_OBJECT, description="What it tells of this person"),
                        "created_at": TIME,
                    }
                )
            ),
            "certificates": array(
                whole(
                    {
                        "job": TEXT,
                        "code": TEXT,
                        "company": TEXT_OR_NULL,
                        "ref": TEXT,
                        "award": TEXT,
                        "version": COUNT,
                        "state": {"enum": list(CertificateState)},
                        "reason": TEXT_OR_NULL,
                        "sha256": TEXT,
                        "title": TEXT,
                        "issuer": TEXT,
                        "holder": TEXT,
                        "changes": ANY_OBJECT | {"description": "What a reissue corrected"},
                        "issued_at": TIME,
                        "expires_at": TIME_OR_NULL,
                        "ended_at": TIME_OR_NULL,
                        "verify_url": TEXT_OR_NULL,
                        "url": TEXT_OR_NULL
                        | {"description": "Of the PDF, for seven days; null where none is given away"},
                    }
                )
            ),
            "suppressions": array(ref("Suppression")),
            "soft_bounces": array(whole({"email": TEXT, "bounces": COUNT, "last_at": TIME})),
            "releases": array(whole({"email": TEXT, "company": TEXT_OR_NULL, "note": TEXT, "at": TIME}))
            | {"description": "Why they were mailed again although they had asked not to be"},
            "next": NEXT,
        }
    ),
    "Erased": whole(
        {
            "dry_run": YES_OR_NO,
            "counts": whole(dict.fromkeys(KINDS, COUNT)),
            "next": TEXT_OR_NULL | {"description": "The cursor of the call that goes on; null where all is done"},
        }
    ),
    "Retention": whole(
        {
            "sites": array(
                whole(
                    {
                        "site": TEXT,
                        "keep_people_days": {"type": ["integer", "null"]},
                        "keep_certificate_years": {"type": ["integer", "null"]},
                        "due": whole(
                            {
                                "jobs": COUNT | {"description": "That ended so long ago"},
                                "people": COUNT,
                                "events": COUNT,
                                "drafts": COUNT | {"description": "That nobody started: they are cancelled first"},
                                "certificates": COUNT,
                                "soft_bounces": COUNT,
                            }
                        ),
                    }
                )
            ),
            "next": NEXT,
        }
    ),
    "Health": whole({"status": {"enum": ["ok"]}}),
    "Document": ANY_OBJECT,
    "ProviderEvents": {"description": "As the provider documents it"},
    "Problem": closed(
        {
            "type": TEXT | {"description": "Never changes: urn:offload:problem:…"},
            "title": TEXT,
            "status": {"type": "integer"},
            "detail": TEXT,
            "instance": TEXT | {"description": "Names this request, in the logs as well"},
            "errors": array(
                whole({"field": TEXT | {"description": "A JSON pointer, parameter or setting"}, "detail": TEXT})
            ),
        },
        ("type", "title", "status", "detail", "instance"),
    ),
}
