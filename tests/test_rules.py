"""The rule file as customers have it, and what becomes of an appointment by it (A7; facts §4)."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.appointment import Appointment
from models.ids import AppointmentGuid, AppointmentId
from models.record import Record
from models.rules import Rules, RulesError, compile_rules, load_rules
from models.when import Timed
from tests.board_kit import Kit
from tests.test_scheduler_codec import API, SAMPLE_2025, SWAGGER, ZAPIER

FACTS = Path(__file__).parents[2] / "shared" / "facts" / "dime-scheduler.md"
CATEGORY = (
    'appointment.Category <> NULL AND appointment.Category.Name == "SERVICE" AND '
    "appointment.Task <> NULL AND appointment.Task.FreeBit1 == true"
)
MARKER = 'appointment.TimeMarker <> NULL AND appointment.TimeMarker.Name == "IN PROCESS"'
UNGUARDED = 'appointment.Task.Job.JobNo == "J1"'
PASSING: dict[str, Any] = {
    "category": {"name": "SERVICE"},
    "timeMarker": {"name": "IN PROCESS"},
    "task": {"freeBit1": True, "job": {"jobNo": "J1"}},
}


def rule(name: str, expression: str, message: str = "") -> dict[str, str]:
    return {"Name": name, "ErrorMessage": message or f"{name} says no.", "Expression": expression}


def section(*rules: object, group: str = "Filter indicators") -> dict[str, Any]:
    return {"Rules": [{"Name": group, "Rules": list(rules)}]}


def compiled(document: object, zone: ZoneInfo | None = None) -> Rules:
    text = document if isinstance(document, str) else json.dumps(document)
    return compile_rules(text.encode(), file="rules.json", zone=zone)


def appointment(record: object = None) -> Appointment:
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)
    return Appointment(
        id=AppointmentId("1"),
        number="A1",
        guid=AppointmentGuid("00000000-0000-0000-0000-000000000001"),
        subject="Visit",
        body="",
        when=Timed(start=start, end=start.replace(hour=10)),
        record=Record(PASSING if record is None else record),  # type: ignore[arg-type]
    )


def problems(document: object) -> list[str]:
    with pytest.raises(RulesError) as caught:
        compiled(document)
    assert str(caught.value).count("\n") + 1 == len(caught.value.parts)
    assert all(part.key == "rules.file" and part.remedy for part in caught.value.parts)
    return [part.problem.removeprefix("rules.json: ") for part in caught.value.parts]


# The file as it stands


@pytest.mark.parametrize(
    "wrap",
    [
        lambda groups: {"Rules": groups},
        lambda groups: groups,
        lambda groups: {"rules": groups},
        lambda groups: {"Logging": {"LogLevel": {"Default": "Information"}}, "RULES": groups, "Urls": None},
    ],
    ids=["the section", "its list alone", "in small letters", "a whole appsettings.json"],
)
def test_a7_the_section_is_found_wherever_it_is_kept(wrap: Any) -> None:
    rules = compiled(wrap(section(rule("FilterCategory", CATEGORY))["Rules"]))
    assert [(one.group, one.name) for one in rules.rules] == [("Filter indicators", "FilterCategory")]
    assert rules.check(appointment()).passed
    assert not rules.check(appointment({})).passed


def test_a7_the_example_of_the_vendors_page_is_read_unchanged() -> None:
    if not FACTS.exists():
        pytest.skip("the fact sheet of Dime.Scheduler is not here")
    quoted = re.search(
        r'("Rules":\[\{"Name":"Filter indicators".*?\n)```', FACTS.read_text("utf-8"), re.DOTALL
    )
    assert quoted is not None
    # the page gives the second rule in part; its author cut it with "…"
    whole = quoted.group(1).replace('"… appointment.', '"appointment.').replace(' …"', '"')
    rules = compiled("{" + whole + "}")
    assert [one.name for one in rules.rules] == ["FilterCategory", "FilterTimeMarker"]
    assert rules.check(appointment()).passed
    held = rules.check(appointment({**PASSING, "category": {"name": "SALES"}}))
    assert (held.rule, held.message) == ("FilterCategory", "Cannot send this category to Outlook.")


def test_a7_the_json_of_dotnet_is_understood() -> None:
    text = """﻿{
      // what goes to Outlook
      "Rules": [ { "Name": "A", /* one
         group */ "Rules": [
        { "name": "Url", "ERRORMESSAGE": "http://no.comment /* nor this */",
          "expression": "appointment.Subject != \\"a // b\\"", },
      ], }, ],
    }"""
    rules = compiled(text)
    assert rules.rules[0].message == "http://no.comment /* nor this */"
    assert rules.rules[0].expression.text == 'appointment.Subject != "a // b"'
    assert compile_rules(text[1:].encode("utf-16"), file="x").digest == rules.digest


@pytest.mark.parametrize("file", ["", "  "])
def test_a7_without_a_rule_file_every_appointment_passes(file: str) -> None:
    outcome = load_rules(file).check(appointment({}))
    assert outcome.passed
    assert (outcome.rule, outcome.message, outcome.failure) == ("", "", "")


def test_a7_rules_are_read_from_their_file(tmp_path: Path) -> None:
    file = tmp_path / "appsettings.json"
    file.write_text(json.dumps(section(rule("FilterCategory", CATEGORY))), encoding="utf-8-sig")
    assert not load_rules(str(file)).check(appointment({})).passed


def test_a7_times_are_compared_on_the_boards_wall_clock() -> None:
    rules = compiled(section(rule("Early", "appointment.Start.Hour < 9")), ZoneInfo("Europe/Brussels"))
    assert rules.check(appointment({"start": "2026-03-02T08:30:00"})).passed
    assert rules.check(appointment({"start": "2026-03-02T08:30:00Z"})).passed, "a Z says nothing (facts §2.7)"
    assert rules.check(appointment({"start": datetime(2026, 3, 2, 7, 30, tzinfo=UTC)})).passed
    assert not rules.check(appointment({"start": datetime(2026, 3, 2, 8, 30, tzinfo=UTC)})).passed


# The judgement


BOTH = section(rule("FilterCategory", CATEGORY), rule("FilterTimeMarker", MARKER))
OTHER = {"name": "OTHER"}


@pytest.mark.parametrize(
    ("record", "failed"),
    [
        (PASSING, []),
        ({**PASSING, "category": OTHER}, ["FilterCategory"]),
        ({**PASSING, "timeMarker": OTHER}, ["FilterTimeMarker"]),
        ({**PASSING, "category": OTHER, "timeMarker": None}, ["FilterCategory", "FilterTimeMarker"]),
        ({**PASSING, "task": None}, ["FilterCategory"]),
        ({"Category": "SERVICE", "TimeMarker": "IN PROCESS", "Task": {"FreeBit1": "True"}}, []),
        ({**PASSING, "category": {"displayName": "SERVICE"}}, []),
        ({**PASSING, "task": {"freeBit1": None}}, ["FilterCategory"]),
    ],
)
def test_a7_all_rules_have_to_pass(record: dict[str, Any], failed: list[str]) -> None:
    outcome = compiled(BOTH).check(appointment(record))
    assert [verdict.name for verdict in outcome.failed] == failed
    assert outcome.passed is not bool(failed)
    assert outcome.rule == (failed[0] if failed else "")
    assert outcome.failure == (f"{failed[0]}: {failed[0]} says no." if failed else "")


def test_a7_rules_of_every_group_have_to_pass() -> None:
    two = {
        "Rules": [*section(rule("A", "true"))["Rules"], *section(rule("B", "false"), group="Two")["Rules"]]
    }
    (failed,) = compiled(two).check(appointment()).failed
    assert (failed.rule.group, failed.name) == ("Two", "B")


def test_a7_a_rule_that_cannot_be_evaluated_does_not_pass_and_stops_no_other() -> None:
    rules = compiled(section(rule("Job", UNGUARDED), rule("Never", "false"), rule("Always", "true")))
    outcome = rules.check(appointment({"task": None}))
    first, second = outcome.failed
    assert first.reason == "appointment.Task is NULL, so it has no Job (line 1, column 18)"
    assert first.stumbled_over == "appointment.Task"
    assert outcome.failure == "Job: Job says no. [could not be evaluated at appointment.Task]"
    assert (second.name, second.reason) == ("Never", "")


def test_a7_what_a_decision_names_quotes_no_value_of_the_appointment() -> None:
    rules = compiled(section(rule("Date", "appointment.Task.FreeDate1 > appointment.Start")))
    record = {"start": "2026-03-02T08:30:00", "task": {"freeDate1": "CANARY-5512"}}
    outcome = rules.check(appointment(record))
    assert "CANARY" in outcome.failed[0].reason
    assert outcome.failure == "Date: Date says no. [could not be evaluated at appointment.Task.FreeDate1]"


def test_a_defect_of_an_expression_keeps_the_appointment_in_and_is_named() -> None:
    class Broken(Record):
        def lookup(self, lower_name: str) -> Any:
            raise RuntimeError("a defect")

    broken = Broken({})
    (verdict,) = compiled(section(rule("A", "appointment.Locked"))).verdicts(broken)
    assert not verdict.passed
    assert verdict.reason == "evaluating it failed with RuntimeError"


def test_a7_a_verdict_has_the_values_that_the_rule_looked_at() -> None:
    rules = compiled(BOTH)
    (failed,) = rules.check(appointment({**PASSING, "category": OTHER})).failed
    assert dict(failed.looked_at)["appointment.Category.Name"] == '"OTHER"'
    assert not [path for path, _ in failed.looked_at if "Task" in path], "AND ends at the first that is false"
    verdicts = rules.verdicts(Record(PASSING))
    assert [verdict.passed for verdict in verdicts] == [True, True]
    assert dict(verdicts[1].looked_at)["appointment.TimeMarker.Name"] == '"IN PROCESS"'


# Whatever the board's answers look like

SHAPED = section(
    rule("Category", 'appointment.Category.Name == "SERVICE" AND appointment.Category.Color == "#00ff00"'),
    rule("Marker", 'appointment.TimeMarker.Name == "IN PROCESS"'),
    rule("Times", "appointment.Start.Hour == 9 AND (appointment.End - appointment.Start).TotalHours == 1"),
    rule("Task", 'appointment.Task.TaskNo == "T1" AND appointment.Task.Job.CustomerName == "De Linde"'),
    rule("Free", "appointment.Task.FreeBit1 == true AND appointment.Task.FreeDecimal1 == 0"),
    rule(
        "Resources", 'appointment.Resources.Any(ResourceNo == "R2") AND appointment.Assignments.Count() == 2'
    ),
    rule("Rest", "appointment.Importance == 1 AND NOT appointment.Locked AND appointment.IsAllDay == false"),
)


@pytest.mark.parametrize("time_style", ["naive", "wall_z"])
@pytest.mark.parametrize("assignment_list", ["assignments", "resources"])
@pytest.mark.parametrize("time_names", ["start", "startDate"])
def test_a7_a_rule_says_the_same_of_every_shape_of_an_answer(
    time_names: str, assignment_list: str, time_style: str
) -> None:
    kit = Kit.open(time_names=time_names, assignment_list=assignment_list, time_style=time_style)
    kit.plan(category="SERVICE", timeMarker="IN PROCESS", importance=1, resources=["R1", "R2"])
    (document,) = kit.get("/appointment?startDate=2026-03-01&endDate=2026-03-15")
    verdicts = compiled(SHAPED).verdicts(Record(document))
    assert [(verdict.name, verdict.reason) for verdict in verdicts if not verdict.passed] == []


@pytest.mark.parametrize(
    "document", [API, SWAGGER, SAMPLE_2025, ZAPIER], ids=["api", "swagger", "sample", "zapier"]
)
def test_a7_a_rule_says_the_same_of_every_shape_that_was_seen(document: dict[str, Any]) -> None:
    rules = compiled(
        section(
            rule("No", "appointment.Id == 1212993"),
            rule("Subject", 'appointment.Subject == "Sick"'),
            rule("Importance", "appointment.Importance == 1 AND appointment.Locked"),
            rule("Job", 'appointment.JobNo == "J1"'),
            rule("Start", "appointment.Start == DateTime(2025, 10, 2, 9, 0, 0)"),
        )
    )
    assert rules.check(appointment(document)).failure == ""


# What is wrong with a file


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "has no Rules section"),
        ([3], "entry 1 of Rules is a number, not a group of rules"),
        ("true", "has true or false where the list of groups should be"),
        ({"Rules": None}, "has nothing where the list of groups should be"),
        ({"Rules": {"Name": "A"}}, "has an object where the list of groups should be"),
        ('{"Rules": [], "rules": []}', "has more than one Rules section"),
        ({"Rules": [{"Name": "A"}]}, 'group "A": has nothing for its Rules'),
        ({"Rules": [{"Name": "A", "Rules": "x"}]}, 'group "A": has a text for its Rules'),
        ({"Rules": [rule("A", "true")]}, 'group "A": is a rule, not a group of rules'),
        (section("x"), 'group "Filter indicators": rule 1 is a text, not a rule'),
        (
            section({"Name": "A"}),
            'group "Filter indicators", rule "A": its Expression is nothing, not a text',
        ),
        (section(rule("A", " ")), 'group "Filter indicators", rule "A": its Expression is empty'),
        (
            section({"Name": "A", "Expression": "true", "ErrorMessage": 4}),
            'group "Filter indicators", rule "A": its ErrorMessage is a number, not a text',
        ),
        (
            section({"Name": ["A"], "Expression": "true"}),
            'group "Filter indicators", rule 1: its Name is a list, not a text',
        ),
        (
            '{"Rules":[{"Name":"G","Rules":[{"Name":"A","Expression":"true","expression":"false"}]}]}',
            'group "G", rule "A": has expression more than once',
        ),
        (
            section(rule("A", "appointment.Category.Nam == NULL")),
            'group "Filter indicators", rule "A": .*Nam.*Name.* \\(line 1, column 22\\).*',
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(document: object, said: str) -> None:
    found = problems(document)
    assert len(found) == 1
    assert re.fullmatch(said, found[0]) or found[0] == said


@pytest.mark.parametrize(
    ("text", "said", "caret"),
    [
        ("", "rules.json is not JSON: expecting value (line 1, column 1)", 0),
        ('{"Rules": [}', "rules.json is not JSON: expecting value (line 1, column 12)", 11),
        ('{\n  // a comment\n  "Rules" []\n}', None, 10),
        ('{"Rules": /* never ends', None, 10),
    ],
)
def test_a_file_that_is_no_json_is_told_with_a_caret(text: str, said: str | None, caret: int) -> None:
    with pytest.raises(RulesError) as caught:
        compiled(text)
    (part,) = caught.value.parts
    assert said in (None, part.problem)
    assert part.excerpt.splitlines()[-1] == " " * caret + "^"
    assert part.excerpt.splitlines()[0] in text.splitlines() or not text


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x80abc", b"[" * 200_000, b"[" + b"1" * 5000 + b"]"])
def test_a_file_that_is_no_text_or_no_rules_is_refused(content: bytes) -> None:
    with pytest.raises(RulesError) as caught:
        compile_rules(content, file="rules.json")
    assert caught.value.remedy


def test_every_problem_of_a_file_is_told_at_once() -> None:
    document = section(rule("A", "appointment."), rule("B", "true"), {"Name": "C"}, rule("D", "1 +"))
    found = problems(document)
    assert [re.findall(r'rule "(\w)"', one) for one in found] == [["C"], ["A"], ["D"]]
    with pytest.raises(RulesError) as caught:
        compiled(document)
    located = [part.excerpt for part in caught.value.parts if part.excerpt]
    assert located == ["appointment.\n            ^", "1 +\n   ^"]


@pytest.mark.parametrize("make", ["missing", "folder", "large", "no name"])
def test_a_file_that_cannot_be_read_is_refused(make: str, tmp_path: Path) -> None:
    file = tmp_path / "rules.json"
    if make == "folder":
        file.mkdir()
    elif make == "large":
        file.write_bytes(b" " * (4 * 1024 * 1024 + 1))
    name = "a\0b" if make == "no name" else str(file)
    with pytest.raises(RulesError, match=f"(?s){re.escape(name)}.*; ") as caught:
        load_rules(name)
    assert caught.value.key == "rules.file"


def test_what_can_be_used_and_is_probably_not_meant_is_a_warning() -> None:
    rules = compiled(
        {
            "Rules": [
                {"Name": "Empty", "Rules": []},
                {"Name": "G", "Operator": "Or", "Rules": [{"Expression": UNGUARDED, "Enabled": False}]},
            ]
        }
    )
    assert [warning.split(":")[0] for warning in rules.warnings[:4]] == [
        'group "Empty"',
        'group "G"',
        'group "G", rule 1',
        'group "G", rule "rule 1"',
    ]
    assert any("Task" in warning and "NULL" in warning for warning in rules.warnings[4:])
    assert rules.check(appointment({})).rule == "rule 1"


def test_the_digest_follows_what_the_rules_say_and_not_how_they_are_written() -> None:
    one = compiled(section(rule("A", "true")))
    same = compiled('[ {"name":"Filter indicators","rules":[ {"expression":"true", "Name":"A", // x\n'
                    ' "ErrorMessage":"A says no."} ]} ]')  # fmt: skip
    other = compiled(section(rule("A", "false")))
    assert one.digest == same.digest != other.digest != ""
    assert compiled({"Rules": []}).digest == Rules().digest == ""


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Rules", "Name", "Expression", "ErrorMessage", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_whatever_a_document_holds_it_is_rules_or_problems(document: object) -> None:
    try:
        rules = compiled({"Rules": document})
    except RulesError as error:
        said = [part.problem and part.remedy for part in error.parts]
    else:
        said = [str(rules.check(appointment({})).passed)]
    assert all(said)


@given(st.binary(max_size=60))
def test_whatever_a_file_holds_it_is_rules_or_problems(content: bytes) -> None:
    try:
        answer: object = compile_rules(content, file="rules.json")
    except RulesError as error:
        answer = error.parts
    assert answer
