"""`offload sites`: what an operator does with sites and their tokens.

The promise: a secret is shown when it is made, on the standard output, and never again.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.padding import Padding
from rich.text import Text

from cli import options, show
from cli.api import Json
from cli.errors import BadInput
from cli.message import mailbox

app = typer.Typer(no_args_is_help=True, help="Provision sites and their tokens (operator).")

Provider = Annotated[str | None, typer.Option(help="Who sends its mail; an unknown name is told with those there are.")]
Rate = Annotated[float | None, typer.Option(help="Mails a second; without, the provider's default.")]
Senders = Annotated[
    str | None,
    typer.Option(help="Whom it may send as, besides --from: addresses and domains, with commas; '' is nobody else."),
]
CallbackUrl = Annotated[str | None, typer.Option(help="Where events are posted; without, they are only polled.")]
CallbackSuccess = Annotated[
    str | None, typer.Option(help="What counts as delivered: echo (the id is echoed, as Moodle does) or 2xx.")
]
KeepPeople = Annotated[
    int | None, typer.Option(min=0, help="Days after a job's end until its people are erased; 0: until asked to.")
]
KeepCertificates = Annotated[int | None, typer.Option(min=0, help="Years until a certificate is erased; 0: never.")]


@app.command("list")
def list_sites(as_json: options.AsJson = False, url: options.Url = None, token: options.OperatorToken = None) -> None:
    """List all sites."""
    with options.connect_operator(url, token) as api:
        sites = list(api.pages("/v1/sites", "sites"))
    if as_json:
        show.pretty({"sites": sites})
    elif not show.out.is_terminal:
        for site in sites:
            show.line(site["id"], site["provider"], _state(site), site["name"])
    elif not sites:
        show.out.print("There are no sites. To make one: offload sites add NAME")
    else:
        table = show.table("site", "provider", "rate", "state", numbers=["rate"])
        for site in sites:
            name = Text.assemble((show.clean(site["name"]), "bold"), "\n", (site["id"], "dim"))
            state = Text(_state(site), "green" if _state(site) == "enabled" else "yellow")
            rate = f"{site['send_rate']:,.4g}/s" if site["send_rate"] else "default"
            table.add_row(name, site["provider"], rate, state)
        show.out.print(Padding(table, (0, 1)))


@app.command("show")
def show_site(
    site: options.Site, as_json: options.AsJson = False, url: options.Url = None, token: options.OperatorToken = None
) -> None:
    """Show a site's settings."""
    with options.connect_operator(url, token) as api:
        _show(api.get(f"/v1/sites/{site}"), as_json)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name of the Moodle.")],
    provider: Provider = None,
    rate: Rate = None,
    sender: options.From = None,
    senders: Senders = None,
    callback_url: CallbackUrl = None,
    callback_success: CallbackSuccess = None,
    keep_people_days: KeepPeople = None,
    keep_certificate_years: KeepCertificates = None,
    as_json: options.AsJson = False,
    url: options.Url = None,
    token: options.OperatorToken = None,
) -> None:
    """Create a site; shows its token and callback secret, this once."""
    times = _times(keep_people_days, keep_certificate_years)
    settings = _settings(provider, rate, sender, senders, callback_url, callback_success) | times
    with options.connect_operator(url, token) as api:
        _show(api.post("/v1/sites", {"name": name, **settings}), as_json)


@app.command("set")
def change(
    site: options.Site,
    name: Annotated[str | None, typer.Option(help="Name of the Moodle.")] = None,
    provider: Provider = None,
    rate: Rate = None,
    sender: options.From = None,
    senders: Senders = None,
    callback_url: CallbackUrl = None,
    callback_success: CallbackSuccess = None,
    keep_people_days: KeepPeople = None,
    keep_certificate_years: KeepCertificates = None,
    as_json: options.AsJson = False,
    url: options.Url = None,
    token: options.OperatorToken = None,
) -> None:
    """Change a site's settings; what is not given stays."""
    times = _times(keep_people_days, keep_certificate_years)
    changes = _settings(provider, rate, sender, senders, callback_url, callback_success) | times
    changes |= {"name": name} if name else {}
    if not changes:
        raise BadInput("nothing to change was given")
    with options.connect_operator(url, token) as api:
        _show(api.patch(f"/v1/sites/{site}", changes), as_json)


@app.command()
def disable(
    site: options.Site, yes: options.Yes = False, url: options.Url = None, token: options.OperatorToken = None
) -> None:
    """Lock a site out: its tokens open nothing until it is enabled."""
    with options.connect_operator(url, token) as api:
        name = api.get(f"/v1/sites/{site}")["name"]
        options.confirm(f"Disable '{show.clean(name)}'? Its tokens will open nothing.", yes)
        _show(api.post(f"/v1/sites/{site}/disable", repeatable=True), False)


@app.command()
def enable(site: options.Site, url: options.Url = None, token: options.OperatorToken = None) -> None:
    """Let a disabled site in again."""
    with options.connect_operator(url, token) as api:
        _show(api.post(f"/v1/sites/{site}/enable", repeatable=True), False)


@app.command()
def tokens(
    site: options.Site, as_json: options.AsJson = False, url: options.Url = None, token: options.OperatorToken = None
) -> None:
    """List a site's tokens, which are never shown themselves."""
    with options.connect_operator(url, token) as api:
        found = api.get(f"/v1/sites/{site}/tokens")["tokens"]
    if as_json:
        show.pretty({"tokens": found})
    elif not show.out.is_terminal:
        for each in found:
            show.line(each["id"], each["company"], each["expires_at"], each["name"])
    else:
        table = show.table("token", "company", "expires")
        for each in found:
            name = Text.assemble((show.clean(each["name"]), "bold"), "\n", (each["id"], "dim"))
            table.add_row(name, Text(show.clean(each["company"] or "whole site")), show.moment(each["expires_at"]))
        show.out.print(Padding(table, (0, 1)))


@app.command()
def add_token(
    site: options.Site,
    name: Annotated[str, typer.Option(help="What it is for.")],
    company: Annotated[str | None, typer.Option(help="Only this company (IOMAD); without, the whole site.")] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="It may look, and change nothing.")] = False,
    as_json: options.AsJson = False,
    url: options.Url = None,
    token: options.OperatorToken = None,
) -> None:
    """Create a token; it is shown this once."""
    body = {"name": name} | ({"company": company} if company else {}) | ({"read_only": True} if read_only else {})
    with options.connect_operator(url, token) as api:
        _show(api.post(f"/v1/sites/{site}/tokens", body), as_json)


@app.command()
def rotate_token(
    site: options.Site,
    old: options.TokenId,
    as_json: options.AsJson = False,
    url: options.Url = None,
    token: options.OperatorToken = None,
) -> None:
    """Replace a token; the old one works for another 24 hours."""
    with options.connect_operator(url, token) as api:
        _show(api.post(f"/v1/sites/{site}/tokens/{old}/rotate"), as_json)


@app.command()
def revoke_token(
    site: options.Site,
    old: options.TokenId,
    yes: options.Yes = False,
    url: options.Url = None,
    token: options.OperatorToken = None,
) -> None:
    """Make a token useless, at once."""
    with options.connect_operator(url, token) as api:
        options.confirm(f"Revoke {old}? Whoever uses it is locked out at once.", yes)
        api.delete(f"/v1/sites/{site}/tokens/{old}")
    show.note(f"{old} is revoked")


@app.command()
def rotate_secret(
    site: options.Site, as_json: options.AsJson = False, url: options.Url = None, token: options.OperatorToken = None
) -> None:
    """Replace the secret that signs callbacks; the old one signs as well for 24 hours."""
    with options.connect_operator(url, token) as api:
        _show(api.post(f"/v1/sites/{site}/rotate-callback-secret"), as_json)


def _settings(
    provider: str | None,
    rate: float | None,
    sender: str | None,
    senders: str | None,
    callback_url: str | None,
    success: str | None,
) -> dict[str, Any]:
    given = {
        "provider": provider,
        "send_rate": rate,
        "from": mailbox("--from", sender) if sender else None,
        "senders": None if senders is None else senders.replace(",", " ").split(),
        "callback_url": callback_url,
        "callback_success": success,
    }
    return {name: value for name, value in given.items() if value is not None}


def _times(people: int | None, certificates: int | None) -> dict[str, int | None]:
    """0 is for ever, which the service calls null."""
    given = {"keep_people_days": people, "keep_certificate_years": certificates}
    return {name: value or None for name, value in given.items() if value is not None}


def _state(site: Json) -> str:
    return "disabled" if site["disabled_at"] else "enabled"


def _show(answer: Json, as_json: bool) -> None:
    """Whatever the service told of a site or a token, and a word where there is a secret in it."""
    secrets = [name for name in ("token", "callback_secret") if isinstance(answer.get(name), str)]
    if as_json:
        show.pretty(answer)
    elif show.out.is_terminal:
        show.out.print(Padding(show.facts(_words(answer, secrets)), (0, 1)))
    else:
        for name, value in _words(answer, secrets):
            show.line(name, value)
    if secrets:
        show.note("Keep the secret now: it is not shown again.", "yellow")


def _words(answer: Json, secrets: Sequence[str]) -> list[tuple[str, object]]:
    sender = answer.get("from")
    plain = {**answer, "from": f"{sender['name']} <{sender['email']}>".strip() if sender else None}
    plain["senders"] = ", ".join(answer.get("senders", ())) or None
    return [
        (name, Text(value, "bold") if name in secrets else value)
        for name, value in plain.items()
        if value is not None and not isinstance(value, dict)
    ]
