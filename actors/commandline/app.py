"""The commands, their options and their help. What they do is in the modules beside this one.

Those are imported when a command runs, so that help and wrong usage are answered at once.
"""

from __future__ import annotations

import gc
import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from actors.commandline import choices, rules
from actors.commandline.options import AsJson, Config, OneResource, config_file, settings_of
from actors.commandline.telling import Code, problems_told, tell_aside
from actors.logs import configure_logging
from actors.runtime.errors import safe_traceback
from models.content import Sensitivity, ShowAs

COLLECTIONS = (50_000, 20, 100)
"""How seldom unreachable cycles are looked for: one listing makes a million objects, and hardly a cycle."""

app = typer.Typer(
    name="exchange-connector",
    help="Keeps the Dime.Scheduler planning board and Outlook calendars in step, both ways.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
preferences = typer.Typer(
    help="What a resource shares with the planners.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(preferences, name="preferences")
app.add_typer(rules.commands, name="rules")

Resource = Annotated[str, typer.Argument(metavar="R", help="The resource, by its number on the board.")]


@app.callback()
def before() -> None:
    """What holds for every command."""
    configure_logging(readable=True, level=logging.ERROR)


def main() -> int:
    """Run the command line; the exit code."""
    gc.set_threshold(*COLLECTIONS)
    try:
        app(prog_name="exchange-connector")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Code.FOUND_WRONG
    except Exception as error:  # noqa: BLE001 - a defect is told by its places: its text may hold anything
        tell_aside("exchange-connector has failed; please report these lines:", *safe_traceback(error))
        return Code.FOUND_WRONG
    finally:
        gc.freeze()  # the process ends: there is no use in looking through what it leaves
    return Code.DONE


@app.command(short_help="Run the unattended process.")
def run(config: Config = None) -> None:
    """Keep both sides in step until SIGTERM or Ctrl-C, which stop it within 10 s; nothing is lost by a kill.

    A service that is down delays work and ends nothing. The log goes to stderr: JSON by the line, or text on
    a terminal.

    Example: exchange-connector run --config connector.toml
    """
    with problems_told():
        settings = settings_of(config)
        from actors.commandline.run import run as go

        go(settings)


@app.command(short_help="Verify the configuration, both services and every mailbox.")
def check(config: Config = None) -> None:
    """Try the credentials, the permissions, both services and the mailbox of every resource.

    One line each, with what to do about it; the exit code is 1 if anything fails. Writes nothing.

    Example: exchange-connector check --config connector.toml
    """
    with problems_told():
        settings = settings_of(config)
        from actors.commandline.check import check as go

        go(settings)


@app.command(short_help="What a run would do now, and why.")
def plan(
    config: Config = None,
    resource: OneResource = None,
    json: AsJson = False,
    rules: Annotated[
        Path | None,
        typer.Option(metavar="NEW.json", show_default=False, help="Decide as if these were the rules."),
    ] = None,
    preferences: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Decide as if these preferences held: the keys of [defaults] in a TOML file, or a table of "
            "resources as `preferences export` writes it (.csv).",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="PLAN", show_default=False, help="Save the plan to a file, for `apply`."),
    ] = None,
) -> None:
    """Read both sides, decide as a run would, and say what it would do. Writes nothing to either side.

    Works beside a running process. Resources that would lose most come first.

    Example: exchange-connector plan --rules new-rules.json --out change.plan
    """
    with problems_told():
        settings = settings_of(config)
        from actors.commandline.plan import plan as go

        go(settings, resource=resource, as_json=json, rules=rules, preferences=preferences, out=out)


@app.command(short_help="Do exactly what a saved plan says.")
def apply(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="As `plan --out` saved it.")],
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Plan again, and if nothing has moved, put what was proposed into force and make the planned changes.

    Refuses with a line for each item that has another state now, and changes nothing then. The changes are
    made by the running process; where none runs, by this command.

    Example: exchange-connector apply change.plan
    """
    with problems_told():
        settings = settings_of(config)
        from actors.commandline.apply import apply as go

        go(settings, config_file(config), plan, as_json=json)


@app.command(short_help="Resources, lag, freshness, backlog, quarantines, dead letters.")
def status(config: Config = None, json: AsJson = False) -> None:
    """Say how every resource is, what is left to do, and how both services are.

    Example: exchange-connector status --json
    """
    with problems_told():
        settings = settings_of(config, uses_rules=False)
        from actors.commandline.looking import status as go

        go(settings, as_json=json)


@app.command(short_help="Everything decided about an appointment or event.")
def explain(
    item: Annotated[
        str | None,
        typer.Argument(
            metavar="[ITEM]",
            show_default=False,
            help="An appointment's number, id or GUID; an event's id or iCalUId; a subject, or a part of it; "
            "or RESOURCE@TIME.",
        ),
    ] = None,
    config: Config = None,
    resource: OneResource = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            show_default=False,
            help="What takes place or was decided then, as the board's clock shows it: 2026-03-02 or "
            "2026-03-02T10:00.",
        ),
    ] = None,
    json: AsJson = False,
) -> None:
    """Say what was decided about an item: which rule, which preference, which values, when, what was called.

    Also what was not done, why, and what would change that.

    Example: exchange-connector explain R001@2026-03-02T10:00
    """
    asked = choices.question(item, resource, at)
    with problems_told():
        settings = settings_of(config, uses_rules=False)
        from actors.commandline.looking import explain as go

        go(settings, asked, as_json=json)


@app.command(short_help="A full reconciliation now.")
def resync(config: Config = None, resource: OneResource = None) -> None:
    """Read both sides in full, compare them, and mend what differs; ends when that is done.

    The running process does it; where none runs, this command does.

    Example: exchange-connector resync --resource R001
    """
    with problems_told():
        settings = settings_of(config)
        from actors.commandline.resync import resync as go

        go(settings, resource=resource)


@app.command(short_help="Compare both sides in full, and report drift.")
def verify(config: Config = None, resource: OneResource = None, json: AsJson = False) -> None:
    """Read both sides in full, apart from what the process knows, and report every item that differs.

    What differs is read a second time, in case it was just on its way. The exit code is 1 if there is any
    drift. Writes nothing to either side.

    Example: exchange-connector verify --resource R001
    """
    with problems_told():
        settings = settings_of(config)
        from actors.commandline.verify import verify as go

        go(settings, resource=resource, as_json=json)


@app.command(short_help="Dead letters and quarantined resources back to work.")
def retry(
    item: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            show_default=False,
            help="A dead letter or a deletion held back, by its id, or all those of a resource.",
        ),
    ] = None,
    config: Config = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that was put aside.")] = False,
) -> None:
    """Try again what was given up, carry out deletions that are held back, and end quarantines.

    A deletion is carried out only if its item, read once more, is still gone. Without ID and --all, lists
    what there is to retry.

    Example: exchange-connector retry --all
    """
    if item is not None and everything:
        raise typer.BadParameter("name one ID, or give --all")
    with problems_told():
        settings = settings_of(config)
        from actors.commandline import retry as retrying

        if item is None and not everything:
            retrying.listed(settings)
        else:
            retrying.retry(settings, item=item)


@app.command(short_help="Delete every event that the connector ever wrote.")
def remove(
    config: Config = None,
    resource: OneResource = None,
    everything: Annotated[bool, typer.Option("--all", help="The events of every resource.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count them, and delete nothing.")] = False,
    json: AsJson = False,
) -> None:
    """Delete the events of a resource, or of all, and count what is left, which must be none.

    They are found by what the connector wrote into each of them, also where its store is lost. Copies that a
    person made, and a person's own events, stay. Turn Exchange Integration Enabled off first, or stop the
    process: it would create them again.

    Example: exchange-connector remove --resource R001 --dry-run
    """
    if (resource is None) is not everything:
        raise typer.BadParameter("name one --resource, or give --all")
    with problems_told():
        settings = settings_of(config)
        from actors.commandline.remove import remove as go

        go(settings, resource=resource, dry_run=dry_run, as_json=json)


@app.command(short_help="Put back what the connector changed.")
def undo(
    since: Annotated[
        str,
        typer.Option(
            "--since",
            metavar="TIME",
            help="What was written from then on: 2026-03-02T09:00 on the board's clock, or with a zone, "
            "or how long ago: 30m, 2h, 3d. Before-images are kept for 90 days.",
        ),
    ],
    config: Config = None,
    resource: OneResource = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would do, and do nothing.")] = False,
    json: AsJson = False,
) -> None:
    """Put back what the connector wrote to either side since a moment: what it created goes, what it changed
    is as it was, what it deleted is there again.

    Every item is read first. What somebody has changed since then is left alone, and said; so is what an
    owner does not share now. What is put back stays so until somebody changes it on either side. Mend what
    went wrong first: a rule, a preference. The running process does it; where none runs, this command does.

    Example: exchange-connector undo --since 2h --dry-run
    """
    with problems_told():
        settings = settings_of(config)
        from actors.commandline.undo import undo as go

        go(settings, since=since, resource=resource, dry_run=dry_run, as_json=json)


@preferences.command("show", short_help="What a resource shares.")
def show(resource: Resource, config: Config = None, json: AsJson = False) -> None:
    """Show which events a resource shares, and who chose so.

    Example: exchange-connector preferences show R001
    """
    with problems_told():
        settings = settings_of(config)
        from actors.commandline.sharing import show as go

        go(settings, resource, as_json=json)


@preferences.command("set", short_help="Set what a resource shares.")
def choose(
    resource: Resource,
    config: Config = None,
    share: Annotated[
        bool | None,
        typer.Option("--share/--no-share", show_default=False, help="Whether it shares anything at all."),
    ] = None,
    show_as: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            show_default=False,
            callback=choices.show_as,
            help=f"Events shown as one of these are shared: {', '.join(one.value for one in ShowAs)}.",
        ),
    ] = None,
    sensitivity: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            show_default=False,
            callback=choices.sensitivity,
            help=f"Events of these sensitivities are: {', '.join(one.value for one in Sensitivity)}.",
        ),
    ] = None,
    private: Annotated[
        str | None,
        typer.Option(
            metavar="hide|mask",
            show_default=False,
            callback=choices.private,
            help="What becomes of events whose sensitivity is not shared: hidden, or shown as their time.",
        ),
    ] = None,
    lock: Annotated[
        bool | None,
        typer.Option("--lock/--unlock", show_default=False, help="Whether only administrators change it."),
    ] = None,
) -> None:
    """Set which events a resource shares; what is not named stays as it is. The board follows in a minute.

    Example: exchange-connector preferences set R001 --share --show-as busy,oof --private mask
    """
    asked = {
        "share": share,
        "showAs": choices.several(ShowAs, show_as),
        "sensitivity": choices.several(Sensitivity, sensitivity),
        "private": private,
        "locked": lock,
    }
    wanted = {name: value for name, value in asked.items() if value is not None}
    if not wanted:
        raise typer.BadParameter("name one or more of --share, --show-as, --sensitivity, --private, --lock")
    with problems_told():
        settings = settings_of(config)
        from actors.commandline.sharing import choose as go

        go(settings, resource, wanted)


@preferences.command("import", short_help="Set what many resources share, from a table.")
def take(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="As `preferences export` writes it.")],
    config: Config = None,
) -> None:
    """Take over the choices of a table, one row a resource; an empty cell leaves what is.

    If anything in it is wrong, every such line is named and nothing is changed.

    Example: exchange-connector preferences import preferences.csv
    """
    with problems_told():
        settings = settings_of(config)
        from actors.commandline.sharing_table import import_table as go

        go(settings, file)


@preferences.command("export", short_help="Write what every resource shares to a table.")
def give(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE.csv]", show_default=False, help="Where to write; default: stdout."),
    ] = None,
    config: Config = None,
) -> None:
    """Write what every resource shares, who chose so and when, one row a resource.

    Example: exchange-connector preferences export preferences.csv
    """
    with problems_told():
        settings = settings_of(config)
        from actors.commandline.sharing_table import export_table as go

        go(settings, file)


if __name__ == "__main__":
    sys.exit(main())
