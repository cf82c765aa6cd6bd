"""Whatever a rule says and whatever the board delivers: an answer, or an error that knows its place."""

from __future__ import annotations

import string

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.expressions import (
    EvaluationError,
    ExpressionError,
    LocatedError,
    appointment_schema,
    compile_expression,
)
from models.expressions.errors import Fault
from models.expressions.parser import parse
from models.record import Record

ROOTS = {"appointment": appointment_schema()}
RELAXED = settings(deadline=None, max_examples=400, suppress_health_check=[HealthCheck.too_slow])

LANGUAGE = r"""
. , ( ) [ ] { } ? ?. ?? : => == = != <> < <= > >= + - * / % & | ! && || " ' \ @ # $ appointment r it
and or not in new iif np isnull true false null eq ne mod Any All Count First Contains Where Value
Category Name Task Job FreeBit1 FreeText1 FreeDecimal1 Resources ResourceNo Start End DayOfWeek
AddDays Length ToLower Substring DateTime TimeSpan string IsNullOrEmpty Parse Math Abs
1 0 -1 1.5 1e5 0x1F 99999999999999999999 "a" "" "2026-01-31" 'b' "\u00e9"
"""
WORDS = LANGUAGE.split()
TEXTS = st.one_of(
    st.text(max_size=200),
    st.text(alphabet=string.printable, max_size=200),
    st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=40).map("".join),
)

CONDITIONS = ("appointment.Locked == true", "appointment.Task.FreeBit1 == true", "appointment.Importance > 0")
PATHS = st.sampled_from(
    [
        "appointment.Category.Name", "appointment.Category", "appointment.Task", "appointment.Task.FreeBit1",
        "appointment.Task.Job.JobNo", "appointment.Start", "appointment.End", "appointment.Importance",
        "appointment.PlanningQty", "appointment.Subject", "appointment.Locked", "appointment.Resources",
        "appointment.Unknown", "appointment.Unknown.Deep", "appointment.Id", "appointment.Task?.FreeDecimal1",
        "appointment.AppointmentGuid",
    ]
)  # fmt: skip
LITERALS = st.sampled_from(
    ["true", "false", "NULL", "0", "1", "-7", "2.5", "9223372036854775807", '"a"', '""', '"Monday"',
     '"2026-01-31"', "DateTime(2026, 1, 31)", "TimeSpan.FromDays(2)"]
)  # fmt: skip
MEMBERS = st.sampled_from(
    [".Length", ".ToLower()", '.Contains("a")', ".Substring(1)", ".Hour", ".DayOfWeek", ".AddDays(3)",
     ".TotalHours", ".Any()", '.Any(ResourceNo == "R1")', ".Count()", ".First()", ".Value", ".HasValue",
     ".ToString()", "[0]", ".Equals(1)", ".Select(ResourceNo)", ".AddMonths(99999)", '.Split("")', ".Sum()",
     ".Max()"]
)  # fmt: skip


def _larger(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    operators = st.sampled_from(
        ["AND", "OR", "==", "<>", "<", ">=", "+", "-", "*", "/", "%", "in", "??", "&", "|"]
    )
    return st.one_of(
        st.tuples(parts, operators, parts).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        st.tuples(parts, MEMBERS).map("".join),
        parts.map(lambda p: f"!({p})"),
        parts.map(lambda p: f"np({p})"),
        st.tuples(parts, parts, parts).map(lambda p: f"({p[0]} ? {p[1]} : {p[2]})"),
        st.lists(parts, max_size=3).map(lambda items: "new[] {" + ", ".join(items) + "}"),
        st.tuples(parts, st.lists(parts, max_size=3)).map(lambda p: f"{p[0]} in ({', '.join(p[1])})"),
    )


UNKNOWN = st.just("appointment.Unknown")
"""Of no declared type, so that whatever is done with it is judged while it runs."""
PARTS = st.recursive(st.one_of(PATHS, UNKNOWN, UNKNOWN, LITERALS), _larger, max_leaves=12)
EXPRESSIONS = st.one_of(PARTS, PARTS.map(lambda text: f"({text}) == NULL"))

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10), st.datetimes(), st.decimals(),
    st.sampled_from(["2026-01-31T08:00:00", "true", "7.5", "High", "Monday", "9" * 400]),
)  # fmt: skip
NAMES = st.sampled_from(["Name", "FreeBit1", "Job", "JobNo", "ResourceNo", "Deep"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["Name", "FreeBit1", "Job", "JobNo", "ResourceNo", "Deep"]), inner, max_size=4
        ),
    ),
    max_leaves=8,
)
APPOINTMENTS = st.dictionaries(
    st.sampled_from(
        ["Category", "Task", "Start", "EndDate", "Importance", "PlanningQty", "Subject", "Locked",
         "Resources", "Unknown", "Id", "AppointmentGuid"]
    ),
    VALUES,
    max_size=12,
).map(Record)  # fmt: skip


def _check_fault(fault: Fault, text: str) -> None:
    assert 0 <= fault.position <= len(text)
    assert fault.message


def _check_place(error: LocatedError, text: str) -> None:
    assert 0 <= error.position <= len(text)
    assert error.line == text.count("\n", 0, error.position) + 1
    assert error.column >= 1
    assert error.message
    assert error.excerpt.endswith("^")


@RELAXED
@given(TEXTS)
def test_the_parser_answers_or_points_at_a_place(text: str) -> None:
    try:
        parse(text)
    except Fault as fault:
        _check_fault(fault, text)


@RELAXED
@given(TEXTS)
def test_any_text_compiles_or_is_an_error_with_a_position(text: str) -> None:
    try:
        compile_expression(text, roots=ROOTS)
    except ExpressionError as error:
        _check_place(error, text)


@RELAXED
@given(EXPRESSIONS, APPOINTMENTS)
def test_any_expression_of_any_appointment_is_true_or_false_or_an_error_with_a_position(
    text: str, appointment: Record
) -> None:
    try:
        expression = compile_expression(text, roots=ROOTS)
    except ExpressionError as error:
        _check_place(error, text)
        return
    given_roots = {"appointment": appointment}
    observed = expression.observe(given_roots)
    known = {name.lower() for name in expression.names}
    assert all(
        path.lower() in known or any(name.startswith(path.lower()) for name in known) for path, _ in observed
    )
    try:
        answer = expression.evaluate(given_roots)
    except EvaluationError as error:
        _check_place(error, text)
        return
    assert answer is True or answer is False
    assert expression.evaluate(given_roots) is answer


@RELAXED
@given(st.recursive(
    st.sampled_from([*CONDITIONS, "true", "false"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda p: f"({p[0]} AND {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]} OR {p[1]})"),
    ),
), st.booleans(), st.booleans(), st.integers(0, 2))  # fmt: skip
def test_logic_obeys_de_morgan(text: str, locked: bool, bit: bool, importance: int) -> None:
    appointment = Record({"Locked": locked, "Task": {"FreeBit1": bit}, "Importance": importance})
    swapped = text.replace(" AND ", " & ").replace(" OR ", " AND ").replace(" & ", " OR ")
    for condition in (
        "appointment.Locked == true",
        "appointment.Task.FreeBit1 == true",
        "appointment.Importance > 0",
    ):
        swapped = swapped.replace(condition, f"!({condition})")
    swapped = swapped.replace("true", "\0").replace("false", "true").replace("\0", "false")
    swapped = swapped.replace("== false", "== true")  # the constants of the conditions stay
    roots = {"appointment": appointment}
    expected = not compile_expression(text, roots=ROOTS).evaluate(roots)
    assert compile_expression(swapped, roots=ROOTS).evaluate(roots) is expected


@pytest.mark.parametrize(
    "text", ["(" * 5_000, "!" * 9_999, "a." * 4_999, "[" * 9_999, '"' * 9_999, "a=>" * 3_000]
)
def test_no_text_is_too_odd_for_the_parser(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(text, roots=ROOTS)
