"""What a request's body may hold: the JSON Schemas that bodies are held to and that /openapi.json shows.

The promise: nothing that was sent is ignored in silence; an unknown field is refused, so that a typo is told.
"""

from typing import Any

from core.states import JobKind
from jobs.dead_letters import MOST as MOST_LETTERS
from providers import PROVIDERS
from store.suppressions import Reason

Schema = dict[str, Any]

MAX_PEOPLE_A_CALL = 10_000
MAX_REFS = 1_000
MAX_SENDERS = 1_000
MAX_VARIABLES_BYTES = 16_000
MAX_TEMPLATE_BYTES = 512_000
MAX_DESIGN_BYTES = 800_000  # with two templates of the most bytes still below D1's 2,000,000 a value

ONE_LINE = r"^[^\x00-\x1f\x7f\u0085\u2028\u2029]*$"
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"
SLUG = r"^[a-z0-9_-]*$"
LOCALE = r"^[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8})*$"
HTTP_URL = r"^https?://\S+$"
LOGO = r"^(https?://\S+|[0-9a-f]{64})$"
COLOUR = r"^#[0-9a-fA-F]{6}$"

# What a pattern asks for, in plain words.
WORDS = {
    ONE_LINE: "may not hold line breaks or other control characters",
    TIME: "must be a time such as 2026-11-24T15:00:00Z, with its zone",
    LOCALE: "must be a language such as de or pt-BR",
    SLUG: "may hold a to z, 0 to 9, _ and - only",
    HTTP_URL: "must be an http(s) URL",
    LOGO: "must be an https URL, or the name of an uploaded picture",
    COLOUR: "must be a colour such as #1a2b3c",
}


def text(longest: int, shortest: int = 0, pattern: str = "", **more: Any) -> Schema:
    schema: Schema = {"type": "string", "maxLength": longest}
    if shortest:
        schema["minLength"] = shortest
    if pattern:
        schema["pattern"] = pattern
    return schema | more


def closed(properties: Schema, required: tuple[str, ...] = (), **more: Any) -> Schema:
    """An object that holds nothing but these."""
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        schema["required"] = list(required)
    return schema | more


def nullable(schema: Schema) -> Schema:
    return schema | {"type": [schema["type"], "null"]}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def array(items: Schema, most: int | None = None, **more: Any) -> Schema:
    return {"type": "array", "items": items} | ({} if most is None else {"maxItems": most}) | more


NAME = text(200, pattern=ONE_LINE)
NAME_NEEDED = text(200, 1, ONE_LINE)
COMPANY = text(200, 1, ONE_LINE, description="The company (IOMAD) inside the site")
MAILBOX = closed({"email": text(320, 3, ONE_LINE), "name": NAME}, ("email",))
CATEGORY = text(50, 1, SLUG, description="What kind of mail it is: a person can unsubscribe from one kind only")
UNSUBSCRIBE: Schema = {"type": "boolean", "description": "Every mail gets an unsubscribe link, of its own person"}
HOLDER = ("full", "initials", "hidden")
LINK_DAYS: Schema = {"type": "integer", "exclusiveMinimum": 0, "maximum": 3650}
RATE: Schema = {"type": "number", "exclusiveMinimum": 0, "maximum": 10_000, "description": "Mails a second"}
VARIABLES: Schema = {"type": "object", "description": "What the template's variables stand for"}

MESSAGE = closed(
    {
        "subject": text(998, 1, ONE_LINE),
        "html": text(MAX_TEMPLATE_BYTES, 1, description="A Jinja2 template; 512,000 bytes at most"),
        "text": nullable(text(MAX_TEMPLATE_BYTES)) | {"description": "Derived from the HTML where it is absent"},
        "from": nullable(MAILBOX)
        | {"description": "Whom the caller may send as; the company's own sender, or the site's, where it is absent"},
        "reply_to": nullable(MAILBOX),
        "headers": {"type": "object", "additionalProperties": text(870, pattern=ONE_LINE), "maxProperties": 13},
        "variables": VARIABLES,
    },
    ("subject", "html"),
)
PERSON = closed(
    {
        "ref": text(200, 1, ONE_LINE, description="Moodle's own id of this person, unique within the job"),
        "email": text(320, 1, ONE_LINE),
        "name": NAME,
        "variables": VARIABLES | {"description": "Win over the job's; 16,000 bytes as JSON at most"},
    },
    ("ref", "email"),
)
SITE_FIELDS: Schema = {
    "name": NAME_NEEDED,
    "provider": {"enum": list(PROVIDERS)},
    "send_rate": nullable(RATE),
    "from": nullable(MAILBOX),
    "senders": array(text(320, 1, ONE_LINE), MAX_SENDERS)
    | {"description": "Whom it may send as, besides `from`: addresses, domains, and `*.` before one for all below it"},
    "callback_url": nullable(text(2000, 1, HTTP_URL)),
    "callback_success": {"enum": ["echo", "2xx"]},
    "daily_quota": nullable({"type": "integer", "minimum": 1, "maximum": 100_000_000}),
    "failure_limit": {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    "keep_people_days": nullable({"type": "integer", "minimum": 1, "maximum": 36_500}),
    "keep_certificate_years": nullable({"type": "integer", "minimum": 1, "maximum": 100}),
}
PERSON_CHOSEN: Schema = {
    "ref": text(200, 1, description="Whoever was submitted with this"),
    "email": text(320, 1, description="Whoever was submitted with this address"),
}
SELECTION: Schema = {
    "reason": nullable(text(200, 1)),
    "refs": array(text(200, 1), MAX_REFS) | {"type": ["array", "null"]},
}
SUPPRESSION = closed(
    {
        "email": text(320, 1, ONE_LINE),
        "reason": {"enum": [str(reason) for reason in Reason if reason is not Reason.ERASED]},
        "category": nullable(CATEGORY) | {"description": "Of mail; all where it is absent"},
        "company": nullable(COMPANY) | {"description": "The whole site where it is absent"},
        "detail": nullable(text(500, pattern=ONE_LINE)),
    },
    ("email",),
)

CERTIFICATE = closed(
    {
        "design": {
            "type": ["object", "string"],
            "description": "A document as docs/certificates.md describes it, or the name of a design that comes with "
            "the service",
        },
        "award": text(200, 1, ONE_LINE, description="What is certified: a person gets one certificate for it"),
        "title": text(300, 1, ONE_LINE),
        "issuer": text(300, 1, ONE_LINE),
        "expires_at": nullable(text(40, pattern=TIME)),
        "locale": text(35, 2, LOCALE, description="How dates are written; en where it is absent"),
        "link_days": LINK_DAYS | {"description": "How long the link in the mail is good; 90 where it is absent"},
        "holder": {
            "enum": list(HOLDER),
            "description": "What the verification page shows of the name; full by default",
        },
        "delivery": {
            "enum": ["link", "attachment"],
            "description": "Whether the mail has the PDF with it, besides the link; link by default. Where the "
            "provider does not take it, the mail has the link alone",
        },
    },
    ("design", "award", "title", "issuer"),
)

REQUESTS: dict[str, Schema] = {
    "Message": MESSAGE,
    "Person": PERSON,
    "PersonList": array(ref("Person"), MAX_PEOPLE_A_CALL),
    "NewJob": closed(
        {
            "kind": {"enum": [kind.value for kind in JobKind]},
            "name": NAME,
            "company": nullable(COMPANY),
            "category": nullable(CATEGORY),
            "message": ref("Message"),
            "certificate": ref("NewCertificate") | {"description": "What a job of kind certificate issues"},
            "unsubscribe": UNSUBSCRIBE,
            "send_at": nullable(text(40, pattern=TIME)),
            "rate": nullable(RATE),
            "on_uncertain": {"enum": ["hold", "resend"]},
            "recipients": array(ref("Person"), MAX_PEOPLE_A_CALL),
            "start": {"type": "boolean"},
        },
        ("kind", "message"),
    ),
    "People": closed({"recipients": array(ref("Person"), MAX_PEOPLE_A_CALL)}, ("recipients",)),
    "Retry": closed(
        {
            "filter": closed({"state": {"enum": ["failed", "uncertain"]}, **SELECTION}),
            "dry_run": {"type": "boolean"},
        }
    ),
    "Resolve": closed({"filter": closed(SELECTION), "dry_run": {"type": "boolean"}}),
    "LetterChoice": closed(
        {
            "ids": array(text(200, 1), MOST_LETTERS),
            "job": text(200, 1),
            "dry_run": {"type": "boolean"},
        }
    ),
    "Replay": closed(
        {
            "ids": array(text(200, 1), MAX_REFS),
            "since": text(40, pattern=TIME),
            "state": {"enum": ["dead", "delivered"]},
            "dry_run": {"type": "boolean"},
        }
    ),
    "NewCertificate": CERTIFICATE,
    "PreviewRequest": closed(
        {
            "message": ref("Message"),
            "certificate": ref("NewCertificate"),
            "recipient": ref("Person"),
            "company": nullable(COMPANY),
            "unsubscribe": UNSUBSCRIBE,
        },
        ("recipient",),
    ),
    "Revoke": closed({"reason": text(500, 1, ONE_LINE, description="Shown to everybody who verifies it")}, ("reason",)),
    "Reissue": closed({"name": NAME, "variables": VARIABLES}),
    "NewLink": closed({"days": LINK_DAYS}),
    "NewSuppression": SUPPRESSION,
    "SuppressionList": array(ref("NewSuppression"), MAX_PEOPLE_A_CALL),
    "NewSuppressions": closed({"suppressions": ref("SuppressionList")}, ("suppressions",)),
    "Release": closed(
        {
            "email": text(320, 1, ONE_LINE),
            "category": nullable(CATEGORY) | {"description": "Only this row; null is that of all mail"},
            "company": nullable(COMPANY) | {"description": "Only this row; null is that of the whole site"},
            "force": {"type": "boolean", "description": "Also where the person asked not to be mailed"},
            "note": text(500, 1, ONE_LINE, description="Why, for the audit trail; needed with force"),
        },
        ("email",),
    ),
    "PersonChosen": closed(PERSON_CHOSEN),
    "Erasure": closed({**PERSON_CHOSEN, "dry_run": {"type": "boolean"}}),
    "NewSite": closed(SITE_FIELDS, ("name",)),
    "SiteChanges": closed(SITE_FIELDS, minProperties=1),
    "CompanySettings": closed(
        {
            "from": nullable(MAILBOX) | {"description": "Of jobs that name none; the site's where it is absent"},
            "reply_to": nullable(MAILBOX) | {"description": "Of jobs that name none"},
            "logo": nullable(text(2000, 1, LOGO)) | {"description": "An https URL, or the name of an uploaded picture"},
            "colour": nullable(text(7, 7, COLOUR)),
            "send_rate": nullable(RATE) | {"description": "Mails a second, of all jobs of the company together"},
        }
    ),
    "NewToken": closed(
        {
            "name": NAME_NEEDED,
            "company": nullable(COMPANY),
            "read_only": {"type": "boolean", "description": "It may look, and change nothing"},
        },
        ("name",),
    ),
}
