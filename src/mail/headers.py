"""Extra headers a job may set.

The promise: only what is on the list is taken, and can be handed to any provider as it is. It ends no header and starts
no other, replaces nothing that the product or the provider sets, and tells no provider what to do.
"""

import re
from collections.abc import Mapping

from core.errors import TemplateRefused

REFERENCE = "X-Entity-Ref-ID"
JOB = "X-Offload-Job"
UNSUBSCRIBE, UNSUBSCRIBE_POST = "List-Unsubscribe", "List-Unsubscribe-Post"  # RFC 8058

# Amazon SES takes the least: 15 headers, of which two are ours, names of 126 and values of 870 characters.
_MAX_HEADERS, _MAX_NAME, _MAX_VALUE = 13, 126, 870

_NAME = re.compile("[A-Za-z0-9][A-Za-z0-9-]*")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# What says something to mail programs and to nobody on the way, and every provider takes: Cloudflare's list is the
# shortest (developers.cloudflare.com/email-service/reference/headers, read 2026-11).
NAMED = (
    *("Archived-At", "Auto-Submitted", "Comments", "Expires", "Importance", "In-Reply-To", "Keywords"),
    *("List-Archive", "List-Help", "List-Id", "List-Owner", "List-Post", "List-Subscribe", UNSUBSCRIBE),
    *(UNSUBSCRIBE_POST, "Organization", "Precedence", "Priority", "References", "Reply-By", "Sensitivity"),
)
# The first word after `X-` of names by which providers are steered (ours, and others behind whom a server of theirs may
# stand), and of those in which servers and filters write down what they found.
STEERING = (
    *("amazon", "amz", "amzn", "aws", "ses"),  # Amazon SES
    *("cf", "cloudflare"),
    *("mailgun", "mg", "my"),  # X-My-Variables
    *("resend", "svix"),
    *("sendgrid", "sg", "smtpapi", "twilio"),  # SendGrid
    *("mandrill", "mc", "mailjet", "mj", "msys", "sparkpost", "pm", "postmark", "sib", "mailin", "brevo", "elastic"),
    *("entity", "offload"),  # ours
    *(
        "arc",
        "auth",
        "authenticated",
        "authentication",
        "authority",
        "dkim",
        "dmarc",
        "spf",
        "virus",
        "spam",
        "barracuda",
    ),
    *("forefront", "microsoft", "ms", "google", "gm", "gmail", "ironport", "proofpoint", "mimecast", "rspamd"),
    *(
        "received",
        "delivered",
        "envelope",
        "original",
        "originating",
        "forwarded",
        "return",
        "bounce",
        "bounces",
        "errors",
    ),
    *("apparently", "bcc", "cc", "from", "to", "rcpt", "sender", "reply", "confirm", "complaints", "csa", "feedback"),
    *("content", "mime", "message", "subject", "date", "resent", "loop", "tls"),
)
_NAMED = frozenset(name.lower() for name in NAMED)
_STEERING = frozenset(STEERING)
_UNSUBSCRIBING = frozenset({UNSUBSCRIBE.lower(), UNSUBSCRIBE_POST.lower()})


def is_allowed(name: str) -> bool:
    """One of `NAMED`, or the institution's own: `X-` and a word that is nobody else's."""
    lower = name.lower()
    own = lower.startswith("x-") and re.split("[^a-z]", lower[2:], maxsplit=1)[0] not in _STEERING
    return lower in _NAMED or own


def check(headers: Mapping[str, str], unsubscribe: bool = False) -> None:
    """`unsubscribe`: the mails get an unsubscribe link of ours. Raises `TemplateRefused`."""
    most = _MAX_HEADERS - len(_UNSUBSCRIBING) if unsubscribe else _MAX_HEADERS
    if len(headers) > most:
        raise TemplateRefused("headers", f"{len(headers)} are given; at most {most} are allowed")
    seen = set()
    for name, value in headers.items():
        field, lower = f"headers.{name[:_MAX_NAME]}", name.lower()
        if not _NAME.fullmatch(name) or len(name) > _MAX_NAME:
            raise TemplateRefused(field, "a header's name is made of letters, digits and hyphens")
        if not is_allowed(name):
            raise TemplateRefused(field, "this header cannot be set by a job; the API's page lists those that can")
        if unsubscribe and lower in _UNSUBSCRIBING:
            raise TemplateRefused(field, "this header is set by the option 'unsubscribe'")
        if lower in seen:
            raise TemplateRefused(field, "is given twice")
        seen.add(lower)
        if not value.strip() or _CONTROL.search(value):
            raise TemplateRefused(field, "a header's value is one line of text, and not empty")
        # as encoded words, other scripts take up to twice their bytes
        if len(value) > _MAX_VALUE or (not value.isascii() and 2 * len(value.encode()) > _MAX_VALUE):
            raise TemplateRefused(field, f"is longer than {_MAX_VALUE} characters")
