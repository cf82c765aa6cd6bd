"""A: from the board to Outlook (BEHAVIOUR.md A1–A14)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from models.ids import AppointmentGuid
from tests.behaviour.company import Company, instant, of_wall, shown, text_of, wall
from tests.services_kit import Requested, wait_until

pytestmark = pytest.mark.process

YEAR_OUT = 24 * 365.0
SOME_DAY = (datetime.now(UTC) + timedelta(days=20)).date()


def patches(written: list[Requested]) -> list[Any]:
    """The bodies of the changes of events."""
    return [one.body for one in written if one.service == "graph" and one.method == "PATCH"]


# A1, A2: created


def test_a1_an_appointment_becomes_one_event_with_everything_that_is_mapped(company: Company) -> None:
    subject = company.name("Heat pump")
    with company.written() as written:
        planned = company.plan(
            subject,
            "R001",
            body="Ask for Karel.\nParking: at the back <gate 2>.",
            importance=1,
            category="SERVICE",
        )
        event = company.sees_event("ann", subject)
    assert (instant(event), instant(event, "end")) == (of_wall(planned["start"]), of_wall(planned["end"]))
    assert not event["isAllDay"]
    assert event["importance"] == "high"
    assert event["categories"] == ["SERVICE"]
    assert event["showAs"] == "busy"
    assert text_of(event) == "Ask for Karel. Parking: at the back <gate 2>."
    assert event["body"]["content"].count("<br>") == 2, "a line of the board, and one for the person"
    assert event["attendees"] == []
    assert event["isOrganizer"]
    assert event["transactionId"]
    assert company.linked("ann", event) == f"{planned['appointmentGuid']}/R001"
    assert [(one.method, one.status) for one in written] == [("POST", 201)]


@pytest.mark.parametrize("days", [1, 3])
def test_a1_a_whole_day_stays_on_its_dates(company: Company, days: int) -> None:
    subject = company.name("Training")
    first = f"{SOME_DAY}T00:00:00"
    last = f"{SOME_DAY + timedelta(days=days)}T00:00:00"
    with company.written() as written:
        company.plan(subject, "R001", start=first, end=last, isAllDay=True)
        event = company.sees_event("ann", subject)
    assert event["isAllDay"]
    assert event["start"]["dateTime"][:19] == first
    assert event["end"]["dateTime"][:19] == last
    assert len(written) == 1


@pytest.mark.parametrize(
    "subject",
    [
        "Ünïcode – “quotes” €",
        "Broken heat pump \N{FIRE}\N{FAMILY} \N{FLAG IN HOLE}",
        "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED}\N{HEBREW LETTER VAV} 12:30 \N{ARABIC LETTER ALEF}",
        "<b>Bold</b> & <script>alert(1)</script>",
        "100 % {{ appointment.body }} {% raw %}",
        "O'Neil; DROP TABLE links; --",
        "x" * 255,
    ],
)
def test_a1_a_subject_arrives_as_it_was_typed(company: Company, subject: str) -> None:
    with company.written() as written:
        company.plan(subject, "R001")
        company.sees_event("ann", subject)
    assert len(written) == 1


def test_a1_an_appointment_without_a_subject_or_words_becomes_an_event_too(company: Company) -> None:
    with company.written() as written:
        planned = company.plan("", "R001", body="", jobNo=None, taskNo=None)
        guid = planned["appointmentGuid"]
        event = wait_until(
            lambda: [
                one for one in company.person("ann").events() if company.linked("ann", one) == f"{guid}/R001"
            ]
        )[0]
    assert event["subject"] == planned["subject"]
    assert len(written) == 1


def test_a1_a_body_of_5000_characters_arrives_whole(company: Company) -> None:
    subject = company.name("Long")
    body = "\n".join(f"Line {number:03d}: tighten the bolts & test." for number in range(140))
    with company.written() as written:
        company.plan(subject, "R001", body=body)
        event = company.sees_event("ann", subject)
    assert text_of(event) == body.replace("\n", " ")
    assert len(written) == 1


def test_a1_an_appointment_without_length_becomes_an_event_at_that_moment(company: Company) -> None:
    subject = company.name("Moment")
    with company.written() as written:
        planned = company.plan(subject, "R001", length=0)
        event = company.sees_event("ann", subject)
    assert instant(event) == instant(event, "end") == of_wall(planned["start"])
    assert len(written) == 1


@pytest.mark.parametrize(
    ("start", "end"),
    [("2027-03-27T22:00:00", "2027-03-28T05:30:00"), ("2027-03-28T01:30:00", "2027-03-28T03:30:00")],
    ids=["over the switch", "around the skipped hour"],
)
def test_a1_a_night_over_the_switch_of_the_clocks_keeps_its_instants(
    company: Company, start: str, end: str
) -> None:
    assert of_wall(start) < datetime.now(UTC) + timedelta(days=170), "the dates have to be in the window"
    subject = company.name("Night")
    with company.written() as written:
        company.plan(subject, "R002", start=start, end=end)
        event = company.sees_event("bert", subject)
    assert (instant(event), instant(event, "end")) == (of_wall(start), of_wall(end))
    assert len(written) == 1


def test_a1_a_category_that_outlook_does_not_know_keeps_its_name(company: Company) -> None:
    company.sandbox.call(
        lambda: company.sandbox.services.board.records["category"].upsert(
            {"name": "HOT WORK", "displayName": "Hot"}
        )
    )
    subject = company.name("Welding")
    with company.written() as written:
        company.plan(subject, "R001", category="HOT WORK")
        event = company.sees_event("ann", subject)
    assert event["categories"] == ["HOT WORK"]
    assert len(written) == 1


def test_a2_every_resource_gets_an_event_and_a_link_of_its_own(company: Company) -> None:
    subject = company.name("Crane")
    planned, events = company.plan_seen(subject, "ann", "bert", "van1")
    guid = planned["appointmentGuid"]
    assert [
        company.linked(alias, event) for alias, event in zip(("ann", "bert", "van1"), events, strict=True)
    ] == [
        f"{guid}/R001",
        f"{guid}/R002",
        f"{guid}/VAN1",
    ]
    assert len({event["transactionId"] for event in events}) == 3
    with company.connector.store() as store:
        links = store.links_of_appointment(guid=AppointmentGuid(guid.lower()))
    assert {link.resource_no for link in links} == {"R001", "R002", "VAN1"}


@pytest.mark.parametrize("number", ["A/B 12", "#7", "100%", "é?x=1&y", "../R001"])
def test_a1_a_resource_number_may_contain_anything(company: Company, number: str) -> None:
    alias = f"odd{company.subjects}"
    company.employ(number, alias, email=f"{alias}@contoso.test".upper())
    subject = company.name("Odd")
    planned = company.plan(subject, number)
    event = company.sees_event(alias, subject)
    assert company.linked(alias, event) == f"{planned['appointmentGuid']}/{number}"
    assert company.explained(number)["item"] == number
    assert company.share(number, share=False)["resourceNo"] == number
    company.dismiss(number)


# A3, A4: changed


@pytest.mark.parametrize(
    ("change", "members"),
    [
        ({"subject": "Renamed {n}"}, {"subject"}),
        ({"importance": 2}, {"importance"}),
        ({"category": "TRAINING"}, {"categories"}),
        ({"body": "Other words."}, {"body"}),
        ({"end": wall(36)}, {"end"}),
        ({"start": wall(34), "end": wall(35)}, {"start", "end"}),
    ],
    ids=lambda value: "-".join(sorted(value)) if isinstance(value, (dict, set)) else str(value),
)
def test_a3_only_what_changed_is_sent(company: Company, change: dict[str, Any], members: set[str]) -> None:
    subject = company.name("Change")
    planned, _ = company.plan_seen(subject, "ann", "bert", category="SERVICE", body="Words.")
    change = {key: value.format(n=subject) if key == "subject" else value for key, value in change.items()}
    with company.written() as written:
        company.board.change(planned["appointmentNo"], **change)
    assert [set(body) for body in patches(written)] == [members, members], list(map(shown, written))
    assert len(written) == 2
    name = change.get("subject", subject)
    for alias in ("ann", "bert"):
        event = company.sees_event(alias, name)
        for key in {"start", "end"} & set(change):
            assert instant(event, key) == of_wall(change[key])
        if "category" in change:
            assert event["categories"] == ["TRAINING"]
        if "importance" in change:
            assert event["importance"] == "low"
        if "body" in change:
            assert text_of(event) == "Other words."


def test_a3_hours_that_become_days_and_days_that_become_hours(company: Company) -> None:
    subject = company.name("Stretch")
    planned, _ = company.plan_seen(subject, "ann")
    day, next_day = f"{SOME_DAY}T00:00:00", f"{SOME_DAY + timedelta(days=1)}T00:00:00"
    company.board.change(planned["appointmentNo"], start=day, end=next_day, isAllDay=True)
    wait_until(lambda: company.sees_event("ann", subject)["isAllDay"])
    assert company.sees_event("ann", subject)["start"]["dateTime"][:19] == day
    with company.written() as written:
        start, end = f"{SOME_DAY}T09:00:00", f"{SOME_DAY}T17:00:00"
        company.board.change(planned["appointmentNo"], start=start, end=end, isAllDay=False)
    event = company.sees_event("ann", subject)
    assert not event["isAllDay"]
    assert (instant(event), instant(event, "end")) == (of_wall(start), of_wall(end))
    assert len(written) == 1


def test_a3_an_event_follows_its_appointment_out_of_the_window(company: Company) -> None:
    subject = company.name("Postponed")
    planned, _ = company.plan_seen(subject, "ann")
    start = wall(YEAR_OUT)
    company.board.change(planned["appointmentNo"], start=start, end=wall(YEAR_OUT + 1))
    wait_until(lambda: instant(company.sees_event("ann", subject)) == of_wall(start))


def test_a4_a_stale_version_is_read_again_and_nothing_is_overwritten(board_first: Company) -> None:
    company = board_first
    subject, renamed = company.name("Stale"), company.name("Renamed")
    planned, (event,) = company.plan_seen(subject, "ann")
    moved = instant(event) + timedelta(hours=3)
    company.person("ann").change(event["id"], start=moved, end=moved + timedelta(hours=1), isReminderOn=False)
    since = company.sandbox.mark()
    company.board.change(planned["appointmentNo"], subject=renamed)
    after = company.sees_event("ann", renamed)
    company.connector.wait_in_step()
    sent = [
        (one.method, one.status)
        for one in company.sandbox.requests(since, service="graph", path="/events/")
        if one.mailbox
    ]
    assert sent == [("PATCH", 412), ("GET", 200), ("PATCH", 200)]
    assert instant(after) == moved
    assert not after["isReminderOn"]
    wait_until(lambda: of_wall(company.sees_appointment(renamed)["start"]) == moved, why="the board follows")


# A5, A6: taken away


def test_a5_a_removed_resource_loses_its_event_and_a_new_one_gets_one(company: Company) -> None:
    subject = company.name("Swap")
    planned, (kept, _) = company.plan_seen(subject, "ann", "bert")
    with company.written() as written:
        company.board.change(planned["appointmentNo"], resources=["R001", "VAN1"])
        company.sees_no_event("bert", subject)
        company.sees_event("van1", subject)
    assert sorted(one.method for one in written) == ["DELETE", "POST"]
    assert company.sees_event("ann", subject)["@odata.etag"] == kept["@odata.etag"]


def test_a5_an_appointment_without_resources_has_no_events(company: Company) -> None:
    subject = company.name("Nobody")
    planned, _ = company.plan_seen(subject, "ann", "bert")
    company.board.change(planned["appointmentNo"], resources=[])
    company.sees_no_event("ann", subject)
    company.sees_no_event("bert", subject)


def test_a5_a_resource_that_comes_back_gets_one_event_again(company: Company) -> None:
    subject = company.name("There and back")
    planned, _ = company.plan_seen(subject, "ann")
    company.board.change(planned["appointmentNo"], resources=["R002"])
    company.sees_no_event("ann", subject)
    company.board.change(planned["appointmentNo"], resources=["R001"])
    company.sees_event("ann", subject)
    company.sees_no_event("bert", subject)
    with company.nothing_written():
        company.sees_event("ann", subject)


def test_a6_a_deleted_appointment_takes_its_events_along(company: Company) -> None:
    subject = company.name("Off")
    planned, _ = company.plan_seen(subject, "ann", "bert")
    with company.written() as written:
        company.board.delete(planned["appointmentNo"])
        company.sees_no_event("ann", subject)
        company.sees_no_event("bert", subject)
    assert [(one.service, one.method, one.status) for one in written] == [("graph", "DELETE", 204)] * 2


# A8: nothing new


def test_a8_what_is_not_mapped_changes_nothing(company: Company) -> None:
    planned, _ = company.plan_seen(company.name("Marker"), "ann")
    with company.nothing_written():
        company.board.change(planned["appointmentNo"], timeMarker="DONE", isManualAppointment=True)


def test_a8_an_old_repeated_or_wrong_notification_overwrites_nothing(company: Company) -> None:
    subject = company.name("Newer")
    planned, _ = company.plan_seen(company.name("Older"), "ann")
    company.board.change(planned["appointmentNo"], subject=subject)
    company.sees_event("ann", subject)
    stale = {
        "id": planned["id"],
        "appointmentNo": planned["appointmentNo"],
        "AppointmentGuid": planned["appointmentGuid"],
        "Subject": planned["subject"],
        "StartDate": wall(1),
        "EndDate": wall(2),
        "Assignments": [{"Resource": {"ResourceNo": number}} for number in ("R001", "R002")],
    }
    with company.nothing_written():
        for kind in ("updated", "created", "updated", "deleted", "updated"):
            url = f"{company.connector.url}/hooks/scheduler/{kind}"
            assert requests.post(url, json=stale, timeout=5).status_code == 200
    company.sees_event("ann", subject)
    company.sees_no_event("bert", subject)


# A9, A10: who takes part


def test_a9_resources_that_cannot_synchronise_say_why_and_hold_nobody_up(company: Company) -> None:
    subject = company.name("Together")
    company.plan(subject, "R001", "R005", "R006", "SUB1")
    company.sees_event("ann", subject)
    states = {number: company.state_of(number) for number in ("R005", "R006", "SUB1")}
    assert {number: state["state"] for number, state in states.items()} == {
        "R005": "off",
        "R006": "no_mailbox",
        "SUB1": "no_email",
    }
    assert "e-mail" in states["R006"]["reason"]
    assert "e-mail" in states["SUB1"]["reason"]
    said = company.explained("R006")
    assert "R006 does not synchronise" in said["explanation"]
    assert said["resources"][0]["reason"] == states["R006"]["reason"]
    assert said["resources"][0]["code"] == "DSEX012"
    company.look_around()
    assert company.person("emma").having(subject=subject) == []


@pytest.mark.slow
def test_a9_a_mailbox_that_denies_access_says_so_and_works_again_when_it_is_mended(
    fresh: Company,
) -> None:
    company = fresh
    company.sandbox.control("PUT", "/graph/users/bert@contoso.test", {"mailboxProblem": "ErrorAccessDenied"})
    company.connector.start()
    subject = company.name("Both")
    company.plan(subject, "R001", "R002")
    company.sees_event("ann", subject)
    state = wait_until(lambda: (said := company.state_of("R002"))["state"] == "access_denied" and said)
    assert "denies access" in state["reason"]
    assert len(state["reason"].split("; ")) > 1, "it says what to do"
    company.connector.stop()
    company.sandbox.control("PUT", "/graph/users/bert@contoso.test", {"mailboxProblem": None})
    company.connector.start()
    company.sees_event("bert", subject)


def test_a9_a_resource_that_gets_an_address_takes_part_from_then_on(company: Company) -> None:
    mail = "late@contoso.test"
    company.sandbox.control("POST", "/graph/users", {"displayName": "Late Comer", "mail": mail})
    company.board.add_resource("LATE", exchangeIntegrationEnabled=True)
    subject = company.name("Planned before")
    company.plan(subject, "LATE")
    wait_until(lambda: company.state_of("LATE")["state"] == "no_email")
    company.board.change_resource("LATE", email=mail)
    company.sees_event("late", subject)
    company.dismiss("LATE")


def test_a9_the_second_of_two_resources_with_one_mailbox_waits_and_says_so(company: Company) -> None:
    company.board.add_resource("ANN2", email="ANN@Contoso.test", exchangeIntegrationEnabled=True)
    state = wait_until(lambda: (said := company.state_of("ANN2"))["state"] == "no_mailbox" and said)
    assert "R001" in state["reason"]
    subject = company.name("Only once")
    company.plan(subject, "R001", "ANN2")
    company.sees_event("ann", subject)
    company.look_around()
    assert len(company.person("ann").having(subject=subject)) == 1
    company.dismiss("ANN2")


def test_a10_a_resource_that_is_switched_off_is_left_alone_and_keeps_its_events(company: Company) -> None:
    subject, renamed = company.name("Before"), company.name("After")
    planned, _ = company.plan_seen(subject, "ann", "van1")
    company.dismiss("VAN1")
    company.board.change(planned["appointmentNo"], subject=renamed)
    company.sees_event("ann", renamed)
    company.look_around()
    assert company.person("van1").having(subject=subject)
    company.board.change_resource("VAN1", exchangeIntegrationEnabled=True)
    company.sees_event("van1", renamed)
    company.sees_no_event("van1", subject)


# A12, A13, A14


def test_a12_what_the_person_added_stays(company: Company) -> None:
    subject, renamed = company.name("Mine"), company.name("Ours")
    planned, (event,) = company.plan_seen(subject, "ann", body="Bring filters.", category="SERVICE")
    typed = "<p>Do not forget <b>the ladder</b>.</p></body>"
    company.person("ann").change(
        event["id"],
        body={"contentType": "html", "content": event["body"]["content"].replace("</body>", typed)},
        categories=["Red category", "SERVICE"],
        reminderMinutesBeforeStart=45,
    )
    with company.written() as written:
        company.look_around()
        company.board.change(planned["appointmentNo"], subject=renamed)
        company.sees_event("ann", renamed)
        company.board.change(planned["appointmentNo"], body="Bring pumps.", category="INSTALL")
        wait_until(lambda: "pumps" in text_of(company.sees_event("ann", renamed)))
    after = company.sees_event("ann", renamed)
    assert after["reminderMinutesBeforeStart"] == 45
    assert sorted(after["categories"]) == ["INSTALL", "Red category"]
    assert "<b>the ladder</b>" in after["body"]["content"]
    assert text_of(after) == "Bring pumps. Do not forget the ladder ."
    assert [set(body) for body in patches(written)] == [{"subject"}, {"body", "categories"}]


def test_a13_a_change_meets_an_event_that_is_gone_and_brings_it_back(board_first: Company) -> None:
    company = board_first
    subject, renamed = company.name("Gone"), company.name("Back")
    planned, (event,) = company.plan_seen(subject, "ann")
    company.person("ann").delete(event["id"])
    company.board.change(planned["appointmentNo"], subject=renamed)
    again = company.sees_event("ann", renamed)
    assert again["id"] != event["id"]
    assert company.linked("ann", again) == f"{planned['appointmentGuid']}/R001"


def test_a13_deleting_an_appointment_whose_event_is_gone_already_is_no_trouble(board_first: Company) -> None:
    company = board_first
    planned, (event,) = company.plan_seen(company.name("Twice gone"), "ann")
    company.person("ann").delete(event["id"])
    company.board.delete(planned["appointmentNo"])
    company.connector.wait_in_step()
    wait_until(lambda: not _links(company, planned))
    assert company.connector.status()["deadLetters"] == 0


@pytest.mark.slow
def test_a14_what_lies_outside_the_window_is_picked_up_when_the_window_reaches_it(fresh: Company) -> None:
    company = fresh
    company.connector.configure(sync={"future_days": 30})
    company.connector.start()
    near, far = company.name("Near"), company.name("Far")
    company.plan(near, "R001", hours=24 * 20)
    company.plan(far, "R001", hours=24 * 60)
    company.sees_event("ann", near)
    company.look_around()
    assert company.person("ann").having(subject=far) == []
    company.connector.stop()
    company.connector.configure(sync={"future_days": 90})
    company.connector.start()
    company.sees_event("ann", far)
    company.connector.wait_in_step()
    company.connector.stop()
    company.connector.configure(sync={"future_days": 10})
    company.connector.start()
    with company.nothing_written():
        company.connector.wait_in_step()
    company.sees_event("ann", near)
    company.sees_event("ann", far)


def _links(company: Company, planned: dict[str, Any]) -> tuple[Any, ...]:
    with company.connector.store() as store:
        return tuple(store.links_of_appointment(guid=AppointmentGuid(planned["appointmentGuid"].lower())))
