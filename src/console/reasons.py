"""Why a job stands still and why somebody was not mailed, in words for whoever has to put it right.

The promise: every reason that a job or a person of it can have is told in a sentence, and a job's with what to do.
"""

STATES = {
    "draft": "People can still be added. Nobody is mailed until it is started.",
    "scheduled": "It is started, and waits for its time.",
    "queued": "Its people are on their way to be mailed.",
    "running": "Its people are being mailed.",
    "paused": "Nobody new is mailed. Who was being sent to when it was paused ends as usual.",
    "completed": "Everybody has ended.",
    "cancelled": "Whoever was still waiting is not mailed.",
}

# what it means, and what to do
JOBS = {
    "requested": ("Somebody paused it.", "Resume it when it may go on."),
    "credentials_rejected": (
        "The mail provider refuses our key, domain or sender, or a setting is missing.",
        "Put it right there, see under Health that the connection works, then resume the job.",
    ),
    "quota_exhausted": (
        "The day's quota of the site or of the mail provider is used up.",
        "Wait, or raise the quota and resume it.",
    ),
    "outage": (
        "The mail provider, or the file store where certificates are kept, does not do its work.",
        "Wait: it is tried again, after longer and longer pauses of an hour at most.",
    ),
    "too_many_failures": (
        "More people failed than the site's limit allows.",
        "Look at what went wrong below and put it right, then resume. What failed so far is forgiven, and can be "
        "tried again.",
    ),
    "hard_bounces": (
        "Too many of its addresses do not exist: more than 2 % of its mails bounced for good.",
        "Check where the addresses come from before you resume: providers stop senders at 5 to 10 %.",
    ),
    "site_disabled": ("The operator disabled the site.", "Have the site enabled, then resume."),
    "cancelled": ("Somebody cancelled it.", ""),
    "handed_back": ("Moodle took back whoever was still waiting.", "Moodle has to mail them itself."),
    "retention": ("It was never started, and the time for which its people are kept is over.", ""),
}

PEOPLE = {
    # ours
    "invalid_address": "the address or the name cannot be put on a mail",
    "missing_variable": "the template needs a value that was not given for them",
    "missing_glyph": "no font has a character of their certificate",
    "certificate_revoked": "this award was taken back from them",
    "files_unavailable": "the file store did not answer",
    "database_unavailable": "their certificate could not be recorded",
    "rendering_failed": "the template or the certificate failed with their values",
    "dead_letter": "their batch was given up",
    "interrupted": "the attempt was cut off, and a mail may have left",
    "internal_error": "an error of ours over this mail alone",
    "cancelled": "the job was cancelled before their turn",
    "handed_back": "Moodle mails them itself",
    "dropped": "the provider took the mail and did not try to deliver it",
    "soft_bounce": "this mail did not arrive; another may",
    "hard_bounce": "the address does not work",
    "soft_bounces": "three mails in a row did not arrive",
    "complaint": "they said that it is spam",
    "unsubscribe": "they unsubscribed",
    "manual": "somebody put the address on the list",
    "resolved": "somebody said that the mail was sent",
    "erased": "their data was erased",
    "retention": "the time for which their data is kept is over",
    "certificate_erased": "their certificate was erased with their data",
    # the mail providers'
    "account_suspended": "the provider suspended the account",
    "attempt_under_way": "an earlier attempt is not done yet at the provider",
    "authentication_unavailable": "the provider's sign-in did not answer",
    "bad_request": "the provider says that the mail is not valid",
    "bad_token_type": "the key is of the wrong kind",
    "conflict": "the provider says that it conflicts with another request",
    "connection_failed": "no connection to the provider came about",
    "daily_quota_exceeded": "the provider's quota of the day is used up",
    "data_residency": "the key belongs to another region",
    "domain_not_allowed": "the domain may not send there yet",
    "forbidden": "the key may not send",
    "header_injection": "a line break where none can be",
    "idempotency_conflict": "the provider knows another mail by the same key",
    "invalid_mail": "the provider says that the mail is not valid",
    "invalid_recipient": "the provider says that the address is not valid",
    "invalid_request": "the provider says that the request is not valid",
    "mailbox_unavailable": "the address bounced for good",
    "message_rejected": "the provider refused the content",
    "method_not_allowed": "the provider's address in the settings is wrong",
    "missing_scope": "the key may not send mail",
    "monthly_quota_exceeded": "the provider's quota of the month is used up",
    "not_configured": "a setting is missing",
    "not_entitled": "the account may not send mail",
    "not_found": "the provider knows no such domain or account",
    "not_implemented": "the provider does not do this",
    "payment_required": "the provider wants to be paid",
    "quota_exceeded": "the provider's credits are used up",
    "rate_limited": "the provider found it too fast",
    "redirected": "the provider's address in the settings is wrong",
    "rejected": "the provider refused the mail",
    "request_timeout": "the provider did not wait for the whole request",
    "response_lost": "the provider's answer was lost, and a mail may have left",
    "security_error": "the provider refused it for security",
    "sender_not_accepted": "the provider refuses the sender's address",
    "sender_not_verified": "the sender's domain is not verified at the provider",
    "sending_disabled": "sending is switched off at the provider",
    "sending_paused": "sending is paused at the provider",
    "server_error": "the provider broke, and a mail may have left",
    "service_unavailable": "the provider was not available",
    "suppressed_by_provider": "the address is on the provider's own list",
    "too_early": "the provider would not take it yet",
    "too_large": "the mail is too large",
    "unauthorized": "the key is wrong",
    "undocumented_answer": "something else than the provider answered, and a mail may have left",
    "validation_error": "the provider says that the mail is not valid",
    "wrong_endpoint": "the provider's address in the settings is wrong",
}


def of_person(reason: str) -> str:
    """In words; of a provider's code that is new, the code."""
    return PEOPLE.get(reason, reason.replace("_", " "))
