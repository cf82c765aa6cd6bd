"""What an expression tells besides its answer: where it is wrong, what may fail, what it looked at."""

from __future__ import annotations

import json
import re
import time
from datetime import datetime
from pathlib import Path

import pytest

from models.expressions import (
    DATETIME,
    EvaluationError,
    Expression,
    ExpressionError,
    WarningKind,
    appointment_schema,
    compile_expression,
    shown,
)
from models.record import Record

ROOTS = {"appointment": appointment_schema()}
VENDOR = (
    'appointment.Category <> NULL AND appointment.Category.Name == "SERVICE" AND '
    "appointment.Task <> NULL AND appointment.Task.FreeBit1 == true"
)


FACTS = Path(__file__).parents[2] / "shared" / "facts" / "dime-scheduler.md"


def compiled(text: str) -> Expression:
    return compile_expression(text, roots=ROOTS)


def test_the_example_of_the_vendors_documentation_runs_as_it_is_quoted() -> None:
    if not FACTS.exists():
        pytest.skip("the fact sheet of Dime.Scheduler is not here")
    quoted = re.search(
        r'"FilterCategory".*?"Expression":("(?:[^"\\]|\\.)*")', FACTS.read_text("utf-8"), re.DOTALL
    )
    assert quoted is not None
    expression = compiled(json.loads(quoted.group(1)))
    assert expression.warnings == ()
    for name, bit, answer in (("SERVICE", True, True), ("SALES", True, False), ("SERVICE", False, False)):
        appointment = Record({"Category": {"Name": name}, "Task": {"FreeBit1": bit}})
        assert expression.evaluate({"appointment": appointment}) is answer
    assert expression.evaluate({"appointment": Record({})}) is False


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "there is no expression"),
        ("appointment.Locked ==", 22, "ends too early; expected a value"),
        ("(appointment.Locked", 20, "ends too early; expected “)”"),
        ("appointment.", 13, "ends too early; expected a name"),
        ("appointment.Locked $ true", 20, "did not expect “$”; expected an operator"),
        ("appointment.Locked true", 20, "did not expect “true”; expected an operator or the end"),
        ('appointment.Subject == "x', 24, 'this text is not closed; expected another "'),
        (r'appointment.Subject == "a\qb"', 26, r"“\q” means nothing in a text; write \\ for a \ "),
        ("appointment.Resources.Any(", 27, "ends too early; expected a value or “)”"),
        ("appointment.Id == 99999999999999999999", 19, "is larger than a whole number may be"),
        ("appointment.Id == 12abc", 19, "did not expect “1”"),
        ("appointment.Category.Nmae == NULL", 22, "a Category has no property Nmae; did you mean Name?"),
        ("appointment.Subject.Contians(\"x\")", 21, "a text has no method Contians; did you mean Contains?"),
        ("appointment.Subject.Lenght > 1", 21, "a text has no property Lenght; did you mean Length?"),
        ("Category == NULL", 1, "there is nothing called Category here; did you mean appointment.Category?"),
        ("apointment.Locked", 1, "there is nothing called apointment here; did you mean appointment?"),
        ("iff(true, true, true)", 1, "there is no function iff; did you mean iif?"),
        ("string.IsNull(appointment.Subject)", 8, "String has no IsNull; it has IsNullOrEmpty(…), "),
        ('appointment.Id == "twelve"', 19, '"twelve" is not a number'),
        ('appointment.Start.DayOfWeek == "Moonday"', 32, 'is no DayOfWeek; known are Sunday, Monday'),
        ('DateTime.Parse("tomorrow") < appointment.Start', 10, "Parse: not a date; write it as 2026-01-31"),
        ("DateTime(2026, 13, 1) < appointment.Start", 1, "DateTime: month must be in 1..12"),
        ("appointment.Subject == 5", 21, "compares a text with a whole number"),
        ("appointment.Subject AND true", 13, "AND takes true or false, not a text"),
        ('NOT appointment.Subject == "x"', 1, "NOT binds tighter than a comparison, write NOT (…)"),
        ("appointment.Locked > true", 20, "“>” does not apply to true or false"),
        ("appointment.Subject - 1 == 1", 21, "“-” does not apply to a text and a whole number"),
        ("appointment.Id + 1", 16, "gives a whole number; an expression must give true or false"),
        ('appointment.Subject.Contains(5)', 30, "Contains takes a text, not a whole number"),
        ("appointment.Unheard.Contains(5)", 30, "Contains takes a text, not a whole number"),
        ("appointment.Subject.Contains()", 21, "a text has no method Contains"),
        ('new[] {1, "a"}.Contains(1)', 1, "these must be of one kind, and are a whole number and a text"),
        ("new[] {1, 2}.Contains(appointment.Locked)", 14, "compares a whole number with true or false"),
        ("r => r.Locked", 3, "did not expect “=>”"),
        ("appointment.Resources.All()", 23, "All takes one condition or value"),
        ('appointment.Task.FreeText1 ?? "a" == "a"', 28, "and are a text and true or false"),
        ("appointment.Locked\n AND appointment.Category.X", 27, "a Category has no property X"),
    ],
)  # fmt: skip
def test_an_error_points_at_the_offending_character(text: str, column: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compiled(text)
    error = caught.value
    assert message.strip() in error.message
    assert error.column == column
    line, caret = error.excerpt.split("\n")
    assert caret == " " * (column - 1) + "^"
    assert line == text.split("\n")[error.line - 1]
    assert str(error) == f"{error.message} (line {error.line}, column {column})\n{error.excerpt}"


def test_the_excerpt_of_a_long_line_is_cut_around_the_caret() -> None:
    with pytest.raises(ExpressionError) as caught:
        compiled("true AND " * 60 + "?" + " AND true" * 60)
    line, caret = caught.value.excerpt.split("\n")
    assert len(line) <= 80
    assert line[len(caret) - 1] == "?"


@pytest.mark.parametrize("member", ["Now", "now", "UtcNow", "Today"])
def test_the_time_may_not_be_asked_for_unless_it_is_given(member: str) -> None:
    with pytest.raises(ExpressionError, match="may not ask for the time"):
        compiled(f"appointment.Start > DateTime.{member}")


def test_the_time_that_is_given_is_the_time() -> None:
    roots = {**ROOTS, "now": DATETIME}
    expression = compile_expression(
        "appointment.Start > DateTime.Now && appointment.Start.Date == DateTime.Today && now.Hour == 8",
        roots=roots,
    )
    given: dict[str, Record | datetime] = {
        "appointment": Record({"start": "2026-01-31T09:00"}),
        "now": datetime.fromisoformat("2026-01-31T08:00"),
    }
    assert expression.evaluate(given)
    assert ("now", datetime.fromisoformat("2026-01-31T08:00")) in expression.observe(given)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        (VENDOR, []),
        ("appointment.Task.FreeBit1 == true", ["appointment.Task"]),
        ("appointment.Task.FreeBit1 AND appointment.Task <> NULL", ["appointment.Task"]),
        ("appointment.Task == NULL OR appointment.Task.FreeBit1 == true", []),
        ("appointment.Task <> NULL OR appointment.Task.FreeBit1 == true", ["appointment.Task"]),
        ("!(appointment.Task == NULL) AND appointment.Task.FreeBit1", []),
        ("!(appointment.Task == NULL OR appointment.Task.Job == NULL) && appointment.Task.Job.Id > 0", []),
        ("appointment.Task <> NULL AND appointment.Task.Job.JobNo <> NULL", ["appointment.Task.Job"]),
        ("appointment.Task?.Job <> NULL AND appointment.Task.Job.JobNo <> NULL", []),
        ("appointment.Task <> NULL ? appointment.Task.FreeBit1 : true", []),
        ("appointment.Task <> NULL ? true : appointment.Task.FreeBit1", ["appointment.Task"]),
        ('appointment.Subject.Contains("x")', ["appointment.Subject"]),
        ('!string.IsNullOrEmpty(appointment.Subject) AND appointment.Subject.Contains("x")', []),
        ('appointment.Subject == "x" AND appointment.Subject.Length == 1', []),
        ("np(appointment.Task.Job.JobNo) <> NULL", []),
        ("appointment.Start.Hour == 9", []),
        ("appointment.Resources.Any(Email.Length > 1)", ["appointment.Resources[].Email"]),
        ("appointment.Resources.Any(Email <> NULL && Email.Length > 1)", []),
        ("appointment.Resources.Any(Email <> NULL) && appointment.Resources.Any(Email.Length > 1)",
         ["appointment.Resources[].Email"]),
        ("appointment.Resources.FirstOrDefault().ResourceNo <> NULL", ["appointment.Resources.First()"]),
        ("appointment.Task.FreeBit1 AND appointment.Task.FreeBit2", ["appointment.Task"]),
    ],
)  # fmt: skip
def test_it_warns_of_a_member_of_what_may_be_null(text: str, paths: list[str]) -> None:
    warnings = compiled(text).warnings
    assert [warning.path for warning in warnings] == paths
    assert all(warning.kind is WarningKind.NULL_DEREFERENCE for warning in warnings)


def test_a_warning_says_what_to_write_and_points_at_the_member() -> None:
    (warning,) = compiled("appointment.Task.FreeBit1 == true").warnings
    assert "write “appointment.Task <> NULL AND …” before it" in warning.message
    assert (warning.position, warning.line, warning.column) == (17, 1, 18)


def test_it_warns_of_a_property_that_the_board_is_not_known_to_deliver() -> None:
    (warning,) = compiled("appointment.Catgory == NULL").warnings
    assert warning.kind is WarningKind.UNKNOWN_PROPERTY
    assert "did you mean Category?" in warning.message


def test_names_are_the_properties_it_may_look_at_as_the_schema_writes_them() -> None:
    assert compiled(VENDOR.lower()).names == (
        "appointment.Category",
        "appointment.Category.Name",
        "appointment.Task",
        "appointment.Task.FreeBit1",
    )
    assert compiled("appointment.resources.any(r => r.resourceno == appointment.taskno)").names == (
        "appointment.Resources",
        "appointment.Resources[].ResourceNo",
        "appointment.TaskNo",
    )


def test_what_it_looked_at_ends_where_its_answer_was_known() -> None:
    sales = Record({"Category": {"Name": "SALES"}, "Task": {"FreeBit1": True}})
    assert compiled(VENDOR).observe({"appointment": sales}) == (
        ("appointment.Category", Record({"Name": "SALES"})),
        ("appointment.Category.Name", "SALES"),
    )


def test_what_it_looked_at_includes_what_it_failed_on() -> None:
    expression = compiled("appointment.Locked == false AND appointment.Task.FreeBit1 == true")
    assert expression.observe({"appointment": Record({"locked": False})}) == (
        ("appointment.Locked", False),
        ("appointment.Task", None),
    )


def test_a_path_that_is_looked_at_twice_is_reported_once() -> None:
    expression = compiled('appointment.Subject == "a" OR appointment.Subject == "b"')
    assert expression.observe({"appointment": Record({"Subject": "c"})}) == (("appointment.Subject", "c"),)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "NULL"),
        (True, "true"),
        ("SERVICE", '"SERVICE"'),
        ("x" * 200, '"' + "x" * 79 + '…"'),
        (12, "12"),
        (datetime.fromisoformat("2026-01-31T08:00"), "2026-01-31 08:00"),
        ((1, 2), "a list of 2"),
        (Record({"a": 1}), "an object"),
    ],
)
def test_a_value_is_shown_as_its_author_would_write_it(value: object, text: str) -> None:
    assert shown(value) == text


def test_a_root_that_was_not_given_is_named() -> None:
    with pytest.raises(EvaluationError, match="nothing was given as appointment"):
        compiled("appointment.Locked").evaluate({})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("true" + " AND true" * 2000, "longer than the 10,000 characters"),
        ("(" * 65 + "true" + ")" * 65, None),
        ("!" * 65 + "true", "nested more than 64 deep"),
        ("1" + " + 1" * 100 + " > 0", "nested more than 64 deep"),
        ("appointment" + ".Task" * 1500 + " == NULL", "nested more than 64 deep"),
        ('"a"' + '.Replace("a", "aa")' * 70 + ' == ""', "nested more than 64 deep"),
        ("1 == 1e999", "is out of the range of a number"),
        ("1 == 1" + "0" * 50, "at most 40 digits"),
    ],
)
def test_what_is_too_large_is_refused(text: str, message: str | None) -> None:
    if message is None:
        assert compiled(text).evaluate({"appointment": Record({})})
        return
    with pytest.raises(ExpressionError, match=message):
        compiled(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "appointment.Resources.Any(a => appointment.Resources.Any(b => appointment.Resources.Any("
            'c => c.ResourceNo + b.ResourceNo == a.ResourceNo + "!")))',
            "takes more than the 10,000 steps",
        ),
        (
            "appointment.Subject" + '.Replace("x", "xxxxxxxxxx")' * 6 + ' == ""',
            "makes a text of more than 100,000",
        ),
        ('appointment.Resources.All(appointment.Body.ToLower() <> "a")', "takes more than the 10,000 steps"),
        ('appointment.Subject.Split("x").Count() == 0', "makes more than 1,000 parts"),
    ],
)
def test_an_evaluation_ends_soon_whatever_it_is_given(text: str, message: str) -> None:
    appointment = Record(
        {
            "Resources": [{"ResourceNo": f"R{n}"} for n in range(500)],
            "Subject": "x" * 2000,
            "Body": "B" * 1_000_000,
        }
    )
    expression = compiled(text)
    began = time.process_time()
    with pytest.raises(EvaluationError, match=message):
        expression.evaluate({"appointment": appointment})
    assert time.process_time() - began < 2.0


def test_a_field_is_data_and_never_code() -> None:
    hostile = Record({"Subject": '" || true || "', "Body": "__import__('os').system('true')"})
    assert not compiled('appointment.Subject == "x"').evaluate({"appointment": hostile})
    for text in (
        '__import__("os")',
        "appointment.__class__.__mro__ == NULL && false || appointment.__class__.x",
        "appointment.Subject.__len__() == 1",
        'System.IO.File.ReadAllText("x") == ""',
        'string.Format("{0.__class__}", appointment) == NULL',
    ):
        with pytest.raises((ExpressionError, EvaluationError)):
            compiled(text).evaluate({"appointment": hostile})
