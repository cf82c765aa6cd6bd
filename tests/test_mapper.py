"""The field mapping both ways, as values: what is mapped comes back the same, and nothing else is touched."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.appointment import Appointment
from models.bodies import read_block, text_of
from models.categories import CategoryMap
from models.content import Content, Field, Importance, Sensitivity, ShowAs
from models.event import Event, EventDetail, EventHead, EventType
from models.ids import (
    AppointmentGuid,
    AppointmentId,
    Etag,
    EventId,
    MailboxId,
    ResourceNo,
    link_value,
    transaction_id,
)
from models.link import Origin
from models.mapper import Mapper
from models.preferences import Verdict
from models.record import Record
from models.resource import Resource
from models.templates import compile_templates
from models.texts import BODY_LIMIT, SUBJECT_LIMIT
from models.when import AllDay, Timed, When
from models.writes import EventPatch, Rewrite
from models.zones import board_times, board_when, graph_times, graph_when
from tests.sandbox.graph.bodies import Body

BRUSSELS = ZoneInfo("Europe/Brussels")
GUID = AppointmentGuid("b4d0c2f2-0000-4000-8000-000000000012")
MAILBOX = MailboxId("3f7c")
ANN = Resource(resource_no=ResourceNo("EMP-1"), email="ann@example.test", exchange_enabled=True)
MORNING = Timed(start=datetime(2026, 8, 4, 7, tzinfo=UTC), end=datetime(2026, 8, 4, 9, tzinfo=UTC))
LATER = replace(MORNING, end=datetime(2026, 8, 4, 10, tzinfo=UTC))
MONDAY = AllDay(first=date(2026, 8, 10), until=date(2026, 8, 11))
MIDNIGHTS = Timed(start=datetime(2026, 8, 9, 22, tzinfo=UTC), end=datetime(2026, 8, 10, 22, tzinfo=UTC))
"""Monday from midnight to midnight in Brussels."""
CATEGORIES = CategoryMap(
    categories={"SERVICE": "Blue category", "REPAIR": "Red category"},
    board_categories={"oof": "ABSENT", "workingElsewhere": "REMOTE", "Dentist": "MEDICAL"},
)
PLAIN = compile_templates(subject="{{ appointment.subject }}", body="{{ appointment.body }}", location="")
MAPPER = Mapper(zone=BRUSSELS, templates=PLAIN, categories=CATEGORIES)

TEXTS = st.text(
    st.one_of(st.sampled_from(" \t\n\xa0<>&;aé😀"), st.characters(exclude_categories=["Cs"])), max_size=60
)
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1)).map(  # noqa: DTZ001 - made aware here
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)
TIMED = st.builds(
    lambda start, minutes: Timed(start=start, end=start + timedelta(minutes=minutes)),
    INSTANTS,
    st.integers(0, 9999),
)
DAYS = st.builds(
    lambda first, length: AllDay(first=first, until=first + timedelta(days=length)),
    st.dates(date(2000, 1, 1), date(2060, 1, 1)),
    st.integers(1, 30),
)
WHENS: st.SearchStrategy[When] = st.one_of(TIMED, DAYS)


def appointment(**changes: Any) -> Appointment:
    given: dict[str, Any] = {
        "id": AppointmentId("12"),
        "number": "APP-12",
        "guid": GUID,
        "subject": "Boiler",
        "body": "Replace the boiler",
        "when": MORNING,
        "category": "SERVICE",
        "resources": (ANN.resource_no,),
        "source_app": "BC",
        "source_type": "PROD",
        "record": Record({"Task": {"TaskNo": "T-1", "Job": {"JobNo": "J-1"}}}),
    }
    return Appointment(**given | changes)


def head(**changes: Any) -> EventHead:
    given: dict[str, Any] = {
        "id": EventId("AAMk"),
        "etag": Etag('W/"1"'),
        "type": EventType.SINGLE,
        "when": MORNING,
        "show_as": ShowAs.BUSY,
        "sensitivity": Sensitivity.NORMAL,
    }
    return EventHead(**given | changes)


def detail(**changes: Any) -> EventDetail:
    given: dict[str, Any] = {
        "subject": "Dinner",
        "body_html": "<p>at eight</p>",
        "importance": Importance.NORMAL,
    }
    return EventDetail(**given | changes)


def applied(patch: EventPatch, rewrite: Rewrite | None, event: Event) -> Event:
    """The event as a mailbox would have it after a change, its body rewritten by Exchange."""
    assert event.detail is not None
    patches = [patch] if rewrite is None else [patch, rewrite(event.detail)]
    for each in patches:
        members = {"subject": each.subject, "importance": each.importance, "location": each.location}
        said: dict[str, Any] = {name: value for name, value in members.items() if value is not None}
        if each.categories is not None:
            said["categories"] = each.categories
        if each.body_html is not None:
            said["body_html"] = Body.of_html(each.body_html).html
        event = Event(
            head=replace(
                event.head, when=each.when or event.head.when, show_as=each.show_as or event.head.show_as
            ),
            detail=replace(event.detail or detail(), **said),
        )
    return event


def created(item: Appointment, mapper: Mapper = MAPPER) -> Event:
    """The event that a mailbox has after the draft was posted."""
    draft = mapper.event_draft(
        item, mapper.wanted_event(item), resource_no=ANN.resource_no, mailbox=MAILBOX, generation=0
    )
    return Event(
        head=head(when=graph_when(*graph_times(draft.when), BRUSSELS), show_as=draft.show_as),
        detail=EventDetail(
            subject=draft.subject,
            body_html=Body.of_html(draft.body_html).html,
            importance=draft.importance,
            categories=draft.categories,
            location=draft.location,
        ),
    )


# Board-born


def test_a1_an_appointment_becomes_an_event_with_every_mapped_field() -> None:
    mapper = replace(MAPPER, show_as=ShowAs.TENTATIVE, reminder_minutes=30)
    item = appointment(importance=Importance.HIGH)
    wanted = mapper.wanted_event(item)
    draft = mapper.event_draft(item, wanted, resource_no=ANN.resource_no, mailbox=MAILBOX, generation=3)
    assert wanted == Content(
        subject="Boiler",
        body="Replace the boiler",
        when=MORNING,
        importance=Importance.HIGH,
        category="Blue category",
    )
    assert (draft.subject, draft.when, draft.importance) == ("Boiler", MORNING, Importance.HIGH)
    assert (draft.categories, draft.show_as, draft.reminder_minutes) == (
        ("Blue category",),
        ShowAs.TENTATIVE,
        30,
    )
    assert draft.transaction_id == transaction_id(GUID, ANN.resource_no, MAILBOX, 3)
    assert draft.link_value == link_value(GUID, ANN.resource_no)
    assert read_block(draft.body_html) == "Replace the boiler"
    assert text_of(draft.body_html) == "Replace the boiler"


def test_a1_an_appointment_without_text_or_category_makes_an_event_without_them() -> None:
    item = appointment(body=" \r\n", category="")
    draft = MAPPER.event_draft(
        item, MAPPER.wanted_event(item), resource_no=ANN.resource_no, mailbox=MAILBOX, generation=0
    )
    assert (draft.body_html, draft.categories, draft.location) == ("", (), "")


def test_a2_each_resource_gets_its_own_transaction_and_link() -> None:
    item = appointment()
    drafts = [
        MAPPER.event_draft(
            item, MAPPER.wanted_event(item), resource_no=ResourceNo(name), mailbox=MAILBOX, generation=0
        )
        for name in ("EMP-1", "EMP-2")
    ]
    assert len({draft.transaction_id for draft in drafts} | {draft.link_value for draft in drafts}) == 4


@given(TEXTS, TEXTS, WHENS, st.sampled_from(Importance), st.sampled_from(["", "SERVICE", "Other"]))
def test_a8_an_event_reads_back_as_what_the_board_wanted(
    subject: str, body: str, when: When, importance: Importance, category: str
) -> None:
    told = board_when(*board_times(when, BRUSSELS), BRUSSELS)
    item = appointment(subject=subject, body=body, when=told, importance=importance, category=category)
    wanted = MAPPER.wanted_event(item)
    seen = MAPPER.seen_event(created(item), wanted)
    assert list(wanted.differences(seen)) == []
    assert seen.when == wanted.when == told


def test_a8_what_is_too_long_is_cut_and_not_taken_for_a_change() -> None:
    item = appointment(subject="é" * 400, body="😀" * BODY_LIMIT)
    wanted = MAPPER.wanted_event(item)
    assert wanted.subject is not None
    assert len(wanted.subject) == SUBJECT_LIMIT
    seen = MAPPER.seen_event(created(item), wanted)
    assert (seen.subject, seen.body) == (wanted.subject, wanted.body)


def test_a1_the_location_is_the_boards_only_where_it_has_a_template() -> None:
    event = Event(head=head(), detail=detail(location="Ann's office"))
    templates = compile_templates(
        subject="{{ appointment.subject }}", body="", location=" {{ appointment.job.jobNo }}\n"
    )
    mapper = replace(MAPPER, templates=templates)
    assert mapper.wanted_event(appointment()).location == "J-1"
    assert mapper.seen_event(event, None).location == "Ann's office"
    assert MAPPER.wanted_event(appointment()).location is None
    assert MAPPER.seen_event(event, None).location is None


def test_a1_a_failing_template_is_told_and_its_field_goes_out_plain() -> None:
    templates = compile_templates(subject="{{ 1 / 0 }}", body="x", location="")
    mapper = replace(MAPPER, templates=templates)
    assert mapper.wanted_event(appointment()).subject == "Boiler"
    assert [failure.key for failure in mapper.template_failures(appointment())] == ["mapping.subject"]


def test_a3_only_the_fields_that_changed_are_patched() -> None:
    wanted = MAPPER.wanted_event(appointment(when=LATER))
    patch, rewrite = MAPPER.board_patch([Field.WHEN], wanted, None, MORNING)
    assert rewrite is None
    assert patch == EventPatch(when=LATER, start_changed=False, end_changed=True, all_day_changed=False)
    patch, rewrite = MAPPER.board_patch([Field.SUBJECT, Field.IMPORTANCE], wanted, None, MORNING)
    assert rewrite is None
    assert patch == EventPatch(subject="Boiler", importance=Importance.NORMAL)


@pytest.mark.parametrize(
    ("wanted", "seen", "flags"),
    [
        (MORNING, None, (True, True, True)),
        (MORNING, MONDAY, (True, True, True)),
        (MONDAY, MIDNIGHTS, (True, True, True)),
        (MONDAY, replace(MONDAY, until=date(2026, 8, 12)), (True, True, True)),
        (MORNING, replace(MORNING, start=MORNING.start - timedelta(hours=1)), (True, False, False)),
        (MORNING, MIDNIGHTS, (True, True, False)),
    ],
)
def test_a3_of_a_time_only_the_ends_that_moved_are_sent(
    wanted: When, seen: When | None, flags: tuple[bool, bool, bool]
) -> None:
    patch, _ = MAPPER.board_patch([Field.WHEN], Content(when=wanted), None, seen)
    assert (patch.start_changed, patch.end_changed, patch.all_day_changed) == flags


@pytest.mark.parametrize("when", [MORNING, MONDAY])
def test_a8_a_time_that_the_event_has_already_is_not_sent(when: When) -> None:
    patch, rewrite = MAPPER.board_patch([Field.WHEN], Content(when=when), None, when)
    assert patch.is_empty
    assert rewrite is None


def test_c7_an_end_that_a_planner_moves_leaves_a_start_in_the_repeated_hour_alone() -> None:
    second = Timed(start=datetime(2026, 10, 25, 1, 30, tzinfo=UTC), end=datetime(2026, 10, 25, 4, tzinfo=UTC))
    seen = MAPPER.as_board_holds(second)
    assert isinstance(seen, Timed)
    wanted = replace(seen, end=datetime(2026, 10, 25, 5, tzinfo=UTC))
    patch, _ = MAPPER.board_patch([Field.WHEN], Content(when=wanted), None, second)
    assert (patch.start_changed, patch.end_changed) == (False, True)


@given(TEXTS, TEXTS, TEXTS)
def test_a12_the_persons_words_and_categories_survive_a_change_on_the_board(
    mine: str, old: str, new: str
) -> None:
    before = created(appointment(body=old))
    assert before.detail is not None
    noted = Body.of_html(before.detail.body_html.replace("</body>", f"<p>mine: {len(mine)}</p></body>")).html
    event = Event(
        head=before.head,
        detail=replace(
            before.detail, body_html=noted or "<p>mine: 0</p>", categories=("Gym", "Blue category", "Tax")
        ),
    )
    agreed = MAPPER.wanted_event(appointment(body=old))
    wanted = MAPPER.wanted_event(appointment(body=new, category="REPAIR"))
    after = applied(*MAPPER.board_patch([Field.BODY, Field.CATEGORY], wanted, agreed, event.head.when), event)
    assert after.detail is not None
    assert after.detail.categories == ("Gym", "Red category", "Tax")
    assert "mine: " in text_of(after.detail.body_html)
    assert list(wanted.differences(MAPPER.seen_event(after, wanted))) == []


def test_a8_a_rewrite_of_what_is_there_already_is_empty() -> None:
    event = created(appointment())
    wanted = MAPPER.wanted_event(appointment())
    _, rewrite = MAPPER.board_patch([Field.BODY, Field.CATEGORY], wanted, wanted, None)
    assert rewrite is not None
    assert event.detail is not None
    assert rewrite(event.detail).is_empty


@pytest.mark.parametrize(
    ("agreed", "seen"), [(None, None), (Content(body="Bring a ladder"), None), (Content(body=""), "")]
)
def test_a12_a_missing_block_says_nothing_but_where_the_text_is_empty(
    agreed: Content | None, seen: str | None
) -> None:
    event = Event(head=head(), detail=detail(body_html="<p>only mine</p>"))
    assert MAPPER.seen_event(event, agreed).body == seen


def test_a12_a_block_that_the_person_took_out_comes_back_when_the_boards_text_changes() -> None:
    event = Event(head=head(), detail=detail(body_html="<p>only mine</p>"))
    agreed = MAPPER.wanted_event(appointment())
    assert MAPPER.seen_event(event, agreed).body is None
    wanted = MAPPER.wanted_event(appointment(body="new"))
    after = applied(*MAPPER.board_patch([Field.BODY], wanted, agreed, None), event)
    assert after.detail is not None
    assert text_of(after.detail.body_html) == "new\nonly mine"


def test_b11_what_a_person_edits_in_a_board_born_event_is_seen() -> None:
    event = created(appointment())
    assert event.detail is not None
    edited = Event(
        head=replace(event.head, when=MONDAY),
        detail=replace(event.detail, importance=Importance.LOW, categories=("Gym", "Red category")),
    )
    agreed = MAPPER.wanted_event(appointment())
    seen = MAPPER.seen_event(edited, agreed)
    assert set(agreed.differences(seen)) == {Field.WHEN, Field.IMPORTANCE, Field.CATEGORY}
    write = MAPPER.appointment_write_change(
        appointment(), tuple(agreed.differences(seen)), seen, resource=ANN, origin=Origin.BOARD
    )
    assert (write.when, write.importance, write.category) == (MONDAY, Importance.LOW, "REPAIR")
    assert (write.subject, write.body, write.show_as, write.sensitivity) == (None, None, None, None)
    assert (write.source_app, write.source_type, write.job_no, write.task_no) == ("BC", "PROD", "J-1", "T-1")
    assert (write.id, write.guid, write.number, write.outlook_born) == (
        AppointmentId("12"),
        GUID,
        "APP-12",
        False,
    )


def test_b11_a_category_that_a_person_takes_off_is_taken_off_the_appointment() -> None:
    write = MAPPER.appointment_write_change(
        appointment(), [Field.CATEGORY], Content(category=""), resource=ANN, origin=Origin.BOARD
    )
    assert write.category == ""


def test_b14_of_an_event_that_may_not_be_read_only_the_times_are_seen_and_only_where_allowed() -> None:
    event = Event(head=head(sensitivity=Sensitivity.PRIVATE, when=MONDAY))
    agreed = MAPPER.wanted_event(appointment())
    assert MAPPER.seen_event(event, agreed) == Content()
    assert MAPPER.seen_event(event, agreed, times_readable=True) == Content(when=MONDAY)


# Outlook-born


def test_b1_a_shared_event_becomes_an_appointment_with_every_mapped_field() -> None:
    event = Event(
        head=head(show_as=ShowAs.OOF, sensitivity=Sensitivity.PERSONAL),
        detail=detail(importance=Importance.HIGH, categories=("Gym",), location="not mapped"),
    )
    content = MAPPER.wanted_appointment(event, Verdict.SHARED)
    assert content == Content(
        subject="Dinner",
        body="at eight",
        when=MORNING,
        importance=Importance.HIGH,
        category="ABSENT",
        show_as=ShowAs.OOF,
        sensitivity=Sensitivity.PERSONAL,
    )
    write = MAPPER.appointment_write_new(event, content, resource=ANN, guid=GUID)
    assert (write.guid, write.id, write.exchange_id, write.outlook_born) == (
        GUID,
        None,
        EventId("AAMk"),
        True,
    )
    assert (write.resource_no, write.resource_email) == ("EMP-1", "ann@example.test")
    assert (write.subject, write.body, write.category, write.show_as) == (
        "Dinner",
        "at eight",
        "ABSENT",
        ShowAs.OOF,
    )
    assert (write.when, write.importance, write.sensitivity) == (
        MORNING,
        Importance.HIGH,
        Sensitivity.PERSONAL,
    )


def test_b1_a_route_that_carries_no_show_as_says_nothing_of_it_on_either_side() -> None:
    mapper = replace(MAPPER, carries_show_as=False)
    content = mapper.wanted_appointment(Event(head=head(), detail=detail()), Verdict.SHARED)
    assert (content.show_as, content.sensitivity) == (None, None)
    seen = mapper.seen_appointment(appointment(show_as=ShowAs.FREE, sensitivity=Sensitivity.NORMAL))
    assert (seen.show_as, seen.sensitivity) == (None, None)


@given(TEXTS, TEXTS, WHENS, st.sampled_from(Importance), st.sampled_from(ShowAs))
def test_b5_an_appointment_reads_back_as_what_the_event_wanted(
    subject: str, body: str, when: When, importance: Importance, show_as: ShowAs
) -> None:
    event = Event(
        head=head(when=when, show_as=show_as),
        detail=detail(subject=subject, body_html=Body.of_text(body).html, importance=importance),
    )
    wanted = MAPPER.wanted_appointment(event, Verdict.SHARED)
    assert wanted.when is not None
    on_board = appointment(
        subject=wanted.subject,
        body=(wanted.body or "").replace("\n", "\r\n"),
        when=board_when(*board_times(wanted.when, BRUSSELS), BRUSSELS),
        importance=wanted.importance,
        category=wanted.category,
        show_as=wanted.show_as,
        sensitivity=wanted.sensitivity,
    )
    assert MAPPER.seen_appointment(on_board) == wanted


def test_b5_only_the_fields_that_changed_are_written() -> None:
    content = Content(subject="Lunch", body="at noon", when=LATER, show_as=ShowAs.FREE)
    write = MAPPER.appointment_write_change(
        appointment(), [Field.WHEN, Field.SHOW_AS], content, resource=ANN, origin=Origin.OUTLOOK
    )
    assert (write.when, write.show_as, write.outlook_born) == (LATER, ShowAs.FREE, True)
    assert (write.subject, write.body, write.importance, write.category) == (None, None, None, None)
    assert (write.source_app, write.job_no) == ("", "")


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict is not Verdict.SHARED])
def test_b3_a_masked_event_shows_its_time_and_no_word_of_it(verdict: Verdict) -> None:
    secret = detail(subject="Secret", body_html="secret", categories=("Dentist",), importance=Importance.HIGH)
    event = Event(head=head(sensitivity=Sensitivity.PRIVATE), detail=secret)
    masked = Content(
        subject="Unavailable",
        body="",
        when=MORNING,
        importance=Importance.NORMAL,
        category="",
        show_as=ShowAs.BUSY,
        sensitivity=Sensitivity.PRIVATE,
    )
    assert MAPPER.wanted_appointment(event, verdict) == masked
    assert MAPPER.wanted_appointment(replace(event, detail=None), Verdict.SHARED) == masked


@pytest.mark.parametrize("when", [MORNING, MONDAY])
def test_b7_an_exception_is_an_appointment_with_its_own_values(when: When) -> None:
    own = head(
        type=EventType.EXCEPTION,
        when=when,
        series_master_id=EventId("master"),
        original_date=date(2026, 8, 3),
    )
    content = MAPPER.wanted_appointment(Event(head=own, detail=detail(subject="Moved")), Verdict.SHARED)
    assert (content.subject, content.when) == ("Moved", when)


def test_c8_an_event_from_midnight_to_midnight_is_whole_days_on_both_sides() -> None:
    event = Event(head=head(when=MIDNIGHTS), detail=detail())
    assert MAPPER.wanted_appointment(event, Verdict.SHARED).when == MONDAY
    assert MAPPER.seen_event(event, None).when == MONDAY


def test_b15_a_planners_change_reaches_a_plain_event() -> None:
    event = Event(head=head(), detail=detail(categories=("Gym", "Blue category")))
    board = Content(subject="Lunch", body="at noon", when=LATER, importance=Importance.LOW, category="REPAIR")
    fields = [Field.SUBJECT, Field.BODY, Field.WHEN, Field.IMPORTANCE, Field.CATEGORY]
    after = applied(*MAPPER.person_patch(fields, board, event), event)
    assert after.detail is not None
    assert after.detail.categories == ("Gym", "Red category")
    wanted = MAPPER.wanted_appointment(after, Verdict.SHARED)
    assert list(board.differences(wanted)) == []


def test_b15_a_body_that_holds_more_than_words_is_never_replaced() -> None:
    event = Event(head=head(), detail=detail(body_html="<b>at eight</b>"))
    patch, rewrite = MAPPER.person_patch([Field.BODY], Content(body="at noon"), event)
    assert patch.is_empty
    assert rewrite is not None
    assert event.detail is not None
    assert rewrite(event.detail).is_empty


@pytest.mark.parametrize(
    ("entries", "show_as", "category", "new_entries", "new_show_as"),
    [
        (("Gym",), ShowAs.OOF, "REMOTE", None, ShowAs.WORKING_ELSEWHERE),
        (("Gym",), ShowAs.OOF, "MEDICAL", ("Gym", "Dentist"), None),
        (("Gym",), ShowAs.BUSY, "ABSENT", None, ShowAs.OOF),
        (("Dentist", "Gym"), ShowAs.BUSY, "ABSENT", ("Gym",), ShowAs.OOF),
        (("Dentist", "Gym"), ShowAs.OOF, "ABSENT", ("Gym",), None),
        (("Dentist", "Gym"), ShowAs.BUSY, "SERVICE", ("Blue category", "Gym"), None),
        (("Gym",), ShowAs.OOF, "SERVICE", None, None),
        (("Gym",), ShowAs.OOF, "", None, None),
        (("Gym",), ShowAs.BUSY, "Nowhere", None, None),
        (("Dentist", "Gym"), ShowAs.BUSY, "", ("Gym",), None),
        (("Dentist",), ShowAs.BUSY, "MEDICAL", None, None),
    ],
)
def test_b15_a_category_goes_back_to_whatever_gave_it(
    entries: tuple[str, ...],
    show_as: ShowAs,
    category: str,
    new_entries: tuple[str, ...] | None,
    new_show_as: ShowAs | None,
) -> None:
    event = Event(head=head(show_as=show_as), detail=detail(categories=entries))
    _, rewrite = MAPPER.person_patch([Field.CATEGORY], Content(category=category), event)
    assert rewrite is not None
    assert event.detail is not None
    patch = rewrite(event.detail)
    assert (patch.categories, patch.show_as) == (new_entries, new_show_as)


def test_b15_of_a_masked_event_a_planner_can_only_move_the_time() -> None:
    event = Event(head=head(sensitivity=Sensitivity.PRIVATE))
    board = Content(subject="Unavailable!", body="words", when=LATER, category="SERVICE", show_as=ShowAs.FREE)
    patch, rewrite = MAPPER.person_patch(list(Field), board, event)
    assert rewrite is None
    assert patch == EventPatch(when=LATER, start_changed=False, end_changed=True, all_day_changed=False)


def test_b15_show_as_and_sensitivity_are_the_persons() -> None:
    event = Event(head=head(), detail=detail())
    board = Content(show_as=ShowAs.FREE, sensitivity=Sensitivity.NORMAL, location="here")
    patch, rewrite = MAPPER.person_patch([Field.SHOW_AS, Field.SENSITIVITY, Field.LOCATION], board, event)
    assert patch.is_empty
    assert rewrite is None
