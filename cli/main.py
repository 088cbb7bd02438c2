"""The `offload` command: what commands there are, and how each ends.

The promise: every way to end has its own exit code, and an error is told in plain words, never as a traceback.
"""

import contextlib
import io
import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli import account, certificates, jobs, lists, preview, privacy, send, show, sites
from cli.errors import EXIT_CODES, INTERRUPTED, CommandError, Declined

_EPILOG = "Exit codes\n" + "\n".join(f"{code:>4}  {meaning}" for code, meaning in EXIT_CODES)


class OffloadGroup(TyperGroup):
    """Ends a command that raised with the exit code of what it raised."""

    def invoke(self, ctx: Any) -> Any:
        for stream in (sys.stdout, sys.stderr):
            # a terminal that cannot show a name shows its escapes instead
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except Declined as answer:
            show.note(answer.message)
            raise typer.Exit(answer.exit_code) from None
        except CommandError as error:
            show.fault(error.message, error.lines, error.hint)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            with contextlib.suppress(OSError):
                show.note("Interrupted")
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    cls=OffloadGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_EPILOG,
)


def _version(wanted: bool) -> None:
    if wanted:
        print(version("cloud-offload"))
        raise typer.Exit


@app.callback()
def main(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """Bulk mail and certificates for Moodle, by Cloud Offload.

    Start with: offload config --url https://… --token -
    """


_SEND, _LOOK, _REPAIR, _SET_UP = "Send", "Look", "Repair", "Set up"
app.command(rich_help_panel=_SEND)(send.send)
app.command(rich_help_panel=_SEND)(certificates.certificates)
app.command(rich_help_panel=_SEND)(preview.preview)
app.command(rich_help_panel=_LOOK)(jobs.status)
app.command(rich_help_panel=_LOOK)(jobs.watch)
app.command(rich_help_panel=_LOOK)(lists.failures)
app.command(rich_help_panel=_REPAIR)(jobs.retry)
app.command(rich_help_panel=_REPAIR)(jobs.pause)
app.command(rich_help_panel=_REPAIR)(jobs.resume)
app.command(rich_help_panel=_REPAIR)(jobs.cancel)
app.command(rich_help_panel=_REPAIR)(lists.handback)
app.add_typer(privacy.app, name="privacy", rich_help_panel=_REPAIR)
app.command(rich_help_panel=_SET_UP)(account.me)
app.command("config", rich_help_panel=_SET_UP)(account.configure)
app.add_typer(sites.app, name="sites", rich_help_panel=_SET_UP)
