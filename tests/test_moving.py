"""A resource gets another mailbox (A11): nothing leaves the old one before it is on disk that it does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from models.decision import Act
from models.ids import AppointmentId, ResourceNo, transaction_id
from models.storage.changes import AddBeforeImage, AddIntent, Change, PutLink
from models.storage.errors import StoreFull
from models.storage.records import Intent, ResourceRecord, ResourceState
from tests.office import BEGIN, Office, lasting, office_at_work

NINE = datetime(2026, 3, 9, 9)  # noqa: DTZ001 - a wall clock


@pytest.fixture
def office() -> Iterator[Office]:
    with office_at_work() as office:
        yield office


def test_a11_d11_an_event_stays_in_the_old_mailbox_until_it_is_on_disk_that_it_goes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A11, D11: a disk that is full at that moment costs nobody an event that could not be put back."""
    office.schedule("Repair", NINE)
    office.settle()
    former = office.person()
    mailbox, (event,) = former.mailbox, former.events()
    store = office.disk.store
    apply, refused = store.apply, list[Change]()
    is_full = True

    def refuse(changes: Iterable[Change]) -> None:
        given = list(changes)
        images = [one for one in given if isinstance(one, AddBeforeImage)]
        if is_full and images:
            refused.extend(images)
            raise StoreFull("the disk is full", "make room")
        apply(given)

    monkeypatch.setattr(store, "apply", refuse)
    office.get_mailbox()
    office.run(1800)
    assert refused
    assert event in mailbox.events(mailbox.default_calendar)

    is_full = False
    office.settle(3600)
    assert event not in mailbox.events(mailbox.default_calendar)
    assert [one.content.subject for one in office.person().events()] == ["Repair"]
    assert event.immutable_id in {image.event_id for image in store.before_images(BEGIN)}


def test_a11_d11_an_appointment_of_which_an_older_store_has_another_number_leaves_the_board(
    office: Office,
) -> None:
    """A11, D11: the store is from before the appointment was made again, and the resource moves as well."""
    office.person().create(subject="Dentist", **lasting(NINE))
    office.settle()
    (appointment,) = office.board()
    (link,) = office.disk.store.links_of_appointment(guid=appointment.guid)  # type: ignore[arg-type]  # a text
    office.disk.store.apply([PutLink(link=replace(link, appointment_id=AppointmentId("999999")))])
    office.kill(down=1.0)
    office.get_mailbox()
    office.settle()
    assert office.board() == []


@pytest.mark.parametrize("is_confirmed", [True, False], ids=["confirmed", "unconfirmed"])
def test_a11_d3_an_event_that_was_to_be_deleted_stays_once_it_is_taken_up_again(
    office: Office, *, is_confirmed: bool
) -> None:
    """A11, D3: the resource is back in the mailbox before what it left there was cleared away."""
    guid = office.schedule("Repair", NINE)
    office.settle()
    (link,) = office.disk.store.links_of_appointment(guid=guid)  # type: ignore[arg-type]  # a number is a text
    assert link.event_id is not None
    clearing = Intent(
        id="left behind",
        resource_no=link.resource_no,
        act=Act.DELETE_EVENT,
        mailbox=link.mailbox,
        event_id=link.event_id if is_confirmed else None,
        transaction_id="" if is_confirmed else transaction_id(link.guid, link.resource_no, link.mailbox, 0),
        at=BEGIN,
    )
    office.disk.store.apply([AddIntent(intent=clearing)])
    office.kill(down=1.0)
    office.settle()
    assert office.disk.store.pending_intents() == ()
    assert [one.guid for one in office.board()] == [guid]
    (event,) = office.person().events()
    assert event.immutable_id == link.event_id


def asked_late(office: Office) -> None:
    """The resource gets another mailbox, which is not found for a quarter of an hour."""
    office.schedule("Repair", NINE)
    office.settle()
    office.get_mailbox()
    name, _, _ = office.person().address.partition("@")
    late = office.refuse_once(name)
    office.run(400.0)
    assert late.struck


def resource_of(office: Office) -> ResourceRecord:
    record = office.disk.store.resource_of(ResourceNo(office.numbers[0]))
    assert record is not None
    return record


def test_a11_a_mailbox_that_is_found_late_is_none_when_the_board_names_another_by_now(office: Office) -> None:
    """A11: only what the board says now counts."""
    asked_late(office)
    office.get_mailbox()
    office.run(2_000.0)
    found = resource_of(office)
    assert (found.state, found.email) == (ResourceState.ACTIVE, office.person().address)
    assert [one.content.subject for one in office.person().events()] == ["Repair"]


def test_a9_a_mailbox_that_is_found_late_does_not_switch_its_resource_on_again(office: Office) -> None:
    """A9: not for a moment."""
    asked_late(office)
    office.services.board.resource_change(office.numbers[0], {"exchangeIntegrationEnabled": False})
    office.oracle.resource_touched(office.numbers[0])
    office.run(400.0)
    for _ in range(50):
        assert resource_of(office).state is ResourceState.OFF
        office.run(30.0)
