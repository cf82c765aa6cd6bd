"""B: from Outlook to the board (BEHAVIOUR.md B1–B7, B10–B12, B16, B17)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.company import BOARD_ZONE, Company, company_at_work, instant, of_wall, resources_of
from tests.sandbox.graph.tokens import SigningKey
from tests.services_kit import Json, Requested, wait_until

pytestmark = pytest.mark.process

SOME_DAY = (datetime.now(UTC) + timedelta(days=20)).date()
SHOW_AS = {"free": 1, "tentative": 2, "busy": 3, "oof": 4, "workingElsewhere": 5}
SENSITIVITIES = {"normal": 1, "personal": 2, "private": 3, "confidential": 4}
KEYS = {"AppointmentId", "AppointmentGuid", "ExchangeId", "ResourceEmail"}
"""What an appointment is found by: sent with every change of an Outlook-born one."""


def told(written: list[Requested]) -> list[set[str]]:
    """The columns that each write to the board carried, but for those by which it finds the appointment."""
    return [
        set(call["ParameterNames"]) - KEYS
        for one in written
        if one.service == "scheduler"
        for call in one.body
    ]


def at_store(company: Company) -> bytes:
    """Everything that the store has on disk."""
    files = sorted(company.connector.folder.glob("store.db*"))
    return b"".join(path.read_bytes() for path in files)


def moment(text: str, zone: str) -> dict[str, str]:
    """A time in Graph's words."""
    return {"dateTime": text, "timeZone": zone}


# B1, B2: new events


@pytest.mark.parametrize("show_as", ["busy", "oof"])
def test_b1_a_shared_event_becomes_an_appointment_with_everything_that_is_mapped(
    company: Company, show_as: str
) -> None:
    subject = company.name("Fair")
    with company.written() as written:
        event = company.book(
            "ann",
            subject,
            showAs=show_as,
            importance="low",
            categories=["Yellow category", "Training"],
            body={
                "contentType": "html",
                "content": "<p>Hall 5 &amp; 6</p><ul><li>badge</li><li>shoes</li></ul>",
            },
        )
        company.sees_appointment(subject)
    appointment = company.sees_appointment(subject)
    assert resources_of(appointment) == ["R001"]
    assert (of_wall(appointment["start"]), of_wall(appointment["end"])) == (
        instant(event),
        instant(event, "end"),
    )
    assert not appointment["isAllDay"]
    assert appointment["importance"] == 2
    assert appointment["category"]["name"] == "TRAINING"
    assert appointment["showAs"] == SHOW_AS[show_as]
    assert appointment["sensitivity"] == 1
    assert "Hall 5 & 6" in appointment["body"]
    assert "badge" in appointment["body"]
    assert "<" not in appointment["body"]
    assert (appointment["sourceApp"], appointment["sourceType"]) == ("EXCHANGE", "OUTLOOK")
    assert [one.service for one in written] == ["scheduler"]


@pytest.mark.parametrize("days", [1, 4])
@pytest.mark.parametrize("zone", ["Romance Standard Time", "Pacific Standard Time", "Asia/Tokyo"])
def test_b1_whole_days_stay_on_their_dates_whatever_the_zone(company: Company, days: int, zone: str) -> None:
    subject, last = company.name("Holiday"), SOME_DAY + timedelta(days=days)
    with company.written() as written:
        company.book(
            "ann",
            subject,
            isAllDay=True,
            showAs="oof",
            start=moment(f"{SOME_DAY}T00:00:00", zone),
            end=moment(f"{last}T00:00:00", zone),
        )
        company.sees_appointment(subject)
    appointment = company.sees_appointment(subject)
    assert appointment["start"] == f"{SOME_DAY}T00:00:00", "from midnight to midnight of the board's clock"
    assert appointment["end"] == f"{last}T00:00:00"
    assert len(written) == 1


def test_b1_the_task_route_carries_whole_days_and_everything_else_that_it_has_columns_for(
    signing_key: SigningKey, tmp_path: Path
) -> None:
    route = {"write_route": "task", "job_no": "INT-1", "task_no": "MEET"}
    with company_at_work(tmp_path, signing_key, scheduler=route) as company:
        work = {"sourceApp": "EXCHANGE", "sourceType": "OUTLOOK", "jobNo": "INT-1", "taskNo": "MEET"}
        records = company.sandbox.services.board.records
        company.sandbox.call(lambda: records["job"].upsert({**work, "shortDescription": "Internal"}))
        company.sandbox.call(lambda: records["task"].upsert({**work, "shortDescription": "Meeting"}))
        days = (
            moment(f"{SOME_DAY}T00:00:00", "UTC"),
            moment(f"{SOME_DAY + timedelta(days=2)}T00:00:00", "UTC"),
        )
        event = company.book("ann", "Away", isAllDay=True, importance="high", start=days[0], end=days[1])
        appointment = company.sees_appointment("Away")
        assert appointment["isAllDay"]
        assert appointment["start"][:10] == str(SOME_DAY)
        assert appointment["importance"] == 1
        assert resources_of(appointment) == ["R001"]
        with company.nothing_written():
            company.connector.wait_in_step()
        company.person("ann").change(event["id"], subject="Far away")
        company.sees_appointment("Far away")
        company.person("ann").delete(event["id"])
        company.sees_no_appointment("Far away")


@pytest.mark.parametrize(
    "subject",
    [
        "Broken heat pump \N{FIRE}\N{FAMILY}",
        "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED}\N{HEBREW LETTER VAV} 12:30",
        "<b>Bold</b> & <script>alert(1)</script>",
        "O'Neil; DROP TABLE links; --",
        "{{ 7 * 7 }} {% for %}",
        "y" * 255,
    ],
)
def test_b1_a_subject_arrives_as_it_was_typed(company: Company, subject: str) -> None:
    with company.written() as written:
        company.book("ann", subject)
        company.sees_appointment(subject)
    assert len(written) == 1


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2027-03-27T22:00:00", "2027-03-28T06:30:00"),
        ("2027-03-28T01:30:00", "2027-03-28T03:30:00"),
        ("2027-01-15T23:30:00", "2027-01-16T00:30:00"),
        ("2027-01-15T11:00:00", "2027-01-15T11:00:00"),
    ],
    ids=["over the switch", "around the skipped hour", "over midnight", "without length"],
)
def test_b1_times_keep_their_instants(company: Company, start: str, end: str) -> None:
    subject = company.name("Times")
    with company.written() as written:
        event = company.book(
            "ann", subject, start=moment(start, "Europe/Brussels"), end=moment(end, "Romance Standard Time")
        )
        company.sees_appointment(subject)
    appointment = company.sees_appointment(subject)
    assert (of_wall(appointment["start"]), of_wall(appointment["end"])) == (
        instant(event),
        instant(event, "end"),
    )
    assert of_wall(start) == instant(event)
    assert len(written) == 1


def test_b1_an_event_without_words_and_one_with_very_many(company: Company) -> None:
    subject, body = company.name("Essay"), "\n".join(f"{n:04d} <not & markup>" for n in range(240))
    with company.written() as written:
        company.book("bert", subject, body={"contentType": "text", "content": body})
        empty = company.book("bert", "", body={"contentType": "text", "content": ""}, hours=77)
        company.sees_appointment(subject)
        wait_until(lambda: at(company, empty, "R002"))
    assert company.sees_appointment(subject)["body"].split("\n") == body.split("\n")
    assert len(at(company, empty, "R002")) == 1
    assert len(written) == 2


def at(company: Company, event: Json, resource_no: str) -> list[Json]:
    """The appointments of a resource that begin when an event does."""
    return [
        one
        for one in company.board.appointments()
        if of_wall(one["start"]) == instant(event) and resource_no in resources_of(one)
    ]


def test_b1_a_category_that_the_board_does_not_know_does_not_keep_the_event_away(company: Company) -> None:
    subject = company.name("Odd category")
    with company.written() as written:
        company.book("ann", subject, categories=["Never heard of"])
        appointment = company.sees_appointment(subject)
    assert appointment["category"] is None
    assert len(written) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"showAs": "free"},
        {"showAs": "tentative"},
        {"showAs": "workingElsewhere"},
        {"sensitivity": "personal"},
        {"sensitivity": "private"},
        {"sensitivity": "confidential"},
        {"showAs": "free", "sensitivity": "private"},
    ],
    ids=lambda fields: "-".join(fields.values()),
)
def test_b2_of_an_event_that_is_not_shared_only_its_verdict_is_kept(
    company: Company, fields: dict[str, str]
) -> None:
    secret = company.name(f"Clinic-{'-'.join(fields.values())}")
    with company.nothing_written():
        event = company.book(
            "ann", secret, body={"contentType": "text", "content": f"words of {secret}"},
            location={"displayName": f"place of {secret}"}, categories=[f"tag of {secret}"], **fields,
        )  # fmt: skip
    assert secret not in json.dumps(company.board.appointments())
    (kept,) = wait_until(lambda: unshared_as(company, event), why="the store holds its id")
    assert kept.verdict.value.endswith("not_shared")
    assert secret.encode() not in at_store(company)
    assert secret not in company.connector.log_text()
    assert secret not in json.dumps(company.sandbox.requests(0, service="scheduler"), default=str)


def unshared_as(company: Company, event: Json) -> list[Any]:
    """What the store keeps of an event that is not shared, found by its version."""
    with company.connector.store() as store:
        return [one for one in store.unshared_of("R001") if one.etag == event["@odata.etag"]]  # type: ignore[arg-type]


# B3, B4: sharing ends and begins


@pytest.mark.parametrize("change", [{"sensitivity": "private"}, {"showAs": "free"}], ids=["private", "free"])
def test_b3_an_event_that_is_no_longer_shared_leaves_the_board_and_b4_comes_back(
    company: Company, change: dict[str, str]
) -> None:
    subject = company.name("Doctor")
    event, _ = company.book_seen("ann", subject)
    with company.written() as written:
        company.person("ann").change(event["id"], **change)
        company.sees_no_appointment(subject)
    assert len(written) == 1
    assert company.person("ann").having(subject=subject), "the event stays"
    with company.written() as written:
        company.person("ann").change(event["id"], sensitivity="normal", showAs="busy")
        company.sees_appointment(subject)
    assert len(written) == 1


def test_b4_an_event_that_was_never_shared_appears_when_it_is(company: Company) -> None:
    subject = company.name("Opened")
    event = company.book("ann", subject, sensitivity="private")
    company.look_around()
    assert company.board.having(subject=subject) == []
    company.person("ann").change(event["id"], sensitivity="normal")
    company.sees_appointment(subject)


def test_b3_with_mask_a_private_event_stays_as_its_time(company: Company) -> None:
    company.share("R004", share=True, showAs=["busy"], sensitivity=["normal"], private="mask")
    company.connector.wait_in_step()
    subject = company.name("Lawyer")
    event, before = company.book_seen("david", subject, importance="high")
    company.person("david").change(event["id"], sensitivity="private")
    company.sees_no_appointment(subject)
    (masked,) = company.board.having(appointmentGuid=before["appointmentGuid"])
    assert masked["subject"] == "Unavailable"
    assert masked["body"] == ""
    assert masked["importance"] == 0
    assert masked["start"] == before["start"]
    hidden = company.book("david", company.name("Judge"), sensitivity="private", hours=90)
    wait_until(lambda: at(company, hidden, "R004"))
    assert [one["subject"] for one in at(company, hidden, "R004")] == ["Unavailable"]
    assert b"Judge" not in at_store(company)


# B5, B6: shared events change and go


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        ({"subject": "Renamed"}, {"Subject"}),
        ({"importance": "high"}, {"Importance"}),
        ({"showAs": "oof"}, {"ShowAs"}),
        ({"body": {"contentType": "text", "content": "New words."}}, {"Body"}),
        ({"categories": ["Install"]}, {"Categories"}),
        ({"isReminderOn": False}, set()),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_b5_only_what_changed_is_written(company: Company, change: dict[str, Any], columns: set[str]) -> None:
    subject = company.name("Change")
    event, before = company.book_seen("ann", subject)
    change = {key: f"{value} {subject}" if key == "subject" else value for key, value in change.items()}
    with company.written() as written:
        company.person("ann").change(event["id"], **change)
    assert told(written) == ([columns] if columns else [])
    (after,) = company.board.having(appointmentGuid=before["appointmentGuid"])
    changed = {key for key in after if after[key] != before[key]} - {"lastModifiedDate", "lastModifiedUser"}
    expected = {"Categories": {"category", "categories"}}
    assert changed == {
        name for column in columns for name in expected.get(column, {column[0].lower() + column[1:]})
    }


def test_b5_a_moved_event_moves_its_appointment(company: Company) -> None:
    subject = company.name("Moved")
    event, _ = company.book_seen("ann", subject)
    start = instant(event) + timedelta(days=2, minutes=15)
    with company.written() as written:
        company.person("ann").change(event["id"], start=start, end=start + timedelta(hours=2))
    appointment = company.sees_appointment(subject)
    assert (of_wall(appointment["start"]), of_wall(appointment["end"])) == (start, start + timedelta(hours=2))
    assert len(written) == 1


def test_b6_a_deleted_event_takes_its_appointment_along(company: Company) -> None:
    subject = company.name("Off")
    event, _ = company.book_seen("ann", subject)
    with company.written() as written:
        company.person("ann").delete(event["id"])
        company.sees_no_appointment(subject)
    assert len(written) == 1


@pytest.mark.parametrize("end", ["declined", "cancelled"])
def test_b6_a_meeting_that_is_declined_or_cancelled_leaves_the_board(company: Company, end: str) -> None:
    subject = company.name("Meeting")
    ann = {"type": "required", "emailAddress": {"address": "ann@contoso.test"}}
    held = company.book("emma", subject, attendees=[ann])
    (invitation,) = wait_until(lambda: company.person("ann").having(subject=subject))
    company.look_around()
    assert company.board.having(subject=subject) == [], "a tentative one is not shared"
    company.person("ann").act(invitation["id"], "accept")
    assert resources_of(company.sees_appointment(subject)) == ["R001"]
    if end == "declined":
        company.person("ann").act(invitation["id"], "decline")
    else:
        company.person("emma").act(held["id"], "cancel")
    company.sees_no_appointment(subject)


# B7: series


@pytest.mark.slow
def test_b7_each_occurrence_in_the_window_is_an_appointment_and_the_window_only_adds(fresh: Company) -> None:
    company, subject = fresh, "Weekly round"
    company.connector.configure(sync={"past_days": 7, "future_days": 30})
    company.connector.start()
    first = (datetime.now(BOARD_ZONE) + timedelta(days=1)).date()
    company.book(
        "bert",
        subject,
        start=moment(f"{first}T08:00:00", "Europe/Brussels"),
        end=moment(f"{first}T08:30:00", "Europe/Brussels"),
        recurrence={
            "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": [f"{first:%A}".lower()]},
            "range": {"type": "numbered", "startDate": str(first), "numberOfOccurrences": 20},
        },
    )

    def begins() -> list[str]:
        assert len({one["appointmentGuid"] for one in company.board.having(subject=subject)}) == len(
            company.board.having(subject=subject)
        )
        return sorted(one["start"] for one in company.board.having(subject=subject))

    wait_until(lambda: len(begins()) == 5, why="five weeks are in the window")
    assert begins() == [f"{first + timedelta(weeks=week)}T08:00:00" for week in range(5)]
    assert {tuple(resources_of(one)) for one in company.board.having(subject=subject)} == {("R002",)}
    company.connector.wait_in_step()  # the first synchronisation of the others may still be under way
    with company.nothing_written():
        company.connector.wait_in_step()
    for days, weeks in ((60, 9), (10, 9)):
        company.connector.stop()
        company.connector.configure(sync={"future_days": days})
        company.connector.start()
        wait_until(lambda weeks=weeks: len(begins()) == weeks, why=f"{weeks} weeks")  # type: ignore[misc]
        company.look_around()
        assert len(begins()) == weeks
    (series,) = company.person("bert").having(subject=subject)
    company.person("bert").delete(series["id"])
    wait_until(lambda: len(begins()) == 0, why="the whole series is gone")


# B10, B17: preferences


def test_b10_existing_events_are_judged_again_when_the_preferences_change(company: Company) -> None:
    busy, free, private = company.name("Busy"), company.name("Free"), company.name("Private")
    company.share("R003", share=True, showAs=["busy"], sensitivity=["normal"], private="hide")
    company.book("chloe", free, showAs="free")
    company.book("chloe", private, sensitivity="private")
    company.book_seen("chloe", busy)
    assert company.board.having(subject=free) == []
    company.share("R003", showAs=["free", "busy"], sensitivity=["normal", "private"])
    company.sees_appointment(free)
    company.sees_appointment(private)
    company.share("R003", showAs=["free"], sensitivity=["normal"])
    company.sees_no_appointment(busy)
    company.sees_no_appointment(private)
    company.sees_appointment(free)
    company.share("R003", share=False)
    company.sees_no_appointment(free)
    with company.nothing_written():
        company.connector.wait_in_step()
    said = company.connector.command("preferences", "set", "R003", "--share", "--show-as", "busy")
    assert said.code == 0, said.stderr
    company.sees_appointment(busy)
    assert company.board.having(subject=free) == []


@pytest.mark.slow
def test_b17_what_resources_chose_does_not_count_when_they_do_not_decide(fresh: Company) -> None:
    company = fresh
    company.connector.start()
    free, busy = company.name("Free"), company.name("Busy")
    company.book("ann", free, showAs="free")
    company.book_seen("ann", busy)
    company.share("R001", showAs=["free"])
    company.sees_appointment(free)
    company.sees_no_appointment(busy)
    company.connector.stop()
    company.connector.configure(defaults={"resources_decide": False})
    company.connector.start()
    company.sees_appointment(busy)
    company.sees_no_appointment(free)
    company.connector.stop()
    company.connector.configure(defaults={"resources_decide": True})
    company.connector.start()
    company.sees_appointment(free)
    company.sees_no_appointment(busy)


# B11, B12: board-born events in the hands of people


def test_b11_a_moved_event_moves_the_appointment_and_the_events_of_the_others(company: Company) -> None:
    subject = company.name("Shifted")
    planned, (mine, _) = company.plan_seen(subject, "ann", "bert")
    start = instant(mine) + timedelta(hours=5)
    with company.written() as written:
        company.person("ann").change(mine["id"], start=start, end=start + timedelta(hours=1))
        wait_until(lambda: instant(company.sees_event("bert", subject)) == start)
    assert of_wall(company.sees_appointment(subject)["start"]) == start
    assert company.sees_appointment(subject)["appointmentGuid"] == planned["appointmentGuid"]
    assert instant(company.sees_event("ann", subject)) == start
    assert sorted((one.service, one.method) for one in written) == [("graph", "PATCH"), ("scheduler", "POST")]


def test_b11_a_new_importance_and_category_are_taken_too(company: Company) -> None:
    subject = company.name("Urgent")
    _, (mine, _) = company.plan_seen(subject, "ann", "bert", category="SERVICE")
    company.person("ann").change(mine["id"], importance="high", categories=["Install", "Red category"])
    wait_until(lambda: company.sees_appointment(subject)["importance"] == 1)
    wait_until(lambda: company.sees_event("bert", subject)["importance"] == "high")
    wait_until(lambda: company.sees_appointment(subject)["category"]["name"] == "INSTALL")
    company.connector.wait_in_step()
    assert "Red category" in company.sees_event("ann", subject)["categories"]
    assert "Red category" not in company.sees_event("bert", subject)["categories"]


def test_b11_the_subject_of_a_board_born_event_belongs_to_the_board(company: Company) -> None:
    subject = company.name("Mine")
    _, (mine,) = company.plan_seen(subject, "ann")
    with company.written() as written:
        company.person("ann").change(mine["id"], subject="Something else")
        wait_until(lambda: not company.person("ann").having(subject="Something else"))
    company.sees_event("ann", subject)
    assert [set(one.body) for one in written] == [{"subject"}]


def test_b11_a_locked_appointment_takes_no_change_from_outlook(company: Company) -> None:
    subject = company.name("Locked")
    planned, (mine,) = company.plan_seen(subject, "ann", locked=True)
    company.person("ann").change(mine["id"], start=instant(mine) - timedelta(hours=1))
    wait_until(lambda: instant(company.sees_event("ann", subject)) == instant(mine), why="it is put back")
    assert company.sees_appointment(subject)["start"] == planned["start"]


def test_b11_with_revert_the_event_is_put_back(strict: Company) -> None:
    company, subject = strict, strict.name("Stubborn")
    planned, (mine, _) = company.plan_seen(subject, "ann", "bert")
    start = instant(mine) + timedelta(hours=5)
    with company.written() as written:
        company.person("ann").change(
            mine["id"], start=start, end=start + timedelta(hours=1), importance="low"
        )
        wait_until(lambda: instant(company.sees_event("ann", subject)) != start)
    event = company.sees_event("ann", subject)
    assert (instant(event), instant(event, "end")) == (instant(mine), instant(mine, "end"))
    assert event["importance"] == "normal"
    assert company.sees_appointment(subject)["start"] == planned["start"]
    assert [(one.service, one.method) for one in written] == [("graph", "PATCH")]


def test_b12_a_deleted_event_is_created_again(company: Company) -> None:
    subject = company.name("Restored")
    planned, (mine, _) = company.plan_seen(subject, "ann", "bert")
    for _ in range(2):
        with company.written() as written:
            company.person("ann").delete(company.sees_event("ann", subject)["id"])
            wait_until(lambda: company.person("ann").having(subject=subject))
        assert [(one.method, one.status) for one in written] == [("POST", 201)]
    again = company.sees_event("ann", subject)
    assert again["id"] != mine["id"]
    assert company.linked("ann", again) == f"{planned['appointmentGuid']}/R001"


def test_b12_with_unassign_the_resource_leaves_the_appointment_and_the_last_one_takes_it_along(
    strict: Company,
) -> None:
    company, subject = strict, strict.name("Refused")
    _, (mine, other) = company.plan_seen(subject, "ann", "bert")
    with company.written() as written:
        company.person("ann").delete(mine["id"])
        wait_until(lambda: resources_of(company.sees_appointment(subject)) == ["R002"])
    assert company.sees_event("bert", subject)["@odata.etag"] == other["@odata.etag"]
    assert company.person("ann").having(subject=subject) == []
    assert len(written) == 1
    company.person("bert").delete(other["id"])
    company.sees_no_appointment(subject)


# B16


def test_b16_a_planner_deletes_an_appointment_from_outlook_and_the_event_stays(company: Company) -> None:
    subject, again = company.name("Personal"), company.name("Personal, again")
    event, appointment = company.book_seen("ann", subject)
    with company.nothing_written():
        company.board.delete(appointment["appointmentNo"])
        company.let_polls_pass()
    assert company.person("ann").having(subject=subject)
    company.connector.stop()
    company.connector.start()
    with company.nothing_written():
        company.connector.wait_in_step()
    company.person("ann").change(event["id"], subject=again)
    company.sees_appointment(again)
