"""The templates of `[mapping]`: what they can name, and what happens when they cannot."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.appointment import Appointment
from models.content import Importance
from models.ids import AppointmentGuid, AppointmentId
from models.record import Record
from models.setting_error import SettingError
from models.templates import Templates, compile_templates
from models.when import AllDay, Timed

BRUSSELS = ZoneInfo("Europe/Brussels")
NESTED = {
    "Id": 12,
    "Subject": "as delivered",
    "StartDate": "2026-08-04T09:00:00",
    "PlanningQty": 2.5,
    "IsPlanned": True,
    "Category": {"Name": "SERVICE", "DisplayName": "Service", "Color": "#ff0000"},
    "Task": {
        "TaskNo": "T-1",
        "Values": 7,
        "FreeText1": None,
        "Items": [{"No": "A"}, {"No": "B"}],
        "Job": {"JobNo": "J-1", "ShortDescription": "Boiler <new>", "City": "Ghent"},
    },
    "Resources": [{"ResourceNo": "EMP-1", "DisplayName": "Ann"}],
}


def appointment(record: dict[str, Any] | None = None, **changes: Any) -> Appointment:
    given: dict[str, Any] = {
        "id": AppointmentId("12"),
        "number": "APP-12",
        "guid": AppointmentGuid("b4d0c2f2-0000-4000-8000-000000000012"),
        "subject": "Boiler",
        "body": "Replace\nthe boiler",
        "when": Timed(start=datetime(2026, 8, 4, 7, tzinfo=UTC), end=datetime(2026, 8, 4, 15, tzinfo=UTC)),
        "importance": Importance.HIGH,
        "category": "SERVICE",
        "record": Record(NESTED if record is None else record),
    }
    return Appointment(**given | changes)


def compiled(subject: str = "", body: str = "", location: str = "") -> Templates:
    return compile_templates(subject=subject, body=body, location=location)


def rendered(subject: str, item: Appointment | None = None) -> str:
    result = compiled(subject=subject).render(item or appointment(), BRUSSELS)
    assert not result.failures
    return result.subject


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ appointment.subject }}", "Boiler"),
        ("{{ Appointment.SUBJECT }}", "Boiler"),
        ("{{ appointment.number }} {{ appointment.appointmentNo }} {{ appointment.id }}", "APP-12 APP-12 12"),
        ("{{ appointment.task.taskNo }}/{{ appointment.job.jobNo }}", "T-1/J-1"),
        ("{{ appointment.TASK.JOB.SHORTDESCRIPTION }}", "Boiler <new>"),
        ("{{ appointment.task['Job'].city|upper }}", "GHENT"),
        ("{{ appointment.task.values }}{{ appointment.task.items[1].no }}", "7B"),
        ("{% for r in appointment.resources %}{{ r.displayName }}{% endfor %}", "Ann"),
        ("{{ appointment.category }} {{ appointment.category.color }}", "SERVICE #ff0000"),
        ("{{ 'x' if appointment.category == 'SERVICE' }}{{ appointment.category|lower }}", "xservice"),
        ("{{ appointment.start.strftime('%d/%m %H:%M') }}", "04/08 09:00"),
        ("{{ appointment.startDate }} {{ appointment.end.hour }}", "2026-08-04 09:00:00+02:00 17"),
        (
            "{{ appointment.importance }} {{ appointment.planningQty }} {{ appointment.isAllDay }}",
            "high 2.5 False",
        ),
        ("{{ appointment.nothing }}{{ appointment.no.such.thing }}{{ other.thing }}", ""),
        ("{{ appointment.task.freeText1 }}|{{ appointment.task.keys }}|", "||"),
        ("{{ appointment.subject.nothing }}", ""),
        ("{# a note #}fixed", "fixed"),
    ],
)
def test_a1_a_template_names_every_property_in_any_letter_case(template: str, text: str) -> None:
    assert rendered(template) == text


def test_a1_a_flat_appointment_has_its_task_and_job_too() -> None:
    item = appointment({"taskNo": "T-2", "JOBNO": "J-2"})
    assert rendered("{{ appointment.task.taskNo }}/{{ appointment.job.jobNo }}", item) == "T-2/J-2"


def test_a1_an_appointment_without_a_record_has_its_own_fields() -> None:
    assert (
        rendered("{{ appointment.category.name }}{{ appointment.job.jobNo }}", appointment({})) == "SERVICE"
    )


def test_c8_an_all_day_appointment_starts_at_midnight_of_its_date() -> None:
    item = appointment(when=AllDay(first=date(2026, 8, 10), until=date(2026, 8, 11)))
    assert rendered("{{ appointment.start }}", item) == "2026-08-10 00:00:00+02:00"


def test_the_plain_templates_are_the_plain_fields() -> None:
    result = compiled("{{ appointment.subject }}", "{{appointment.Body}}").render(appointment(), BRUSSELS)
    assert (result.subject, result.body, result.location) == ("Boiler", "Replace\nthe boiler", None)


def test_a_template_may_put_one_field_into_another() -> None:
    result = compiled("{{ appointment.body }}", "{{ appointment.subject }}").render(appointment(), BRUSSELS)
    assert (result.subject, result.body) == ("Replace\nthe boiler", "Boiler")


def test_a_location_that_renders_to_nothing_is_an_empty_location_and_not_the_persons() -> None:
    assert compiled(location="{{ appointment.nothing }}").render(appointment(), BRUSSELS).location == ""
    assert compiled(location="  ").render(appointment(), BRUSSELS).location is None


def test_a_failing_template_falls_back_to_its_field_and_says_which_it_was() -> None:
    templates = compiled(
        "{{ 1 / 0 }}", "{{ appointment.subject + 1 }}", "{{ appointment.start.replace(hour=99) }}"
    )
    result = templates.render(appointment(), BRUSSELS)
    assert (result.subject, result.body, result.location) == ("Boiler", "Replace\nthe boiler", "")
    assert [failure.key for failure in result.failures] == [
        "mapping.subject",
        "mapping.body",
        "mapping.location",
    ]
    assert result.failures[0].message == "ZeroDivisionError"


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ appointment.__class__.__init__.__globals__ }}",
        "{{ '{0.__class__.__init__.__globals__}'.format(appointment) }}",
        "{{ appointment.category.of.__globals__ }}",
        "{{ range(10000000) }}",
    ],
)
def test_a_template_cannot_leave_its_sandbox(template: str) -> None:
    result = compiled(template).render(appointment(), BRUSSELS)
    assert result.subject == "" or result.failures


@pytest.mark.parametrize(
    ("name", "key"), [(name, f"mapping.{name}") for name in ("subject", "body", "location")]
)
def test_a_broken_template_is_a_configuration_error_that_names_its_key(name: str, key: str) -> None:
    with pytest.raises(SettingError, match="not a template") as caught:
        compile_templates(**{"subject": "", "body": "", "location": "", name: "{{ appointment.subject "})
    assert caught.value.key == key
    assert caught.value.remedy


def test_the_same_settings_give_equal_templates() -> None:
    assert compiled("a{{ appointment.id }}") == compiled("a{{ appointment.id }}") != compiled("b")


@given(st.text(max_size=30))
def test_no_word_of_an_appointment_is_taken_for_a_template(word: str) -> None:
    item = appointment({"task": {"word": word}}, subject=word)
    assert rendered("{{ appointment.subject }}{{ appointment.task.word }}", item) == word + word
