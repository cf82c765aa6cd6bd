"""From a rule file to rules that are compiled once, or to everything that is wrong with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import tzinfo
from pathlib import Path
from typing import Final

from models.expressions import ExpressionError, appointment_schema, compile_expression
from models.rules.dotnet_json import JsonObject, decode, parse
from models.rules.problems import RulesError, problem
from models.rules.rules import ROOT, Rule, Rules
from models.rules.section import Section, WrittenRule
from models.setting_error import SettingError

LARGEST_BYTES: Final = 4 * 1024 * 1024
"""Of a rule file; a larger one is no rule file."""


def load_rules(file: str, zone: tzinfo | None = None) -> Rules:
    """The rules of `rules.file`; an empty name means none. `zone` is the board's wall clock.

    The file holds the `Rules` section of Dime.Scheduler's Exchange connector, alone or as part of its whole
    `appsettings.json`.

    Raises:
        RulesError: the file cannot be used; it names every problem.
    """
    return compile_rules(read_file(file), file=file, zone=zone) if file.strip() else Rules()


def read_file(file: str) -> bytes:
    """What a rule file holds.

    Raises:
        RulesError: it cannot be read.
    """
    try:
        with Path(file).open("rb") as opened:
            content = opened.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        found = problem(f"there is no file {file}", "name the file with the Rules section, or leave it empty")
    except (OSError, ValueError) as error:  # the latter: no name that a file can have
        why = error.strerror if isinstance(error, OSError) else str(error)
        found = problem(f"{file} cannot be read ({why})", "check the path, and who may read the file")
    else:
        if len(content) <= LARGEST_BYTES:
            return content
        found = problem(f"{file} is larger than {LARGEST_BYTES:,} bytes", "keep the Rules section only")
    raise RulesError([found])


def rules_text(file: str) -> str:
    """What a rule file says, in whatever encoding. Raises `RulesError`."""
    return decode(read_file(file), file)


def beside_rules(text: str, file: str) -> frozenset[str]:
    """What a rule file holds beside the rules: a whole `appsettings.json` may be one. Raises `RulesError`."""
    document = parse(text, file)
    names = document.names if isinstance(document, JsonObject) else ()
    return frozenset(name for name in names if name.lower() != "rules")


def compile_rules(content: bytes, *, file: str, zone: tzinfo | None = None) -> Rules:
    """The rules in the content of a file; `file` is what problems call it.

    Raises:
        RulesError: they cannot be used; it names every problem.
    """
    section = Section(file)
    section.read(parse(decode(content, file), file))
    rules: list[Rule] = []
    for written in section.rules:
        try:
            rule = _compiled(written, zone)
        except ExpressionError as error:
            section.problems.append(_problem(file, written, error))
        else:
            rules.append(rule)
            section.warnings += _warnings(written, rule)
    if section.problems:
        raise RulesError(section.problems)
    return Rules(tuple(rules), _digest(section.rules), tuple(section.warnings))


def _compiled(written: WrittenRule, zone: tzinfo | None) -> Rule:
    return Rule(
        group=written.group,
        name=written.name,
        message=written.message,
        expression=compile_expression(written.expression, roots={ROOT: appointment_schema()}, zone=zone),
    )


def _problem(file: str, written: WrittenRule, error: ExpressionError) -> SettingError:
    what = f"{file}: {written.place}: {error.message} (line {error.line}, column {error.column})"
    return problem(what, "correct its Expression there", excerpt=error.excerpt)


def _warnings(written: WrittenRule, rule: Rule) -> Iterable[str]:
    for warning in rule.expression.warnings:
        yield f"{written.place}: {warning.message} (line {warning.line}, column {warning.column})"


def _digest(written: Iterable[WrittenRule]) -> str:
    rules = [(rule.group, rule.name, rule.message, rule.expression) for rule in written]
    return hashlib.sha256(json.dumps(rules).encode()).hexdigest() if rules else ""
