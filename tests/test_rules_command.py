"""`rules test`: which rules pass or fail for an appointment, for people and for tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from actors.commandline.rules import commands
from tests.test_rules import CATEGORY, PASSING, UNGUARDED, rule, section


class Desk:
    """A folder with files, and the command run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rules = self.file(
            "appsettings.json", section(rule("Category", CATEGORY), rule("Job", UNGUARDED))
        )

    def file(self, name: str, content: object) -> str:
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8-sig")
        return str(path)

    def test(self, appointment: str, *more: str, stdin: str = "") -> Result:
        arguments = ["test", "--appointment", appointment, "--rules", self.rules, *more]
        return CliRunner().invoke(commands, arguments, input=stdin)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(
    "wrap", [lambda document: document, lambda document: [document]], ids=["one", "a list of one"]
)
def test_an_appointment_that_passes_ends_with_0(desk: Desk, wrap: Any) -> None:
    done = desk.test(desk.file("a.json", wrap(PASSING)))
    assert done.exit_code == 0
    assert "Category (Filter indicators) passes" in done.stdout
    assert '  appointment.Category.Name: "SERVICE"' in done.stdout.splitlines()
    assert done.stdout.splitlines()[-1] == "the appointment goes to Outlook: every rule passes"
    assert "warning: " in done.stderr
    assert "appointment.Task is NULL" in done.stderr, "the job's rule is not guarded"


def test_an_appointment_that_fails_ends_with_1_and_the_values_that_were_looked_at(desk: Desk) -> None:
    done = desk.test(desk.file("a.json", {**PASSING, "task": None}))
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert "Category (Filter indicators) does not pass: Category says no." in lines
    assert "  could not be evaluated: appointment.Task is NULL, so it has no Job (line 1, column 18)" in lines
    assert lines[-1] == "the appointment stays out of Outlook: 2 of 2 rules do not let it through"


def test_json_is_one_document(desk: Desk) -> None:
    done = desk.test("-", "--json", stdin=json.dumps({**PASSING, "category": "SALES"}))
    assert done.exit_code == 1
    said = json.loads(done.stdout)
    assert said["passed"] is False
    first, second = said["rules"]
    assert (first["group"], first["name"], first["passed"]) == ("Filter indicators", "Category", False)
    assert first["message"] == "Category says no."
    assert first["values"]["appointment.Category.Name"] == '"SALES"'
    assert (second["passed"], second["reason"], second["expression"]) == (True, "", UNGUARDED)
    assert said["warnings"]


def test_without_rules_every_appointment_goes(desk: Desk) -> None:
    desk.rules = desk.file("none.json", {"Rules": []})
    done = desk.test(desk.file("a.json", {}))
    assert (done.exit_code, done.stdout) == (0, "there are no rules: the appointment goes to Outlook\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ("[{}, {}]", "is not one appointment"),
        ('"x"', "is not one appointment"),
        (None, "No such file"),
    ],
)
def test_what_is_no_appointment_is_wrong_usage(desk: Desk, content: str | None, said: str) -> None:
    name = str(desk.folder / "gone.json") if content is None else desk.file("a.json", content)
    done = desk.test(name)
    assert done.exit_code == 2
    assert done.stderr.startswith(name)
    assert said in done.stderr


def test_rules_that_cannot_be_used_are_told_with_their_places(desk: Desk) -> None:
    desk.rules = desk.file("bad.json", section(rule("A", "appointment."), rule("B", "1 +")))
    done = desk.test(desk.file("a.json", {}))
    assert done.exit_code == 2
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert sum(line.startswith(desk.rules) for line in lines) == 2
    assert lines[1:3] == ["    appointment.", "    " + " " * 12 + "^"]
