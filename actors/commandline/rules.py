"""`rules test`: which rules pass or fail for one appointment, and what they looked at."""

from __future__ import annotations

import json as jsonlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from actors.commandline.options import AsJson, Config, settings_of
from actors.commandline.telling import Code, Failure, problems_told, tell, tell_aside, tell_json

if TYPE_CHECKING:  # rules are imported when they are tested: help is answered at once
    from models.record import Record
    from models.rules import Rules, RuleVerdict

commands = typer.Typer(
    help="The rules that decide which appointments go to Outlook.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@commands.callback()
def before() -> None:
    """The rules that decide which appointments go to Outlook."""


@commands.command("test", short_help="Which rules pass or fail for an appointment.")
def judge(
    appointment: Annotated[
        str,
        typer.Option(
            "--appointment",
            metavar="FILE",
            help="The appointment as JSON, as Dime.Scheduler delivers it in any of its shapes; - for stdin.",
        ),
    ],
    rules: Annotated[
        str | None,
        typer.Option(
            "--rules",
            metavar="FILE",
            show_default=False,
            help="A rule file to test in the place of the configured one. No configuration is needed then.",
        ),
    ] = None,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Say of each rule whether it lets an appointment go to Outlook, and which values it looked at.

    The exit code is 1 if any rule does not pass: then the appointment stays out.

    Example: exchange-connector rules test --appointment appointment.json --rules appsettings.json
    """
    with problems_told():
        known = _rules(rules, config)
        verdicts = known.verdicts(read_document(appointment))
    if json:
        tell_json(as_json(known, verdicts))
    else:
        tell(*as_text(verdicts))
        tell_aside(*(f"warning: {warning}" for warning in known.warnings))
    if not all(verdict.passed for verdict in verdicts):
        raise typer.Exit(Code.FOUND_WRONG)


def read_document(file: str) -> Record:
    """One appointment. Raises `Failure` for a file that holds none."""
    from models.record import Record

    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        document = jsonlib.loads(content.decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, jsonlib.JSONDecodeError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise Failure(f"{file} cannot be read as JSON: {why}", code=Code.MISUSED) from None
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    if not isinstance(document, dict):
        raise Failure(f"{file} is not one appointment; give one JSON object", code=Code.MISUSED)
    return Record(document)


def as_text(verdicts: tuple[RuleVerdict, ...]) -> list[str]:
    """For people: a rule by the line, and below it what it looked at."""
    if not verdicts:
        return ["there are no rules: the appointment goes to Outlook"]
    lines: list[str] = []
    for verdict in verdicts:
        said = "passes" if verdict.passed else f"does not pass: {verdict.rule.message}".rstrip(": ")
        lines.append(f"{verdict.name} ({verdict.rule.group}) {said}")
        if verdict.reason:
            lines.append(f"  could not be evaluated: {verdict.reason}")
        lines += [f"  {path}: {value}" for path, value in verdict.looked_at]
    failed = sum(not verdict.passed for verdict in verdicts)
    stays = f"the appointment stays out of Outlook: {failed} of {len(verdicts)} rules do not let it through"
    return [*lines, stays if failed else "the appointment goes to Outlook: every rule passes"]


def as_json(rules: Rules, verdicts: tuple[RuleVerdict, ...]) -> dict[str, Any]:
    """For tools."""
    return {
        "passed": all(verdict.passed for verdict in verdicts),
        "rules": [
            {
                "group": verdict.rule.group,
                "name": verdict.name,
                "passed": verdict.passed,
                "message": verdict.rule.message,
                "reason": verdict.reason,
                "expression": verdict.rule.expression.text,
                "values": dict(verdict.looked_at),
            }
            for verdict in verdicts
        ],
        "warnings": list(rules.warnings),
    }


def _rules(file: str | None, config: Path | None) -> Rules:
    """The rules of a file, or the configured ones. Raises `Failure` and `SettingsError`."""
    from models.rules import RulesError, load_rules

    if file is None:
        settings = settings_of(config)
        return load_rules(settings.rules.file, settings.scheduler.time_zone)
    try:
        return load_rules(file)
    except RulesError as error:
        lines = []
        for part in error.parts:
            lines.append(f"{part.problem}; {part.remedy}")
            lines += [f"    {line}" for line in part.excerpt.splitlines()]
        raise Failure(*lines, code=Code.MISUSED) from None
