"""What a row of the audit trail may hold beside who, when and of what: the one list, by action.

The promise: numbers, states, times, hashes, and the names that an institution gives to what is its own. Nothing is of a
person whom something was done to, for nothing can be erased there: of a list its length is kept, of an address the
domain, of a mailbox's name whether there is one. What is not on the list cannot be written: it raises.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from core.person_hash import PREFIX


class Kind(NamedTuple):
    """`told`: what is written of a value; raises where it is none of this kind. `column`: the same of an expression."""

    told: Callable[[Any], Any]
    column: str = "{0}"


Fields = Mapping[str, Kind]


def _one_of(*types: type) -> Callable[[Any], Any]:
    def told(value: Any) -> Any:
        if value is not None and type(value) not in types:
            raise TypeError(f"{type(value).__name__} is none of {types}")
        return value

    return told


def _like(pattern: str) -> Callable[[Any], Any]:
    def told(value: Any) -> Any:
        if value is not None and not re.fullmatch(pattern, value, re.ASCII):
            raise ValueError(f"it is not like {pattern}")
        return value

    return told


def _domain(address: str | None) -> str | None:
    return address and "@" + address.rpartition("@")[2]


def _domains(senders: str) -> str:
    return " ".join(_domain(entry) or "" if "@" in entry else entry for entry in senders.split())


# rtrim takes away all characters but @, so that what is left ends with the last of them
_DOMAIN = "'@' || substr({0}, length(rtrim({0}, replace({0}, '@', ''))) + 1)"
NUMBER = Kind(_one_of(int, float))
FLAG = Kind(_one_of(bool), "json(iif({0}, 'true', 'false'))")
NAME = Kind(_one_of(str))  # of a site, a company, a token, a category, and addresses on the web: an institution's own
WORD = Kind(_like(r"[a-z0-9_]*"))  # one of ours
TIME = Kind(lambda value: value if type(value) is int else _like(r"[0-9TZ:.+-]*")(value))
HASH = Kind(_like(re.escape(PREFIX) + r"[\w-]+"))
ID = Kind(_like(r"[a-z]+_[0-9a-f]+"))
NUMBERS = Kind(lambda values: [NUMBER.told(value) for value in values])
COUNT = Kind(lambda values: values if values is None else len(values))  # of what somebody listed
WORDS = Kind(lambda values: [WORD.told(value) for value in values])
DOMAIN = Kind(_domain, _DOMAIN)  # of an address
IS_SET = Kind(lambda text: "set" if text else "", "iif(ifnull({0}, '') = '', '', 'set')")  # of what may name somebody
SENDERS = Kind(
    _domains,
    f"""(SELECT ifnull(group_concat(iif(instr(value, '@'), {_DOMAIN.format("value")}, value), ' '), '')
      FROM json_each('[' || replace(json_quote({{0}}), ' ', '","') || ']'))""",
)
REASON = Kind(_one_of(str))  # as a caller wrote it: `audit.insert_for_job` keeps it where it is one of the job's people

_SITE: Fields = {
    **{"name": NAME, "provider": WORD, "send_rate": NUMBER, "sender_email": DOMAIN, "sender_name": IS_SET},
    **{"senders": SENDERS, "callback_url": NAME, "callback_success": WORD, "daily_quota": NUMBER},
    **{"failure_limit": NUMBER, "keep_people_days": NUMBER, "keep_certificate_years": NUMBER, "disabled": FLAG},
}
_COMPANY: Fields = {
    **{"sender_email": DOMAIN, "sender_name": IS_SET, "reply_to": DOMAIN, "reply_to_name": IS_SET},
    **{"logo": NAME, "colour": NAME, "send_rate": NUMBER},
}
_TOKEN: Fields = {"name": NAME, "company": NAME, "read_only": FLAG, "expires_at": NUMBER, "successor": ID}
_CHANGED = ("before", "after")
_USER: Fields = {"role": WORD, "site": ID, "company": NAME}
_SELECTED: Fields = {"state": WORD, "reason": REASON, "refs": COUNT, "positions": NUMBERS}
_LETTER: Fields = {"job": ID, "batch": NUMBER, "reason": NAME}  # a letter's reason is ours, with what broke
_PERSON: Fields = {
    **{"ref": HASH, "email": HASH, "recipients": NUMBER, "cancelled": NUMBER, "sending": NUMBER},
    **{"certificates": NUMBER, "events": NUMBER, "suppressions": NUMBER, "soft_bounces": NUMBER},
}
_CATEGORY: Fields = {"category": NAME}
_NOTHING: Fields = {}
_ASSET: Fields = {"type": NAME, "bytes": NUMBER}

DETAILS: Mapping[str, Fields | Mapping[str, Fields]] = {
    "job.create": {},
    "job.append": {"people": NUMBER},
    **dict.fromkeys(("job.start", "job.pause", "job.resume", "job.cancel", "job.handback"), _NOTHING),
    **dict.fromkeys(("job.retry", "job.resolve"), _SELECTED),
    "callbacks.replay": {"state": WORD, "since": TIME, "ids": COUNT, "count": NUMBER},
    "callback.off": {"callback_url": NAME, "status": NUMBER},
    "certificate.revoke": {},  # why, is with the certificate: `WORDS_ELSEWHERE`
    "certificate.reissue": {"changed": WORDS},
    "certificate.link": {"until": TIME},
    "certificate.link_mailed": {},
    **dict.fromkeys(("asset.upload", "asset.delete"), _ASSET),
    **dict.fromkeys(("dead_letter.redrive", "dead_letter.discard"), _LETTER),
    "suppression.add": {"addresses": NUMBER},
    "suppression.release": {"reason": WORD, "category": NAME, "force": FLAG},  # the note: `WORDS_ELSEWHERE`
    **dict.fromkeys(("suppression.unsubscribe", "suppression.undo"), _CATEGORY),
    **dict.fromkeys(("privacy.export", "privacy.erase"), _PERSON),
    "privacy.retention": {"people": NUMBER, "certificates": NUMBER},
    **dict.fromkeys(("console.sign_in", "console.sign_out"), _NOTHING),
    **dict.fromkeys(("console_user.add", "console_user.remove"), _USER),
    **dict.fromkeys(("token.create", "token.rotate", "token.delete"), dict.fromkeys(_CHANGED, _TOKEN)),
    **dict.fromkeys(("site.create", "site.change", "site.disable", "site.enable"), dict.fromkeys(_CHANGED, _SITE)),
    "site.rotate_callback_secret": {},
    **dict.fromkeys(("company.change", "company.delete"), dict.fromkeys(_CHANGED, _COMPANY)),
}

# Words that belong to a row and stand where they can be erased; as long as they do, the trail is shown with them.
WORDS_ELSEWHERE = {
    ("certificate.revoke", "reason"): "(SELECT c.reason FROM certificates c WHERE c.code = a.target)",
    ("suppression.release", "note"): """(SELECT n.note FROM release_notes n WHERE n.site_id = a.site_id
        AND n.target = a.target AND n.at = a.at AND n.company = ifnull(a.company, ''))""",
}


def as_json(action: str, detail: Mapping[str, Any] | None) -> str | None:
    """What is written of it. Raises where the action or a field is not on the list, or a value is not of its kind."""
    told = _told(_kinds(action), detail)
    return None if told is None else json.dumps(told)


def columns(action: str, at: str, names: Iterable[str]) -> str:
    """What stands under `before` or `after`, as an object made of columns of these names."""
    kinds = _kinds(action)[at]
    assert not isinstance(kinds, Kind)
    pairs = ", ".join(f"'{name}', {kinds[name].column.format(name)}" for name in names)
    return f"json_object({pairs})"


def with_fields(action: str, detail: str, fields: Mapping[str, str]) -> str:
    """The expression `detail` with more in it: fields of the list, made of expressions."""
    for name, expression in fields.items():
        kind = _kinds(action)[name]
        value = kind.column.format(expression) if isinstance(kind, Kind) else f"json({expression})"
        detail = f"json_set({detail}, '$.{name}', {value})"
    return detail


def with_words(column: str) -> str:
    """A row's detail as it is shown, of the table `audit` as `a`."""
    cases = " ".join(
        f"WHEN '{action}' THEN json_set(ifnull({column}, '{{}}'), '$.{name}', {words})"
        for (action, name), words in WORDS_ELSEWHERE.items()
    )
    return f"CASE a.action {cases} ELSE {column} END"


def _kinds(action: str) -> Mapping[str, Any]:
    return DETAILS[action]


def _told(kinds: Any, value: Any) -> Any:
    if isinstance(kinds, Kind):
        return kinds.told(value)
    return None if value is None else {name: _told(kinds[name], inner) for name, inner in value.items()}
