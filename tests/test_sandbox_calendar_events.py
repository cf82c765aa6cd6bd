"""The local Graph: events are created, read, changed and deleted as facts §1 and §2 say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.calendar_harness import AMSTERDAM, Harness, event, moment, weekly
from tests.sandbox.graph.bodies import Body
from tests.sandbox.graph.quirks import Quirks
from tests.sandbox.graph.tenant import User


@pytest.fixture
def graph() -> Harness:
    return Harness()


# Creating


def test_a_new_event_carries_the_defaults_of_the_service(graph: Harness) -> None:
    created = graph.create()
    expected = {
        "type": "singleInstance",
        "showAs": "busy",
        "sensitivity": "normal",
        "importance": "normal",
        "isReminderOn": True,
        "reminderMinutesBeforeStart": 15,
        "categories": [],
        "body": {"contentType": "html", "content": ""},
        "bodyPreview": "",
        "organizer": {"emailAddress": {"name": "Ann Able", "address": "ann@contoso.test"}},
        "responseStatus": {"response": "organizer", "time": "0001-01-01T00:00:00Z"},
        "start": {"dateTime": "2026-08-04T12:00:00.0000000", "timeZone": "UTC"},
        "originalStartTimeZone": AMSTERDAM,
        "transactionId": None,
        "createdDateTime": "2026-08-01T08:00:00Z",
    }
    assert {name: created[name] for name in expected} == expected
    assert created["@odata.etag"] == f'W/"{created["changeKey"]}"'
    assert created["iCalUId"] == created["uid"]


def test_read_only_and_unknown_members_are_ignored_on_create(graph: Harness) -> None:
    created = graph.create(
        id="mine",
        iCalUId="mine",
        isOrganizer=False,
        organizer={"emailAddress": {"address": "x@y"}},
        colour="red",
    )
    assert created["id"] != "mine"
    assert created["iCalUId"].startswith("040000008200E00074C5B7101A82E00800000000")
    assert created["isOrganizer"] is True
    assert created["organizer"]["emailAddress"]["address"] == "ann@contoso.test"
    assert "colour" not in created


@pytest.mark.parametrize(
    ("members", "status", "code"),
    [
        ({"start": None}, 400, "ErrorPropertyValidationFailure"),
        ({"end": moment("2026-08-04T13:00:00")}, 400, "ErrorPropertyValidationFailure"),
        ({"start": moment("2026-08-04T14:00:00", "PDT")}, 400, "TimeZoneNotSupportedException"),
        ({"start": moment("2026-08-04T14:00:00", "EST")}, 400, "TimeZoneNotSupportedException"),
        ({"start": moment("2026-08-04T14:00:00", "Mars/Olympus")}, 400, "TimeZoneNotSupportedException"),
        (
            {"start": moment("2026-08-04T14:00:00", "tzone://Microsoft/Custom")},
            400,
            "TimeZoneNotSupportedException",
        ),
        ({"start": moment("tomorrow")}, 400, "BadRequest"),
        ({"start": moment("2026-02-30T14:00:00")}, 400, "BadRequest"),
        ({"start": "2026-08-04T14:00:00"}, 400, "BadRequest"),
        ({"showAs": "asleep"}, 400, "BadRequest"),
        ({"sensitivity": 2}, 400, "BadRequest"),
        ({"isAllDay": "yes"}, 400, "BadRequest"),
        ({"subject": 7}, 400, "BadRequest"),
        ({"categories": "Blue"}, 400, "BadRequest"),
        ({"attendees": [{}]}, 400, "ErrorPropertyValidationFailure"),
        ({"isAllDay": True}, 400, "ErrorInvalidRequest"),
        ({"singleValueExtendedProperties": [{"id": "Fun", "value": "1"}]}, 400, "ErrorInvalidProperty"),
    ],
)
def test_what_the_service_refuses_to_create(
    graph: Harness, members: dict[str, Any], status: int, code: str
) -> None:
    reply = graph.call("POST", "events", event(**members))
    assert (reply.status, reply.code) == (status, code)
    assert graph.call("GET", "events").value == []


def test_enum_members_are_read_in_any_letter_case(graph: Harness) -> None:
    created = graph.create(showAs="OOF", body={"contentType": "HTML", "content": "x"}, importance="High")
    assert (created["showAs"], created["importance"]) == ("oof", "high")


def test_the_same_transaction_with_the_same_payload_makes_one_event(graph: Harness) -> None:
    first = graph.call("POST", "events", event(transactionId="t-1"))
    again = graph.call("POST", "events", event(transactionId="t-1"))
    assert (first.status, again.status) == (201, 201)
    assert first.json["id"] == again.json["id"]
    assert len(graph.call("GET", "events").value) == 1
    assert [change.change_type for change in graph.changes] == ["created"]


def test_a_used_transaction_with_another_payload_is_refused_and_names_the_event(graph: Harness) -> None:
    created = graph.create(transactionId="t-1")
    reply = graph.call("POST", "events", event(transactionId="t-1", subject="Other"))
    assert (reply.status, reply.code) == (400, "ErrorDuplicateTransactionId")
    assert reply.json["error"]["@event.existingEventId"] == created["id"]


def test_a_transaction_is_known_in_its_own_mailbox_only(graph: Harness) -> None:
    graph.create(transactionId="t-1")
    other = graph.create(user=graph.bob, transactionId="t-1", subject="Other")
    assert other["subject"] == "Other"


@pytest.mark.parametrize(("survives", "status"), [(False, 201), (True, 400)])
def test_a_transaction_after_its_event_was_deleted(survives: bool, status: int) -> None:
    graph = Harness(Quirks(transaction_survives_delete=survives))
    created = graph.create(transactionId="t-1")
    graph.call("DELETE", f"events/{created['id']}")
    assert graph.call("POST", "events", event(transactionId="t-1", subject="New")).status == status


def test_a_transaction_is_forgotten_after_its_time() -> None:
    graph = Harness(Quirks(transaction_memory=timedelta(hours=1)))
    first = graph.create(transactionId="t-1")
    graph.advance(hours=2)
    assert graph.create(transactionId="t-1")["id"] != first["id"]


# Changing


def test_a_patch_changes_what_it_names_and_the_change_key_once(graph: Harness) -> None:
    created = graph.create(showAs="tentative", categories=["Blue"])
    graph.advance(minutes=5)
    changed = graph.patch(created["id"], subject="Later").json
    ignored = {"subject", "changeKey", "@odata.etag", "lastModifiedDateTime"}
    assert changed["subject"] == "Later"
    assert changed["changeKey"] != created["changeKey"]
    assert changed["lastModifiedDateTime"] == "2026-08-01T08:05:00Z"
    assert {n: v for n, v in changed.items() if n not in ignored} == {
        n: v for n, v in created.items() if n not in ignored
    }
    assert [change.change_type for change in graph.changes] == ["created", "updated"]


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"transactionId": "t-2"}, "ErrorInvalidRequest"),
        ({"start": moment("2026-08-04T14:00:00", None)}, "ErrorPropertyValidationFailure"),
        ({"start": moment("2026-08-05T14:00:00")}, "ErrorPropertyValidationFailure"),
        ({"isAllDay": True}, "ErrorInvalidRequest"),
    ],
)
def test_what_the_service_refuses_to_change(graph: Harness, members: dict[str, Any], code: str) -> None:
    created = graph.create()
    reply = graph.patch(created["id"], **members)
    assert (reply.status, reply.code) == (400, code)
    assert graph.read(created["id"])["changeKey"] == created["changeKey"]


def test_read_only_members_in_a_patch_are_tolerated(graph: Harness) -> None:
    created = graph.create()
    reply = graph.patch(
        created["id"], responseStatus={"response": "none"}, isOrganizer=False, isCancelled=True, id="x"
    )
    assert reply.status == 200
    assert (reply.json["isOrganizer"], reply.json["isCancelled"]) == (True, False)


def test_a_stale_etag_is_refused_and_a_fresh_one_taken(graph: Harness) -> None:
    created = graph.create()
    path, stale = f"events/{created['id']}", created["@odata.etag"]
    fresh = graph.call("PATCH", path, {"subject": "1"}, if_match=stale).json["@odata.etag"]
    refused = graph.call("PATCH", path, {"subject": "2"}, if_match=stale)
    assert (refused.status, refused.code) == (412, "ErrorIrresolvableConflict")
    assert graph.call("DELETE", path, if_match=stale).status == 412
    assert graph.call("PATCH", path, {"subject": "3"}, if_match="*").status == 200
    assert graph.call("DELETE", path, if_match=fresh).status == 412
    assert graph.call("DELETE", path, if_match=graph.read(created["id"])["@odata.etag"]).status == 204


def test_a_write_without_etag_may_lose_a_race() -> None:
    graph = Harness(Quirks(racing_write_probability=1.0, racing_write_status=409))
    created = graph.create()
    reply = graph.patch(created["id"], subject="x")
    assert (reply.status, reply.code) == (409, "ErrorIrresolvableConflict")
    now = graph.read(created["id"])
    assert now["changeKey"] != created["changeKey"]
    assert now["subject"] == "Visit"


def test_exchange_may_touch_an_event_once_more_after_a_write() -> None:
    graph = Harness(Quirks(late_touch=timedelta(seconds=2)))
    created = graph.create()
    graph.advance(seconds=3)
    assert graph.read(created["id"])["changeKey"] != created["changeKey"]
    assert [change.change_type for change in graph.changes] == ["created", "updated"]


# Deleting


@pytest.mark.parametrize(("answer", "code"), [(404, "ErrorItemNotFound"), (400, "ErrorInvalidRequest")])
def test_a_second_delete(answer: Any, code: str) -> None:
    graph = Harness(Quirks(second_delete=answer))
    path = f"events/{graph.create()['id']}"
    assert graph.call("DELETE", path).status == 204
    again = graph.call("DELETE", path)
    assert (again.status, again.code) == (answer, code)
    assert graph.call("GET", path).code == "ErrorItemNotFound"
    assert graph.call("PATCH", path, {}).code == "ErrorItemNotFound"


def test_a_deleted_event_may_still_be_read_for_a_while() -> None:
    graph = Harness(Quirks(deleted_readable_for=timedelta(minutes=1)))
    created = graph.create()
    graph.call("DELETE", f"events/{created['id']}")
    assert graph.read(created["id"])["subject"] == "Visit"
    assert graph.call("GET", "events").value == []
    graph.advance(minutes=2)
    assert graph.call("GET", f"events/{created['id']}").status == 404


def test_permanent_delete_and_reminders(graph: Harness) -> None:
    path = f"events/{graph.create()['id']}"
    assert graph.call("POST", f"{path}/dismissReminder").status == 200
    new_time = {"newReminderTime": moment("2026-08-04T13:50:00")}
    assert graph.call("POST", f"{path}/snoozeReminder", new_time).status == 200
    assert graph.call("POST", f"{path}/snoozeReminder", {}).status == 400
    assert graph.call("POST", f"{path}/permanentDelete").status == 204
    assert graph.call("GET", path).status == 404
    assert graph.call("POST", f"{path}/permanentDelete").code == "ErrorCannotDeleteObject"


# Identity


def test_both_id_spaces_name_the_same_event_and_answer_in_the_preferred_one(graph: Harness) -> None:
    created = graph.create()
    immutable = graph.read(created["id"], prefer='IdType="ImmutableId"')["id"]
    assert immutable != created["id"]
    assert immutable.startswith("AAkALg")
    assert graph.read(immutable)["id"] == created["id"]


@pytest.mark.parametrize("text", ["garbage", "AAMkAD", "x" * 152, "üñí", "AAMk=x"])
def test_a_malformed_id(graph: Harness, text: str) -> None:
    reply = graph.call("GET", f"events/{text}")
    assert (reply.status, reply.code, reply.message) == (400, "ErrorInvalidIdMalformed", "Id is malformed.")


def test_ids_of_another_mailbox_and_of_calendars_name_nothing(graph: Harness) -> None:
    other = graph.create(user=graph.bob)
    calendar = graph.call("GET", "calendar").json["id"]
    assert graph.call("GET", f"events/{other['id']}").code == "ErrorItemNotFound"
    assert graph.call("GET", f"events/{calendar}").code == "ErrorInvalidIdMalformed"


def test_ids_are_translated_between_the_spaces(graph: Harness) -> None:
    created = graph.create()
    body = {
        "inputIds": [created["id"], "nonsense"],
        "sourceIdType": "restId",
        "targetIdType": "restImmutableEntryId",
    }
    rows = graph.call("POST", "translateExchangeIds", body).value
    assert graph.read(rows[0]["targetId"])["id"] == created["id"]
    assert rows[1]["errorDetails"]["code"] == "ErrorInvalidIdMalformed"
    assert graph.call("POST", "translateExchangeIds", {"inputIds": []}).status == 400


# Time


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("UTC", "2026-08-04T12:00:00.0000000"),
        ("Europe/Amsterdam", "2026-08-04T14:00:00.0000000"),
        ("W. Europe Standard Time", "2026-08-04T14:00:00.0000000"),
        ("Pacific Standard Time", "2026-08-04T05:00:00.0000000"),
        ("Asia/Kolkata", "2026-08-04T17:30:00.0000000"),
    ],
)
def test_times_are_shown_in_the_preferred_zone_whose_name_is_echoed(
    graph: Harness, zone: str, shown: str
) -> None:
    created = graph.create()
    reply = graph.call("GET", f"events/{created['id']}", prefer=f'outlook.timezone="{zone}"')
    assert reply.json["start"] == {"dateTime": shown, "timeZone": zone}
    assert reply.json["originalStartTimeZone"] == AMSTERDAM
    assert reply.headers["preference-applied"] == f'outlook.timezone="{zone}"'


def test_an_unknown_zone_in_prefer_is_an_error(graph: Harness) -> None:
    reply = graph.call("GET", "events", prefer='outlook.timezone="Nowhere"')
    assert (reply.status, reply.code) == (400, "TimeZoneNotSupportedException")


def test_a_person_may_have_an_event_with_a_custom_zone(graph: Harness) -> None:
    custom = "tzone://Microsoft/Custom"
    payload = event(start=moment("2026-08-04T14:00:00", custom), end=moment("2026-08-04T15:00:00", custom))
    created = graph.call("POST", "events", payload, by_person=True)
    assert created.status == 201
    assert created.json["originalStartTimeZone"] == custom
    assert created.json["transactionId"].startswith("localevent:")
    shown = graph.read(created.json["id"])
    assert shown["start"] == {"dateTime": "2026-08-04T14:00:00.0000000", "timeZone": "UTC"}


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2026-03-29T01:59:00", "2026-03-29T00:59:00.0000000"),
        ("2026-03-29T02:30:00", "2026-03-29T01:30:00.0000000"),
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00.0000000"),
        ("2026-10-25T03:00:00", "2026-10-25T02:00:00.0000000"),
    ],
)
def test_skipped_and_repeated_hours(graph: Harness, local: str, utc: str) -> None:
    created = graph.create(start=moment(local), end=moment("2026-12-01T00:00:00"))
    assert created["start"]["dateTime"] == utc


def test_an_all_day_event_floats_and_is_never_converted(graph: Harness) -> None:
    created = graph.create(
        isAllDay=True, start=moment("2026-08-10T00:00:00"), end=moment("2026-08-12T00:00:00")
    )
    for zone in ("UTC", "Pacific Standard Time", "Pacific/Auckland"):
        shown = graph.read(created["id"], prefer=f'outlook.timezone="{zone}"')
        assert shown["start"] == {"dateTime": "2026-08-10T00:00:00.0000000", "timeZone": zone}
        assert shown["end"]["dateTime"] == "2026-08-12T00:00:00.0000000"


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (moment("2026-08-10T01:00:00"), moment("2026-08-11T00:00:00"), "The Event.Start property"),
        (moment("2026-08-10T00:00:00"), moment("2026-08-11T01:00:00"), "The Event.End property"),
        (moment("2026-08-10T00:00:00"), moment("2026-08-11T00:00:00", "UTC"), "same time zone"),
    ],
)
def test_all_day_rules(graph: Harness, start: dict[str, Any], end: dict[str, Any], message: str) -> None:
    reply = graph.call("POST", "events", event(isAllDay=True, start=start, end=end))
    assert (reply.status, reply.code) == (400, "ErrorInvalidRequest")
    assert message in reply.message


# Places and people


def test_location_echo(graph: Harness) -> None:
    place = {
        "displayName": "Room A",
        "locationType": "default",
        "uniqueId": "Room A",
        "uniqueIdType": "private",
    }
    created = graph.create(location={"displayName": "Room A"})
    assert (created["location"], created["locations"]) == (place, [place])
    emptied = graph.patch(created["id"], location={"displayName": ""}).json
    assert emptied["location"] == {
        "displayName": "",
        "locationType": "default",
        "uniqueIdType": "unknown",
        "address": {},
        "coordinates": {},
    }
    assert emptied["locations"] == []


def test_several_locations_are_joined_in_one(graph: Harness) -> None:
    created = graph.create(locations=[{"displayName": "A"}, {"displayName": "B"}])
    assert created["location"]["displayName"] == "A; B"
    assert [place["displayName"] for place in created["locations"]] == ["A", "B"]


def test_an_online_meeting_lives_in_its_body(graph: Harness) -> None:
    created = graph.create(isOnlineMeeting=True, body={"contentType": "text", "content": "Agenda"})
    join_url = created["onlineMeeting"]["joinUrl"]
    assert created["onlineMeetingProvider"] == "teamsForBusiness"
    assert join_url in created["body"]["content"]
    kept = graph.patch(created["id"], isOnlineMeeting=False).json
    assert kept["isOnlineMeeting"] is True
    lost = graph.patch(created["id"], body={"contentType": "text", "content": "Agenda"}).json
    assert (lost["isOnlineMeeting"], lost["onlineMeeting"]) == (False, None)


def test_without_a_provider_an_online_meeting_is_silently_none() -> None:
    created = Harness(Quirks(online_meetings=False)).create(isOnlineMeeting=True)
    assert (created["isOnlineMeeting"], created["onlineMeeting"]) == (False, None)


# Bodies

SHELL = '<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8">\r\n'


def test_text_is_wrapped_as_captured(graph: Harness) -> None:
    created = graph.create(body={"contentType": "text", "content": "A <b>\nsecond  line"})
    html = created["body"]["content"]
    assert html.startswith(SHELL)
    end = "</div></span></font>\r\n</body>\r\n</html>\r\n"
    assert html.endswith(f'<div class="PlainText">A &lt;b&gt;<br>\r\nsecond&nbsp; line{end}')
    assert created["bodyPreview"] == "A <b>\r\nsecond  line"
    as_text = graph.read(created["id"], prefer='outlook.body-content-type="text"')["body"]
    assert as_text == {"contentType": "text", "content": "A <b>\r\nsecond  line"}


def test_empty_text_becomes_a_hard_blank(graph: Harness) -> None:
    created = graph.create(body={"contentType": "text", "content": ""})
    assert '<div class="PlainText">&nbsp;</div>' in created["body"]["content"]
    assert created["bodyPreview"] == ""


@pytest.mark.parametrize(
    ("sent", "kept", "gone"),
    [
        ("<p>a</p><!-- block:7 --><p>b</p>", ["<p>a</p>", "<p>b</p>"], ["<!--", "block:7"]),
        ('<div id="board" class="one two">x</div>', ['id="x_board"', 'class="x_one x_two"'], ['"board"']),
        ("<script>alert(1)</script><b onclick='go()'>x</b>", ["<b>x</b>"], ["script", "alert", "onclick"]),
        ('<a href="javascript:go()">x</a>', ["<a>x</a>"], ["javascript"]),
        ('<a href="https://a.b/?x=1&amp;y=2">x</a>', ['href="https://a.b/?x=1&amp;y=2"'], []),
        ('<div data-key="7">x</div>', ["<div>x</div>"], ["data-key"]),
        ("<style>.a{color:red}</style><p class=a>x</p>", [".x_a{color:red}", 'class="x_a"'], []),
        ("<p>5 &lt; 6 &amp; 7</p>", ["<p>5 &lt; 6 &amp; 7</p>"], []),
        ("<title>t</title><form><input>x</form>", ["x"], ["title", "form", "input"]),
    ],
)
def test_html_is_cleaned(sent: str, kept: list[str], gone: list[str]) -> None:
    html = Body.of_html(sent).html
    inner = html.removeprefix(
        '<html>\r\n<head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
    )
    assert html.endswith("\r\n</body>\r\n</html>\r\n")
    for part in kept:
        assert part in inner
    for part in gone:
        assert part not in inner.replace("<!--\r\n.x_a", "")


def test_html_that_is_written_back_changes_again() -> None:
    once = Body.of_html('<div id="board">x</div>')
    twice = Body.of_html(once.html)
    assert 'id="x_x_board"' in twice.html


def test_long_lines_of_html_are_broken_at_blanks() -> None:
    html = Body.of_html("<p>" + "word " * 60 + "</p>").html
    assert all(len(line) < 120 for line in html.split("\r\n"))
    assert Body.of_html("<p>" + "word " * 60 + "</p>").text.split() == ["word"] * 60


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one</p><p>two</p>", "one\r\n\r\ntwo"),
        ("<div>one</div><div>two<br>three</div>", "one\r\ntwo\r\nthree"),
        ("a&nbsp;b &amp; c", "a b & c"),
        ("  <b>a</b>\n\n  <i>b</i> ", "a b"),
        ('<a href="https://x.y">here</a>', "here<https://x.y>"),
        ("<style>p{}</style>", ""),
    ],
)
def test_html_reads_as_text(html: str, text: str) -> None:
    assert Body.of_html(html).text == text


# Extended properties and extensions

FUN = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Fun"


def test_extended_properties_are_kept_but_not_echoed(graph: Harness) -> None:
    created = graph.create(singleValueExtendedProperties=[{"id": FUN, "value": "Food"}])
    assert "singleValueExtendedProperties" not in created
    shown = graph.read(created["id"], expand=f"singleValueExtendedProperties($filter=id eq '{FUN}')")
    assert shown["singleValueExtendedProperties"] == [{"id": FUN, "value": "Food"}]
    graph.patch(created["id"], singleValueExtendedProperties=[{"id": FUN, "value": "Drink"}])
    shown = graph.read(created["id"], expand=f"singleValueExtendedProperties($filter=id eq '{FUN}')")
    assert shown["singleValueExtendedProperties"] == [{"id": FUN, "value": "Drink"}]
    other = FUN.replace("Fun", "fun")
    assert "singleValueExtendedProperties" not in graph.read(
        created["id"], expand=f"singleValueExtendedProperties($filter=id eq '{other}')"
    )


def test_multi_value_properties(graph: Harness) -> None:
    colours = FUN.replace("String", "StringArray").replace("Fun", "Colours")
    created = graph.create(multiValueExtendedProperties=[{"id": colours, "value": ["red", "blue"]}])
    shown = graph.read(created["id"], expand=f"multiValueExtendedProperties($filter=id eq '{colours}')")
    assert shown["multiValueExtendedProperties"] == [{"id": colours, "value": ["red", "blue"]}]


def test_open_extensions(graph: Harness) -> None:
    path = f"events/{graph.create()['id']}"
    made = graph.call("POST", f"{path}/extensions", {"extensionName": "Com.Contoso.X", "number": 7})
    assert made.status == 201
    shown = graph.call("GET", path, expand="extensions($filter=id eq 'Com.Contoso.X')").json["extensions"]
    assert [(one["extensionName"], one["number"]) for one in shown] == [("Com.Contoso.X", 7)]
    assert graph.call("PATCH", f"{path}/extensions/Com.Contoso.X", {"number": 8}).json["number"] == 8
    assert graph.call("DELETE", f"{path}/extensions/Com.Contoso.X").status == 204
    assert graph.call("GET", f"{path}/extensions/Com.Contoso.X").status == 404


def test_a_copy_by_a_person_keeps_the_extended_properties_under_a_new_id(graph: Harness) -> None:
    """B13: the copy carries the link property; only its id tells it from the original."""
    created = graph.create(transactionId="t-1", singleValueExtendedProperties=[{"id": FUN, "value": "Food"}])
    path = f"events/{created['id']}/copy"
    assert graph.call("POST", path).status == 400
    copied = graph.call("POST", path, by_person=True).json
    assert copied["id"] != created["id"]
    assert copied["uid"] != created["uid"]
    assert (copied["subject"], copied["transactionId"]) == ("Visit", None)
    shown = graph.read(copied["id"], expand=f"singleValueExtendedProperties($filter=id eq '{FUN}')")
    assert shown["singleValueExtendedProperties"] == [{"id": FUN, "value": "Food"}]


# Mailboxes and calendars


@pytest.mark.parametrize(
    ("problem", "status"),
    [("MailboxNotEnabledForRESTAPI", 404), ("ErrorAccessDenied", 403), ("MailboxInfoStale", 503)],
)
def test_an_ailing_mailbox_refuses_the_application_but_not_its_owner(
    graph: Harness, problem: str, status: int
) -> None:
    created = graph.create()
    graph.ann.mailbox_problem = problem
    for method in ("GET", "PATCH", "DELETE"):
        reply = graph.call(method, f"events/{created['id']}", {})
        assert (reply.status, reply.code) == (status, problem)
    assert graph.call("GET", f"events/{created['id']}", by_person=True).status == 200


def test_users_without_a_mailbox_and_unknown_users(graph: Harness) -> None:
    nobody = graph.tenant.add_user("No Box", has_mailbox=False)
    assert graph.call("GET", "events", user=nobody).code == "MailboxNotEnabledForRESTAPI"
    for key, code in (
        ("0d5c8f5e-0000-4000", "Request_ResourceNotFound"),
        ("x@else.test", "ErrorInvalidUser"),
    ):
        ghost = User(id=key, mail=None, user_principal_name=key, display_name="Ghost")
        assert graph.call("GET", "events", user=ghost).code == code


def test_a_second_calendar_is_a_world_of_its_own(graph: Harness) -> None:
    extra = graph.call("POST", "calendars", {"name": "Extra"}).json
    created = graph.call("POST", f"calendars/{extra['id']}/events", event(subject="There")).json
    assert [c["name"] for c in graph.call("GET", "calendars").value] == ["Calendar", "Extra"]
    assert graph.call("GET", "events").value == []
    assert [e["id"] for e in graph.call("GET", f"calendars/{extra['id']}/events").value] == [created["id"]]
    assert graph.read(created["id"])["subject"] == "There"
    assert graph.call("GET", f"calendar/events/{created['id']}").status == 404
    group = graph.call("GET", "calendarGroups").value[0]["id"]
    path = f"calendarGroups/{group}/calendars/{extra['id']}/events"
    assert [e["id"] for e in graph.call("GET", path).value] == [created["id"]]
    assert graph.call("DELETE", f"calendars/{extra['id']}").status == 204
    assert graph.call("GET", f"events/{created['id']}").status == 404
    assert graph.call("DELETE", "calendar").status == 400


def test_routes_that_do_not_exist(graph: Harness) -> None:
    created = graph.create()
    for path in (f"events/{created['id']}/nonsense", "nonsense", "calendar/nonsense"):
        assert graph.call("GET", path).code == "BadRequest"
    assert graph.call("PUT", f"events/{created['id']}", {}).status == 405
    assert graph.call("DELETE", "events").status == 405


def test_a_tenant_replays_from_its_seed() -> None:
    def history() -> list[Any]:
        graph = Harness(seed=7)
        created = graph.create(**weekly())
        graph.patch(created["id"], subject="x")
        return [graph.changes, graph.view("2026-08-01", "2026-09-01"), graph.round()]

    assert history() == history()
