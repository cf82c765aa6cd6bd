"""Both clients against the sandbox's services: what they ask for is what a service of that kind answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pykka import ActorRef

from actors.clients.errors import (
    Conflict,
    DuplicateTransaction,
    MailboxMissing,
    NotAuthenticated,
    NotFound,
    OutcomeUnknown,
    Problem,
    TokenInvalid,
)
from actors.clients.gateway import TakeSnapshot
from actors.clients.grants import Surroundings
from actors.clients.graph.delta import Series
from actors.clients.graph.directory import FindUser
from actors.clients.graph.gateway import GraphGateway
from actors.clients.graph.operations import (
    CreateEvent,
    FindLinked,
    PatchEvent,
    ReadDelta,
    ReadEvent,
    ReadSeries,
    ReadWindow,
    RemoveEvent,
)
from actors.clients.graph.subscriptions import (
    CreateSubscription,
    ListSubscriptions,
    RemoveSubscription,
    RenewSubscription,
)
from actors.clients.metrics import Snapshot
from actors.clients.scheduler.dialect import Dialect, WriteRoute
from actors.clients.scheduler.gateway import SchedulerGateway
from actors.clients.scheduler.operations import (
    ListAppointments,
    ListCategories,
    ListResources,
    ReadAppointment,
    RemoveAppointment,
    WriteAppointment,
)
from actors.clients.scheduler.webhooks import Change, SubscribeWebhook, UnsubscribeWebhook
from actors.clients.steps import Done, Operation, Outcome, Submit
from actors.clients.token import AppCredentials, MsalCredentials
from actors.runtime.system import Runtime
from models.content import Importance, Sensitivity, ShowAs
from models.event import EventDetail, EventHead
from models.ids import (
    AppointmentGuid,
    AppointmentId,
    EventKey,
    MailboxId,
    ResourceNo,
    appointment_guid,
    transaction_id,
)
from models.judging import Judge
from models.preferences import Preferences
from models.when import AllDay, Timed, window_around
from models.writes import AppointmentRemoval, AppointmentWrite, EventPatch
from tests.clients_kit import EVERYTHING, GRAPH, MONDAY, draft, problem_of, value_of
from tests.sandbox.clock import Clock
from tests.sandbox.faults import Kind
from tests.sandbox.services import Services
from tests.sandbox_kit import KEY
from tests.sandbox_transport import SandboxTransport

WINDOW = window_around(MONDAY, past_days=14, future_days=60)


@dataclass(slots=True)
class Company:
    """The small company, both gateways, and time that stands still."""

    services: Services
    runtime: Any
    graph: ActorRef[Any]
    board: ActorRef[Any]

    @classmethod
    def open(cls, *, route: WriteRoute = WriteRoute.EXCHANGE_APPOINTMENT, secret: str = "") -> Company:
        clock = Clock()
        clock.set(MONDAY, frozen=True)
        services = Services(clock=clock, company="small", key=KEY)
        runtime = Runtime.simulated(1, MONDAY)
        transport = SandboxTransport(services)
        around = Surroundings(
            clock=runtime.clock, timers=runtime.timers, senders=runtime.senders, random=runtime.random
        )
        application = services.authority.application
        settings = AppCredentials(
            tenant_id=services.authority.tenant_id,
            client_id=application.client_id,
            client_secret=secret or application.secret,
            authority="https://sign-in.test",
            graph_url="https://graph.microsoft.com/v1.0",
        )
        planned = next(iter(services.board.appointments))
        dialect = Dialect(
            zone=ZoneInfo("Europe/Brussels"),
            source_app=planned.source_app,
            source_type=planned.source_type,
            write_route=route,
            job_no=planned.job_no or "",
            task_no=planned.task_no or "",
        )
        graph = GraphGateway.start(
            transport=transport,
            credentials=MsalCredentials(settings, transport),
            graph_url=GRAPH,
            surroundings=around,
            dispatcher=runtime.resources,
        )
        board = SchedulerGateway.start(
            transport=transport,
            api_key=services.api_key,
            scheduler_url="https://board.test",
            dialect=dialect,
            surroundings=around,
            dispatcher=runtime.resources,
        )
        return cls(services, runtime, graph, board)

    def outcome(self, gateway: ActorRef[Any], operation: Operation[Any], *, within: float = 0.0) -> Outcome:
        outcomes: list[Outcome] = []
        gateway.tell(Submit(operation=operation, reply=outcomes.append))
        self.runtime.run_until(self.runtime.clock.now() + timedelta(seconds=within))
        assert len(outcomes) == 1
        return outcomes[0]

    def in_outlook(self, operation: Operation[Any], **options: Any) -> Any:
        return value_of(self.outcome(self.graph, operation, **options))

    def not_in_outlook(self, operation: Operation[Any], **options: Any) -> Problem:
        return problem_of(self.outcome(self.graph, operation, **options))

    def on_board(self, operation: Operation[Any], **options: Any) -> Any:
        return value_of(self.outcome(self.board, operation, **options))

    def not_on_board(self, operation: Operation[Any], **options: Any) -> Problem:
        return problem_of(self.outcome(self.board, operation, **options))

    @property
    def ann(self) -> MailboxId:
        return MailboxId(self.in_outlook(FindUser(email="ann@contoso.test")).id)


@pytest.fixture
def company() -> Company:
    return Company.open()


def test_mailboxes_are_found_and_told_from_people_without_one(company: Company) -> None:
    assert company.in_outlook(FindUser(email="nobody@contoso.test")) is None
    assert company.in_outlook(ReadWindow(mailbox=company.ann, window=WINDOW, judge=EVERYTHING)).events
    nobody = MailboxId("00000000-0000-4000-8000-000000000000")
    missing = company.not_in_outlook(ReadWindow(mailbox=nobody, window=WINDOW, judge=EVERYTHING))
    assert isinstance(missing, MailboxMissing)


def test_a_wrong_secret_is_told_in_the_product_s_code() -> None:
    company = Company.open(secret="not the secret")
    company.graph.tell(Submit(operation=FindUser(email="x"), reply=lambda outcome: None))
    company.runtime.settle()
    snapshot = company.graph.ask(TakeSnapshot())
    assert isinstance(snapshot, Snapshot)
    assert snapshot.code == "DSEX002"


def test_an_event_lives_its_life(company: Company) -> None:
    ann, new = company.ann, draft(link_value="g-1/R001")
    event = company.in_outlook(CreateEvent(mailbox=ann, draft=new, judge=EVERYTHING))
    assert event.head.when == new.when
    assert event.head.transaction_id == new.transaction_id
    again = company.in_outlook(CreateEvent(mailbox=ann, draft=new, judge=EVERYTHING))
    assert again.head.id == event.head.id, "A1: the same creation is the same event"
    [found] = company.in_outlook(FindLinked(mailbox=ann, judge=EVERYTHING, value="g-1/R001"))
    assert (found.id, found.link_value) == (event.head.id, "g-1/R001")

    patch = PatchEvent(
        mailbox=ann,
        event_id=event.head.id,
        judge=EVERYTHING,
        etag=event.head.etag,
        patch=EventPatch(subject="New"),
    )
    changed = company.in_outlook(patch)
    assert changed.detail.subject == "New"
    assert changed.head.when == event.head.when
    assert isinstance(company.not_in_outlook(patch), Conflict), "A4"

    days = AllDay(first=date(2026, 11, 24), until=date(2026, 11, 26))
    moved = company.in_outlook(replace(patch, etag=changed.head.etag, patch=EventPatch(when=days)))
    assert moved.head.when == days
    remove = RemoveEvent(mailbox=ann, event_id=event.head.id)
    assert company.in_outlook(remove) is None
    assert company.in_outlook(remove) is None
    read = ReadEvent(mailbox=ann, event_id=event.head.id, judge=EVERYTHING)
    assert isinstance(company.not_in_outlook(read), NotFound)


def test_a_creation_with_other_content_names_the_event_that_exists(company: Company) -> None:
    ann = company.ann
    event = company.in_outlook(CreateEvent(mailbox=ann, draft=draft(), judge=EVERYTHING))
    problem = company.not_in_outlook(CreateEvent(mailbox=ann, draft=draft("Other"), judge=EVERYTHING))
    assert isinstance(problem, DuplicateTransaction)
    assert problem.existing_event_id == event.head.id


def test_a_rewrite_changes_the_words_without_their_leaving(company: Company) -> None:
    ann = company.ann
    event = company.in_outlook(CreateEvent(mailbox=ann, draft=draft(), judge=EVERYTHING))

    def longer(detail: EventDetail) -> EventPatch:
        return EventPatch(body_html=detail.body_html.replace("ladder", "long ladder"))

    patch = PatchEvent(
        mailbox=ann,
        event_id=event.head.id,
        judge=EVERYTHING,
        etag=event.head.etag,
        patch=EventPatch(),
        rewrite=longer,
    )
    assert "long ladder" in company.in_outlook(patch).detail.body_html
    assert isinstance(company.not_in_outlook(patch), Conflict)


def test_d2_a_creation_whose_answer_is_lost_is_found_by_its_link(company: Company) -> None:
    ann, new = company.ann, draft(link_value="g-9/R001")
    company.services.faults.add(kind=Kind.LOST_ANSWER, service="graph", method="POST", times=1)
    problem = company.not_in_outlook(CreateEvent(mailbox=ann, draft=new, judge=EVERYTHING), within=60)
    assert isinstance(problem, OutcomeUnknown)
    [found] = company.in_outlook(FindLinked(mailbox=ann, judge=EVERYTHING, value="g-9/R001"))
    assert found.transaction_id == new.transaction_id


def test_delta_rounds_tell_what_changed_and_what_is_gone(company: Company) -> None:
    ann = company.ann
    page = company.in_outlook(ReadDelta(mailbox=ann, judge=EVERYTHING, window=WINDOW))
    while page.next_link:
        page = company.in_outlook(ReadDelta(mailbox=ann, judge=EVERYTHING, link=page.next_link))
    quiet = company.in_outlook(ReadDelta(mailbox=ann, judge=EVERYTHING, link=page.delta_link))
    assert (quiet.events, quiet.series, quiet.removed) == ((), (), ())
    event = company.in_outlook(CreateEvent(mailbox=ann, draft=draft(), judge=EVERYTHING))
    told = company.in_outlook(ReadDelta(mailbox=ann, judge=EVERYTHING, link=quiet.delta_link))
    assert [one.head.id for one in told.events] == [event.head.id]
    assert told.events[0].head.etag == event.head.etag, "C1: an echo is known by its version"
    company.in_outlook(RemoveEvent(mailbox=ann, event_id=event.head.id))
    gone = company.in_outlook(ReadDelta(mailbox=ann, judge=EVERYTHING, link=told.delta_link))
    assert gone.removed == (event.head.id,)
    broken = ReadDelta(mailbox=ann, judge=EVERYTHING, link=gone.delta_link + "x")
    assert isinstance(company.not_in_outlook(broken), TokenInvalid)


def zoneless(series: Series) -> list[EventHead]:
    """The occurrences but for the zone in which their times were told."""
    return [replace(one.head, zone="") for one in series.occurrences]


def test_a_delta_round_a_listing_and_a_reading_of_a_series_agree(company: Company) -> None:
    series_seen = 0
    for user in company.services.tenant.users.values():
        mailbox = MailboxId(user.id)
        outcome = company.outcome(company.graph, ReadDelta(mailbox=mailbox, judge=EVERYTHING, window=WINDOW))
        if hasattr(outcome, "problem"):
            continue
        page = value_of(outcome)
        listing = company.in_outlook(ReadWindow(mailbox=mailbox, window=WINDOW, judge=EVERYTHING))
        delta = {one.head.key: one.head.when for one in page.events}
        for series in page.series:
            series_seen += 1
            delta |= {one.head.key: one.head.when for one in series.occurrences}
            reading = company.in_outlook(
                ReadSeries(mailbox=mailbox, master_id=series.master.head.id, window=WINDOW, judge=EVERYTHING)
            )
            assert zoneless(reading) == zoneless(series)
        assert delta == {one.head.key: one.head.when for one in listing.events}
    assert series_seen


def test_what_is_not_shared_is_read_without_its_words(company: Company) -> None:
    judge = Judge(preferences=Preferences())
    listing = company.in_outlook(ReadWindow(mailbox=company.ann, window=WINDOW, judge=judge))
    unshared = [event for event in listing.events if not judge.may_read(event.head)]
    assert unshared
    assert all(event.detail is None for event in unshared)
    assert any(event.detail is not None for event in listing.events)


def test_d6_a_subscription_is_made_listed_renewed_and_removed(company: Company) -> None:
    create = CreateSubscription(
        user=company.ann,
        notification_url="https://connector.test/hooks/graph",
        lifecycle_url="https://connector.test/hooks/graph/lifecycle",
        client_state="s" * 32,
        expires_at=MONDAY + timedelta(days=6),
    )
    made = company.in_outlook(create)
    [listed] = company.in_outlook(ListSubscriptions())
    assert listed == made
    later = MONDAY + timedelta(days=6, hours=12)
    assert (
        company.in_outlook(RenewSubscription(subscription_id=made.id, expires_at=later)).expires_at == later
    )
    company.in_outlook(RemoveSubscription(subscription_id=made.id))
    company.in_outlook(RemoveSubscription(subscription_id=made.id))
    assert company.in_outlook(ListSubscriptions()) == ()


def write(company: Company, **members: Any) -> AppointmentWrite:
    given = {
        "guid": appointment_guid(company.ann, EventKey("E1")),
        "resource_no": ResourceNo("R001"),
        "resource_email": "ann@contoso.test",
        "outlook_born": True,
        "subject": "Dentist",
        "body": "floor 3",
        "when": Timed(start=MONDAY, end=MONDAY + timedelta(hours=1)),
        "importance": Importance.HIGH,
        "show_as": ShowAs.OOF,
        "sensitivity": Sensitivity.NORMAL,
    }
    return AppointmentWrite(**{**given, **members})


@pytest.mark.parametrize("route", list(WriteRoute))
def test_an_outlook_born_appointment_lives_its_life(route: WriteRoute) -> None:
    company = Company.open(route=route)
    new = write(company)
    written = company.on_board(WriteAppointment(write=new))
    again = company.on_board(WriteAppointment(write=new))
    assert again.id == written.id, "D2: a repeat is an update"
    appointment = company.on_board(ReadAppointment(id=written.id))
    assert (appointment.guid, appointment.subject, appointment.body) == (new.guid, "Dentist", "floor 3")
    assert appointment.when == new.when
    assert appointment.importance is Importance.HIGH
    assert appointment.resources == ("R001",)
    if route is WriteRoute.EXCHANGE_APPOINTMENT:
        assert (appointment.show_as, appointment.sensitivity) == (ShowAs.OOF, Sensitivity.NORMAL)
    removal = AppointmentRemoval(
        guid=new.guid,
        id=written.id,
        resource_no=ResourceNo("R001"),
        resource_email="ann@contoso.test",
        outlook_born=True,
    )
    company.on_board(RemoveAppointment(removal=removal))
    company.on_board(RemoveAppointment(removal=removal))
    assert isinstance(company.not_on_board(ReadAppointment(id=written.id)), NotFound)


def test_b11_a_board_born_appointment_is_changed_in_place(company: Company) -> None:
    listing = company.on_board(ListAppointments(window=WINDOW))
    before = max(listing.appointments, key=lambda one: len(one.resources))
    assert len(before.resources) > 1
    task = before.record["task"]
    change = write(
        company,
        guid=before.guid,
        id=before.id,
        outlook_born=False,
        source_app=before.source_app,
        source_type=before.source_type,
        job_no=task["job"]["jobNo"],
        task_no=task["taskNo"],
        subject="New",
        body=None,
        importance=None,
        show_as=None,
        sensitivity=None,
    )
    company.on_board(WriteAppointment(write=change))
    after = company.on_board(ReadAppointment(id=before.id))
    assert (after.subject, after.when) == ("New", change.when)
    assert (after.body, after.category, after.importance) == (before.body, before.category, before.importance)
    assert after.resources == before.resources
    assert (after.source_app, after.source_type) == (before.source_app, before.source_type)


def test_b12_one_resource_is_taken_off_and_the_others_stay(company: Company) -> None:
    listing = company.on_board(ListAppointments(window=WINDOW))
    before = max(listing.appointments, key=lambda one: len(one.resources))
    removal = AppointmentRemoval(
        guid=before.guid,
        id=before.id,
        resource_no=before.resources[0],
        resource_email="",
        outlook_born=False,
        source_app=before.source_app,
        source_type=before.source_type,
    )
    company.on_board(RemoveAppointment(removal=removal))
    after = company.on_board(ReadAppointment(id=before.id))
    assert after.resources == before.resources[1:]


def test_the_board_is_listed_whole_and_by_resource(company: Company) -> None:
    resources = company.on_board(ListResources())
    assert any(not one.exchange_enabled for one in resources)
    assert any(not one.email for one in resources)
    assert company.on_board(ListCategories())
    everything = company.on_board(ListAppointments(window=WINDOW))
    numbers = tuple(one.resource_no for one in resources)
    by_resource = company.on_board(ListAppointments(window=WINDOW, resources=numbers))
    assert everything.unreadable == ()
    assert {one.id for one in by_resource.appointments} <= {one.id for one in everything.appointments}
    assert by_resource.appointments


def test_d8_a_refusal_of_the_board_inside_a_success_is_a_problem(company: Company) -> None:
    unknown = write(company, resource_email="nobody@contoso.test")
    problem = company.not_on_board(WriteAppointment(write=unknown), within=60)
    assert not isinstance(problem, NotAuthenticated)
    assert company.on_board(ListAppointments(window=WINDOW)).unreadable == ()


def test_a_webhook_is_made_and_ended(company: Company) -> None:
    hook = company.on_board(
        SubscribeWebhook(change=Change.UPDATED, source_app="BC", url="https://connector.test/hooks")
    )
    assert hook
    company.on_board(UnsubscribeWebhook(change=Change.UPDATED, id=hook))
    company.on_board(UnsubscribeWebhook(change=Change.UPDATED, id=hook))


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": Kind.STATUS, "status": 503},
        {"kind": Kind.STATUS, "status": 429, "retry_after": 1.5},
        {"kind": Kind.STATUS, "status": 503, "commit": True},
        {"kind": Kind.LOST_ANSWER},
        {"kind": Kind.RESET},
        {"kind": Kind.MALFORMED},
        {"kind": Kind.TRUNCATE},
    ],
)
def test_d2_whatever_happens_to_an_answer_there_is_one_appointment(fault: dict[str, Any]) -> None:
    company = Company.open()
    new = write(company)
    company.services.faults.add(service="scheduler", method="POST", times=2, **fault)
    for _ in range(3):  # as whoever asks does who does not know how it ended
        outcome = company.outcome(company.board, WriteAppointment(write=new), within=120)
        if isinstance(outcome, Done):
            break
        assert isinstance(outcome.problem, OutcomeUnknown)
    assert isinstance(outcome, Done)
    assert all(one.struck == 2 for one in company.services.faults)
    listing = company.on_board(ListAppointments(window=WINDOW))
    assert [one.guid for one in listing.appointments].count(new.guid) == 1


@pytest.mark.parametrize("generation", [0, 1])
def test_transaction_ids_survive_the_way_there_and_back(company: Company, generation: int) -> None:
    mine = transaction_id(AppointmentGuid("g"), ResourceNo("R001"), company.ann, generation)
    new = replace(draft(), transaction_id=mine)
    event = company.in_outlook(CreateEvent(mailbox=company.ann, draft=new, judge=EVERYTHING))
    assert event.head.transaction_id == mine


def test_ids_that_nobody_has_are_not_found(company: Company) -> None:
    assert isinstance(company.not_on_board(ReadAppointment(id=AppointmentId("999999"))), NotFound)
