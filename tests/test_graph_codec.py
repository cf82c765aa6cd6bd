"""Reading Graph's events: recorded payloads, unknown members, and nothing of what is not shared."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.clients.graph.codec import own_transaction_id, read_event, read_head
from actors.clients.graph.delta import read_page, read_series
from models.content import Importance, Sensitivity, ShowAs
from models.event import EventType, Response
from models.ids import AppointmentGuid, EventId, MailboxId, ResourceNo, transaction_id
from models.judging import Judge
from models.preferences import Preferences
from models.when import AllDay, Timed
from models.zones import read_instant
from tests.clients_kit import BUSY_AND_NORMAL, EVERYTHING, event_json
from tests.samples import sample

CANARY = "xanthic-quokka"

FULL_EVENTS = [
    "event-single-organizer.json",
    "event-allday.json",
    "event-attendee-copy.json",
    "event-teams-meeting.json",
    "event-second-calendar.json",
    "event-exception-captured.json",
    "event-private-created.json",
    "event-attendees-accepted.json",
    "event-series-master.json",
]


def stub(id_: str, master: str, start: str, end: str, zone: str = "UTC") -> dict[str, Any]:
    """An occurrence with its seven members, as a delta round lists it."""
    return {
        "@odata.type": "#microsoft.graph.event",
        "@odata.etag": 'W/"DwAAABYAAAC"',
        "id": id_,
        "seriesMasterId": master,
        "type": "occurrence",
        "start": {"dateTime": start, "timeZone": zone},
        "end": {"dateTime": end, "timeZone": zone},
    }


def master(id_: str = "M1", *, zone: str = "W. Europe Standard Time", **members: Any) -> dict[str, Any]:
    """A weekly series."""
    series_range = {"type": "noEnd", "startDate": "2026-11-23", "recurrenceTimeZone": zone}
    return event_json(
        id_, type="seriesMaster", recurrence={"pattern": {"type": "weekly"}, "range": series_range}, **members
    )


def test_a_recorded_delta_page_becomes_singles_and_a_series_with_its_occurrences() -> None:
    page = read_page(sample("delta-initial-captured.json")["value"], EVERYTHING, delta_link="link")
    assert len(page.events) == 2
    [series] = page.series
    assert series.master.head.type is EventType.MASTER
    assert [one.head.type for one in series.occurrences] == [
        EventType.OCCURRENCE,
        EventType.EXCEPTION,
        EventType.OCCURRENCE,
    ]
    assert [one.head.original_date for one in series.occurrences] == [
        date(2026, 8, 3),
        date(2026, 8, 10),
        date(2026, 8, 17),
    ]
    assert (page.removed, page.unplaced, page.unreadable, page.delta_link) == ((), (), (), "link")


def test_an_occurrence_has_its_own_time_and_the_words_of_its_master() -> None:
    page = read_page(sample("delta-initial-captured.json")["value"], EVERYTHING)
    first, moved, _ = page.series[0].occurrences
    assert first.head.when == Timed(
        start=datetime(2026, 8, 3, 7, tzinfo=UTC), end=datetime(2026, 8, 3, 7, 30, tzinfo=UTC)
    )
    assert first.detail == page.series[0].master.detail
    assert moved.detail is not None
    assert moved.detail.subject.endswith("(moved to 11:00)")
    assert moved.head.key == f"{page.series[0].master.head.id}/2026-08-10"


@pytest.mark.parametrize("name", FULL_EVENTS)
def test_every_recorded_event_is_read(name: str) -> None:
    payload = sample(name)
    event = read_event(payload, EVERYTHING)
    assert event is not None
    assert event.head.id == payload["id"]
    assert event.detail is not None
    assert event.detail.subject == payload["subject"]


def test_a_recorded_all_day_event_keeps_its_dates_whatever_zone_it_names() -> None:
    head = read_head(sample("event-allday.json"))
    assert head is not None
    assert head.when == AllDay(first=date(2026, 8, 10), until=date(2026, 8, 11))


def test_a_recorded_attendee_copy_is_not_its_owner_s_to_change() -> None:
    head = read_head(sample("event-attendee-copy.json"))
    assert head is not None
    assert not head.is_organizer


@pytest.mark.parametrize("value", ["elsewhen", "", None, 7, {"a": 1}])
def test_c9_an_unknown_show_as_is_unknown_and_so_not_shared(value: object) -> None:
    event = read_event(event_json(showAs=value), BUSY_AND_NORMAL)
    assert event is not None
    assert event.head.show_as is ShowAs.UNKNOWN
    assert event.detail is None


@pytest.mark.parametrize("value", ["topSecret", "", None, 7, ["normal"]])
def test_c9_an_unknown_sensitivity_is_private_and_so_not_shared(value: object) -> None:
    event = read_event(event_json(sensitivity=value), BUSY_AND_NORMAL)
    assert event is not None
    assert event.head.sensitivity is Sensitivity.PRIVATE
    assert event.detail is None


def test_c9_an_event_with_hardly_any_member_is_placed_and_kept_private() -> None:
    bare = {
        "id": "E",
        "start": {"dateTime": "2026-11-24T09:00:00"},
        "end": {"dateTime": "2026-11-24T10:00:00", "timeZone": None},
    }
    event = read_event(bare, BUSY_AND_NORMAL)
    assert event is not None
    assert event.head.type is EventType.SINGLE
    assert event.head.response is Response.NONE
    assert event.head.when == Timed(
        start=datetime(2026, 11, 24, 9, tzinfo=UTC), end=datetime(2026, 11, 24, 10, tzinfo=UTC)
    )
    assert event.detail is None


def test_c9_one_item_without_a_time_does_not_hold_up_the_others() -> None:
    broken = event_json("E2", start={"dateTime": "soon"}, subject=CANARY)
    page = read_page([event_json("E1"), broken, event_json("E3")], EVERYTHING)
    assert [event.head.id for event in page.events] == ["E1", "E3"]
    assert page.unreadable == ("E2",)
    assert CANARY not in repr(page)


def test_letter_case_of_enumerations_does_not_matter() -> None:
    payload = event_json(showAs="OOF", sensitivity="Personal", importance="HIGH", type="SingleInstance")
    event = read_event(payload, EVERYTHING)
    assert event is not None
    assert event.detail is not None
    assert (event.head.show_as, event.head.sensitivity) == (ShowAs.OOF, Sensitivity.PERSONAL)
    assert event.detail.importance is Importance.HIGH


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = [
    *event_json(),
    "recurrence",
    "seriesMasterId",
    "occurrenceId",
    "originalStart",
    "@removed",
    "attendees",
]
TYPES = st.sampled_from(["singleInstance", "occurrence", "exception", "seriesMaster", "novelty", None, 3])
odd_events = st.builds(
    lambda changes, kind, id_, master_id: event_json(id_) | changes | {"type": kind} | master_id,
    st.dictionaries(st.sampled_from(NAMES), json_values, max_size=6),
    TYPES,
    st.sampled_from(["A", "B", "C"]),
    st.sampled_from([{}, {"seriesMasterId": "A"}, {"seriesMasterId": "Z"}]),
)


@given(items=st.lists(odd_events | json_values, max_size=5))
@settings(max_examples=300, deadline=None)
def test_c9_nothing_that_json_can_hold_makes_reading_a_page_fail(items: list[Any]) -> None:
    page = read_page(items, EVERYTHING)
    known = {item["id"] for item in items if isinstance(item, dict) and isinstance(item.get("id"), str)}
    told = [event.head.id for event in page.events] + [*page.removed, *page.unreadable]
    told += [one.master.head.id for one in page.series]
    told += [event.head.id for series in page.series for event in series.occurrences]
    assert set(told) <= known
    assert len(told) == len(set(told)), "an item is told of once"


@given(changes=st.dictionaries(st.sampled_from(NAMES), json_values, max_size=8))
@settings(max_examples=200, deadline=None)
def test_c9_nothing_that_json_can_hold_makes_reading_an_event_fail(changes: dict[str, Any]) -> None:
    event = read_event(event_json() | changes, EVERYTHING)
    assert event is None or isinstance(event.head.id, str)


def private_words(**members: Any) -> dict[str, Any]:
    """An event with the canary wherever its owner can write."""
    return event_json(
        subject=CANARY,
        bodyPreview=CANARY,
        body={"contentType": "html", "content": f"<p>{CANARY}</p>"},
        location={"displayName": CANARY, "uniqueId": CANARY},
        locations=[{"displayName": CANARY}],
        categories=[CANARY],
        attendees=[{"emailAddress": {"name": CANARY, "address": f"{CANARY}@x.test"}}],
        organizer={"emailAddress": {"name": CANARY, "address": f"{CANARY}@x.test"}},
        onlineMeeting={"joinUrl": f"https://{CANARY}"},
        onlineMeetingUrl=f"https://{CANARY}",
        transactionId=f"localevent:{CANARY}",
        webLink=f"https://outlook/{CANARY}",
        iCalUId=CANARY,
        **{CANARY: CANARY},
        **members,
    )


UNSHARED = [
    {"sensitivity": "private"},
    {"sensitivity": "confidential"},
    {"showAs": "free"},
    {"showAs": "workingElsewhere"},
    {"isCancelled": True},
    {"responseStatus": {"response": "declined"}},
    {"showAs": "unheard-of"},
]


@pytest.mark.parametrize("members", UNSHARED)
def test_e_no_word_of_an_unshared_event_is_in_anything_that_is_decoded(members: dict[str, Any]) -> None:
    item = private_words(**members)
    assert CANARY not in repr(read_event(item, BUSY_AND_NORMAL))
    assert CANARY not in repr(read_page([item], BUSY_AND_NORMAL))


def test_e_no_word_of_an_unshared_series_is_in_its_occurrences() -> None:
    series = private_words(sensitivity="private") | {"id": "M1", "type": "seriesMaster"}
    part = stub("O1", "M1", "2026-11-30T09:00:00", "2026-11-30T10:00:00")
    page = read_page([series, part], BUSY_AND_NORMAL)
    assert len(page.series[0].occurrences) == 1
    assert CANARY not in repr(page)


def test_e_a_private_exception_of_a_shared_series_keeps_its_words_to_itself() -> None:
    exception = private_words(sensitivity="private") | {
        "id": "X1",
        "type": "exception",
        "seriesMasterId": "M1",
        "occurrenceId": "OID.M1.2026-11-30",
    }
    page = read_page([exception, master()], BUSY_AND_NORMAL)
    [occurrence] = page.series[0].occurrences
    assert occurrence.head.original_date == date(2026, 11, 30)
    assert occurrence.detail is None
    assert page.series[0].master.detail is not None
    assert CANARY not in repr(page)


def test_e_nothing_of_a_mailbox_that_shares_nothing_is_read() -> None:
    judge = Judge(preferences=Preferences(share=False), board_born=frozenset({EventId("E1")}))
    assert CANARY not in repr(read_event(private_words(), judge))


def test_the_words_of_a_board_born_event_are_read_whatever_its_show_as() -> None:
    judge = Judge(preferences=Preferences(), board_born=frozenset({EventId("E1")}))
    event = read_event(event_json(showAs="free"), judge)
    assert event is not None
    assert event.detail is not None


def test_b14_the_words_of_a_board_born_event_that_was_made_private_are_not_read() -> None:
    judge = Judge(preferences=Preferences(), board_born=frozenset({EventId("E1")}))
    assert CANARY not in repr(read_event(private_words(sensitivity="private"), judge))


@pytest.mark.parametrize(
    ("zone", "start", "expected"),
    [
        ("AUS Eastern Standard Time", "2026-11-29T13:30:00", date(2026, 11, 30)),  # 00:30 in Sydney
        ("Pacific Standard Time", "2026-11-30T04:00:00", date(2026, 11, 29)),  # 20:00 in Los Angeles
        ("Europe/Amsterdam", "2026-11-30T09:00:00", date(2026, 11, 30)),
    ],
)
def test_the_date_of_an_occurrence_is_counted_in_the_zone_of_its_series(
    zone: str, start: str, expected: date
) -> None:
    part = stub("O1", "M1", start, start)
    page = read_page([master(zone=zone), part], EVERYTHING)
    assert page.series[0].occurrences[0].head.original_date == expected


@pytest.mark.parametrize("said", ["", "tzone://Microsoft/Custom"])
def test_a_series_that_does_not_tell_its_zone_counts_in_the_zone_it_was_made_in(said: str) -> None:
    item = master(zone=said, originalStartTimeZone="AUS Eastern Standard Time")
    part = stub("O1", "M1", "2026-11-29T13:30:00", "2026-11-29T14:00:00")
    page = read_page([item, part], EVERYTHING)
    assert page.series[0].occurrences[0].head.original_date == date(2026, 11, 30)


def test_an_occurrence_with_a_strange_zone_is_read_in_the_zone_of_its_series() -> None:
    part = stub("O1", "M1", "2026-11-30T09:00:00", "2026-11-30T10:00:00", zone="tzone://Microsoft/Custom")
    page = read_page([master(), part], EVERYTHING)
    assert page.series[0].occurrences[0].head.when == Timed(
        start=datetime(2026, 11, 30, 8, tzinfo=UTC), end=datetime(2026, 11, 30, 9, tzinfo=UTC)
    )


def test_the_occurrences_of_an_all_day_series_are_whole_days() -> None:
    item = master(isAllDay=True)
    part = stub("O1", "M1", "2026-11-30T00:00:00", "2026-12-01T00:00:00")
    [occurrence] = read_page([item, part], EVERYTHING).series[0].occurrences
    assert occurrence.head.when == AllDay(first=date(2026, 11, 30), until=date(2026, 12, 1))
    assert occurrence.head.original_date == date(2026, 11, 30)


def test_an_occurrence_does_not_carry_the_transaction_id_of_its_series() -> None:
    mine = transaction_id(AppointmentGuid("g"), ResourceNo("R"), MailboxId("m"), 0)
    part = stub("O1", "M1", "2026-11-30T09:00:00", "2026-11-30T10:00:00")
    [series] = read_page([master(transactionId=mine), part], EVERYTHING).series
    assert series.master.head.transaction_id == mine
    assert series.occurrences[0].head.transaction_id == ""


def test_d5_an_occurrence_whose_master_is_not_on_the_page_names_the_master_to_read() -> None:
    parts = [stub(f"O{n}", "M9", f"2026-11-{n}T09:00:00", f"2026-11-{n}T10:00:00") for n in (24, 25)]
    page = read_page(parts, EVERYTHING)
    assert page.unplaced == ("M9",)
    assert page.events == ()


def test_a_series_one_of_whose_occurrences_cannot_be_read_says_so() -> None:
    parts = [stub("O1", "M1", "2026-11-24T09:00:00", "2026-11-24T10:00:00"), stub("O2", "M1", "later", "")]
    [series] = read_page([master(), *parts], EVERYTHING).series
    assert [one.head.id for one in series.occurrences] == ["O1"]
    assert series.unreadable == ("O2",)


def test_what_is_removed_is_told_by_its_id_alone() -> None:
    items = [{"id": "X9", "@removed": {"reason": "deleted"}}, {"id": "X8", "@removed": {"reason": "changed"}}]
    page = read_page(items, EVERYTHING)
    assert page.removed == ("X9",)
    assert page.unreadable == ("X8",)


def test_a_recorded_removal_is_understood() -> None:
    page = read_page(sample("delta-docs-round2-removed.json")["value"], EVERYTHING)
    assert len(page.removed) == 1


def test_an_item_that_comes_twice_counts_as_it_comes_last() -> None:
    page = read_page(
        [event_json("E1", subject="old"), event_json("E2"), event_json("E1", subject="new")], EVERYTHING
    )
    assert [event.detail.subject for event in page.events if event.detail] == ["Dentist", "new"]
    gone = read_page([event_json("E1"), {"id": "E1", "@removed": {"reason": "deleted"}}], EVERYTHING)
    assert (gone.events, gone.removed) == ((), ("E1",))


def test_complete_occurrences_of_a_reading_have_the_values_of_their_master() -> None:
    part = event_json("O1", type="occurrence", seriesMasterId="M1", occurrenceId="OID.M1.2026-11-24")
    series = read_series(master(), [part], EVERYTHING)
    assert series is not None
    assert series.occurrences[0].head.original_date == date(2026, 11, 24)


def test_only_the_connector_s_own_transaction_ids_are_kept() -> None:
    mine = transaction_id(AppointmentGuid("g"), ResourceNo("R"), MailboxId("m"), 0)
    assert own_transaction_id(mine) == mine
    for other in ("localevent:4e7b2bd6", "", "1e8b9e42-9d3c-4a5b-8f0e-0123456789ab", "x" * 36):
        assert own_transaction_id(other) == ""


def test_instants_have_up_to_seven_digits_and_may_mean_nothing() -> None:
    assert read_instant("2026-07-18T07:43:57.0651366Z") == datetime(2026, 7, 18, 7, 43, 57, 65136, tzinfo=UTC)
    assert read_instant("0001-01-01T00:00:00Z") is None
    assert read_instant("9999-12-31T23:59:59-14:00") is None
    assert read_instant("yesterday") is None


def test_a_body_in_plain_text_becomes_html() -> None:
    event = read_event(event_json(body={"contentType": "text", "content": "a < b\r\nc"}), EVERYTHING)
    assert event is not None
    assert event.detail is not None
    assert event.detail.body_html == "a &lt; b<br>c"


def test_reading_does_not_change_the_payload() -> None:
    items = sample("delta-initial-captured.json")["value"]
    before = json.dumps(items)
    read_page(items, EVERYTHING)
    assert json.dumps(items) == before
