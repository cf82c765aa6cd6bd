"""`explain` finds what was decided by each name that an item has got meanwhile, and says what was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from actors.explain import explain
from models.content import Field
from models.decision import Act
from models.ids import ResourceNo
from models.storage.records import DecisionRecord
from models.templates import compile_templates
from models.when import Window
from tests.office import Office, lasting, office_at_work
from tests.simulation.reading import exchange_id

TUESDAY = datetime(2026, 3, 3, 9)  # noqa: DTZ001 - the board's wall clock


@pytest.fixture
def office() -> Iterator[Office]:
    with office_at_work() as working:
        yield working


def decided(office: Office, asked: str) -> list[DecisionRecord]:
    return list(office.disk.store.decisions(asked))


def test_an_appointment_is_found_by_every_name_of_the_event_that_was_made_of_it(office: Office) -> None:
    guid = office.schedule("Boiler", TUESDAY)
    office.settle()
    (event,) = office.person().events()
    (made,) = decided(office, event.uid)
    assert (made.act, made.guid, made.ical_uid) == (Act.CREATE_EVENT, guid, event.uid)
    assert made.event_id
    assert decided(office, made.event_id) == [made]
    said = {change.field: change.board for change in made.changes}
    assert said[Field.SUBJECT] == "Boiler"
    assert said[Field.WHEN] == "2026-03-03 08:00 UTC to 2026-03-03 09:00 UTC"
    assert dict(made.basis)["appointment last changed"].startswith("2026-03-02 08:")
    assert '  subject: "Boiler"' in explain("Boiler", [made], []).as_text().splitlines()


def test_a_template_that_fails_for_an_appointment_is_named() -> None:
    """A1: the plain field stands in for it, and whoever asks learns why."""
    failing = compile_templates(subject="{{ 1 / 0 }}", body="{{ appointment.body }}", location="")
    office = Office()
    office.connector._mapper = replace(office.connector._mapper, templates=failing)
    office.start()
    office.schedule("Boiler", TUESDAY)
    office.settle()
    (made,) = decided(office, "Boiler")
    office.disk.close()
    told = explain("Boiler", [made], []).as_text().splitlines()
    said = "cannot be filled in (ZeroDivisionError); the plain field is written"
    assert f"  mapping.subject: {said}" in told
    assert not [line for line in told if "mapping.body" in line]


def test_an_event_is_found_by_the_number_of_the_appointment_that_was_made_of_it(office: Office) -> None:
    person = office.person()
    event = person.create(subject="Workshop", **lasting(TUESDAY))
    office.settle()
    (appointment,) = office.board()
    (made,) = decided(office, appointment.number)
    assert (made.act, made.number, made.appointment_id) == (
        Act.CREATE_APPOINTMENT,
        appointment.number,
        str(appointment.id),
    )
    assert decided(office, event.uid) == [made]
    assert dict(made.basis)["version of the event"]
    person.change(event, subject="Workshop, moved")
    office.settle()
    assert [one.act for one in decided(office, event.uid)] == [
        Act.UPDATE_APPOINTMENT,
        Act.CREATE_APPOINTMENT,
    ]


def test_e_an_event_that_is_not_shared_has_neither_an_icaluid_nor_a_time_in_the_store(office: Office) -> None:
    person = office.person()
    secret = person.create(subject="Secret", sensitivity="private", **lasting(TUESDAY))
    once = person.create(subject="Once shared", **lasting(TUESDAY + timedelta(hours=3)))
    office.settle()
    person.change(once, sensitivity="private")
    office.settle()
    store, number = office.disk.store, ResourceNo(person.number)
    assert decided(office, secret.uid) == []
    known = decided(office, exchange_id(person.mailbox, once.item)) or list(store.decisions_of(number))
    assert {one.when for one in known} == {None}
    day = Window(start=office.clock.now(), end=office.clock.now() + timedelta(days=3))
    assert store.decisions_about_time(number, day) == ()
