"""msal, msgraph-sdk and O365 from PyPI, unchanged, work against the local tenant over TLS.

Each test skips when its client is not installed (extra `official-clients`). What is configured is what a
client lets its user configure for another cloud: the authority, the address of Graph, the certificates.
"""

# The clients are an extra that type checks do without:
# mypy: disable-error-code="import-not-found,import-untyped"

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.official_clients.local_services import LocalServices, listening, running_services

pytestmark = [pytest.mark.official_clients, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

SCOPE = "https://graph.microsoft.com/.default"
MISSING = "not installed: pip install '.[official-clients]'"


@pytest.fixture(scope="module")
def services() -> Iterator[LocalServices]:
    with pytest.MonkeyPatch.context() as environment, running_services() as running:
        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # they override `verify` (facts §6.2)
            environment.delenv(name, raising=False)
        yield running


def msal_application(services: LocalServices, secret: str | None = None) -> Any:
    """MSAL's own application for the local authority."""
    msal = pytest.importorskip("msal", reason=f"msal is {MISSING}")
    return msal.ConfidentialClientApplication(
        services.client_id,
        client_credential=secret or services.client_secret,
        authority=services.token_authority,
        instance_discovery=False,
        verify=services.ca_bundle,
    )


# msal


def test_msal_gets_a_token_and_then_serves_it_from_its_cache(services: LocalServices) -> None:
    application = msal_application(services)
    first = application.acquire_token_for_client([SCOPE])
    second = application.acquire_token_for_client([SCOPE])
    assert (first["token_source"], second["token_source"]) == ("identity_provider", "cache")
    assert first["access_token"] == second["access_token"]
    assert 3000 < first["expires_in"] <= 3600


def test_msal_reports_a_wrong_secret(services: LocalServices) -> None:
    answer = msal_application(services, "wrong").acquire_token_for_client([SCOPE])
    assert answer["error"] == "invalid_client"
    assert "AADSTS7000215" in answer["error_description"]


# msgraph-sdk


def with_sdk(services: LocalServices, work: Callable[[Any], Awaitable[None]]) -> None:
    """Runs `work` with a GraphServiceClient of msgraph-sdk that signs in with azure-identity."""
    reason = f"msgraph-sdk is {MISSING}"
    pytest.importorskip("msgraph", reason=reason)
    httpx = pytest.importorskip("httpx", reason=reason)
    identity = pytest.importorskip("azure.identity.aio", reason=reason)
    from kiota_authentication_azure.azure_identity_authentication_provider import (
        AzureIdentityAuthenticationProvider,
    )
    from msgraph import GraphRequestAdapter, GraphServiceClient
    from msgraph_core import GraphClientFactory

    async def run() -> None:
        certificates = ssl.create_default_context(cafile=services.ca_bundle)
        credential = identity.ClientSecretCredential(
            services.tenant_id,
            services.client_id,
            services.client_secret,
            authority=services.authority,
            disable_instance_discovery=True,
            connection_verify=services.ca_bundle,
        )
        transport = httpx.AsyncHTTPTransport(verify=certificates)
        async with (
            credential,
            contextlib.aclosing(transport),  # the SDK wraps it and does not close it
            httpx.AsyncClient(transport=transport, timeout=30) as http,
        ):
            provider = AzureIdentityAuthenticationProvider(
                credential, scopes=[SCOPE], allowed_hosts=["localhost", "127.0.0.1"]
            )
            client = GraphClientFactory.create_with_default_middleware(client=http)
            adapter = GraphRequestAdapter(provider, client)
            adapter.base_url = services.graph_url
            await work(GraphServiceClient(request_adapter=adapter))

    asyncio.run(run())


def sdk_event(subject: str, start: datetime, **members: Any) -> Any:
    """An event in the SDK's own types: an hour from `start`."""
    from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
    from msgraph.generated.models.event import Event

    def at(moment: datetime) -> DateTimeTimeZone:
        return DateTimeTimeZone(date_time=moment.strftime("%Y-%m-%dT%H:%M:%S"), time_zone="Europe/Brussels")

    return Event(subject=subject, start=at(start), end=at(start + timedelta(hours=1)), **members)


DAY = datetime(2027, 3, 1, 9, tzinfo=UTC)
LOCAL_DAY = DAY.replace(tzinfo=ZoneInfo("Europe/Brussels"))
FROM, TO = "2027-03-01T00:00:00Z", "2027-03-08T00:00:00Z"


def test_msgraph_sdk_creates_reads_changes_and_deletes(services: LocalServices) -> None:
    async def work(graph: Any) -> None:
        from kiota_abstractions.base_request_configuration import RequestConfiguration
        from msgraph.generated.models.body_type import BodyType
        from msgraph.generated.models.free_busy_status import FreeBusyStatus
        from msgraph.generated.models.importance import Importance
        from msgraph.generated.models.item_body import ItemBody
        from msgraph.generated.models.o_data_errors.o_data_error import ODataError

        events = graph.users.by_user_id(services.mailbox(0)).events
        body = ItemBody(content_type=BodyType.Text, content="Bring the ladder")
        created = await events.post(
            sdk_event("Visit", DAY, body=body, show_as=FreeBusyStatus.Oof, importance=Importance.High)
        )
        assert created.id
        assert (created.show_as, created.importance) == (FreeBusyStatus.Oof, Importance.High)
        assert "Bring the ladder" in created.body.content
        one = events.by_event_id(created.id)
        assert (await one.get()).subject == "Visit"

        stale = RequestConfiguration()
        stale.headers.add("If-Match", created.additional_data["@odata.etag"])
        from msgraph.generated.models.event import Event

        changed = await one.patch(Event(subject="Later"), request_configuration=stale)
        assert changed.subject == "Later"
        with pytest.raises(ODataError) as refused:
            await one.patch(Event(subject="Too late"), request_configuration=stale)
        assert refused.value.response_status_code == 412
        assert refused.value.error.code == "ErrorIrresolvableConflict"
        fresh = RequestConfiguration()
        fresh.headers.add("If-Match", changed.additional_data["@odata.etag"])
        assert (await one.patch(Event(subject="In time"), request_configuration=fresh)).subject == "In time"

        await one.delete()
        with pytest.raises(ODataError) as gone:
            await one.get()
        assert gone.value.error.code == "ErrorItemNotFound"

    with_sdk(services, work)


def test_msgraph_sdk_pages_with_its_page_iterator(services: LocalServices) -> None:
    async def work(graph: Any) -> None:
        from kiota_abstractions.base_request_configuration import RequestConfiguration
        from msgraph.generated.users.item.events.events_request_builder import EventsRequestBuilder
        from msgraph_core.tasks.page_iterator import PageIterator

        events = graph.users.by_user_id(services.mailbox(1)).events
        for number in range(12):
            await events.post(sdk_event(f"paged {number:02}", DAY))
        query = EventsRequestBuilder.EventsRequestBuilderGetQueryParameters(
            top=5, select=["subject"], filter="startswith(subject,'paged')"
        )
        first = await events.get(RequestConfiguration(query_parameters=query))
        assert (len(first.value), bool(first.odata_next_link)) == (5, True)
        seen: list[str] = []

        def note(event: Any) -> bool:
            seen.append(event.subject)
            return True

        await PageIterator(first, graph.request_adapter).iterate(note)
        assert seen == [f"paged {number:02}" for number in range(12)]

    with_sdk(services, work)


def test_msgraph_sdk_follows_delta_rounds(services: LocalServices) -> None:
    async def work(graph: Any) -> None:
        from kiota_abstractions.base_request_configuration import RequestConfiguration
        from msgraph.generated.models.event import Event
        from msgraph.generated.users.item.calendar_view.delta.delta_request_builder import (
            DeltaRequestBuilder,
        )

        user = graph.users.by_user_id(services.mailbox(2))
        kept = await user.events.post(sdk_event("kept", DAY))
        gone = await user.events.post(sdk_event("gone", DAY))
        query = DeltaRequestBuilder.DeltaRequestBuilderGetQueryParameters(
            start_date_time=FROM, end_date_time=TO
        )
        small = RequestConfiguration(query_parameters=query)
        small.headers.add("Prefer", "odata.maxpagesize=1")
        page = await user.calendar_view.delta.get(small)
        subjects = [event.subject for event in page.value]
        plain = RequestConfiguration()
        while page.odata_next_link:
            assert page.odata_delta_link is None
            page = await user.calendar_view.delta.with_url(page.odata_next_link).get(plain)
            subjects += [event.subject for event in page.value]
        assert subjects == ["kept", "gone"]

        await user.events.by_event_id(kept.id).patch(Event(subject="changed"))
        await user.events.by_event_id(gone.id).delete()
        page = await user.calendar_view.delta.with_url(page.odata_delta_link).get(plain)
        assert [(event.id, "@removed" in event.additional_data) for event in page.value] == [
            (kept.id, False),
            (gone.id, True),
        ]
        assert page.odata_delta_link

    with_sdk(services, work)


def test_msgraph_sdk_reads_views_series_and_exceptions(services: LocalServices) -> None:
    async def work(graph: Any) -> None:
        from kiota_abstractions.base_request_configuration import RequestConfiguration
        from msgraph.generated.models.day_of_week import DayOfWeek
        from msgraph.generated.models.event import Event
        from msgraph.generated.models.event_type import EventType
        from msgraph.generated.models.patterned_recurrence import PatternedRecurrence
        from msgraph.generated.models.recurrence_pattern import RecurrencePattern
        from msgraph.generated.models.recurrence_pattern_type import RecurrencePatternType
        from msgraph.generated.models.recurrence_range import RecurrenceRange
        from msgraph.generated.models.recurrence_range_type import RecurrenceRangeType
        from msgraph.generated.users.item.calendar_view.calendar_view_request_builder import (
            CalendarViewRequestBuilder,
        )

        user = graph.users.by_user_id(services.mailbox(3))
        recurrence = PatternedRecurrence(
            pattern=RecurrencePattern(
                type=RecurrencePatternType.Weekly,
                interval=1,
                days_of_week=[DayOfWeek.Monday, DayOfWeek.Wednesday],
            ),
            range=RecurrenceRange(
                type=RecurrenceRangeType.EndDate,
                start_date=DAY.date(),
                end_date=(DAY + timedelta(days=30)).date(),
            ),
        )
        master = await user.events.post(sdk_event("series", DAY, recurrence=recurrence))
        assert master.type is EventType.SeriesMaster
        query = CalendarViewRequestBuilder.CalendarViewRequestBuilderGetQueryParameters(
            start_date_time=FROM, end_date_time=TO
        )
        configuration = RequestConfiguration(query_parameters=query)
        view = await user.calendar_view.get(configuration)
        assert [event.type for event in view.value] == [EventType.Occurrence] * 2
        assert {event.series_master_id for event in view.value} == {master.id}
        second = view.value[1]
        exception = await user.events.by_event_id(second.id).patch(Event(subject="special"))
        assert (exception.type, exception.id) == (EventType.Exception, second.id)
        view = await user.calendar_view.get(configuration)
        assert [event.subject for event in view.value] == ["series", "special"]

    with_sdk(services, work)


def test_msgraph_sdk_subscribes_and_is_notified(services: LocalServices) -> None:
    async def work(graph: Any) -> None:
        from msgraph.generated.models.subscription import Subscription

        user_id = services.mailbox(4)
        made = await graph.subscriptions.post(
            Subscription(
                change_type="created,updated,deleted",
                notification_url=listener.url,
                lifecycle_notification_url=listener.url,
                resource=f"users/{user_id}/events",
                expiration_date_time=datetime.now(UTC) + timedelta(days=2),
                client_state="told you",
            )
        )
        created = await graph.users.by_user_id(user_id).events.post(sdk_event("heard", DAY))
        item = await asyncio.to_thread(listener.next)
        assert (item["subscriptionId"], item["clientState"]) == (made.id, "told you")
        assert (item["changeType"], item["resourceData"]["id"]) == ("created", created.id)
        one = graph.subscriptions.by_subscription_id(made.id)
        renewed = await one.patch(Subscription(expiration_date_time=datetime.now(UTC) + timedelta(days=3)))
        assert renewed.expiration_date_time > made.expiration_date_time
        await one.delete()
        assert made.id not in [known.id for known in (await graph.subscriptions.get()).value]

    with listening() as listener:
        with_sdk(services, work)


def test_msgraph_sdk_batches(services: LocalServices) -> None:
    async def work(graph: Any) -> None:
        from msgraph_core.requests.batch_request_builder import BatchRequestBuilder
        from msgraph_core.requests.batch_request_content import BatchRequestContent
        from msgraph_core.requests.batch_request_item import BatchRequestItem

        user = graph.users.by_user_id(services.mailbox(5))
        created = await user.events.post(sdk_event("batched", DAY))
        requests = [
            user.events.by_event_id(created.id).to_get_request_information(),
            user.events.by_event_id("garbage").to_get_request_information(),
        ]
        items = [BatchRequestItem(request) for request in requests]
        for item in items:  # a batch wants relative addresses, and the SDK gives absolute ones
            item.url = item.url.removeprefix(services.graph_url)
        content = BatchRequestContent({item.id: item for item in items})
        answer = await BatchRequestBuilder(graph.request_adapter).post(content)
        statuses = sorted(item.status for item in answer.responses.values())
        assert statuses == [200, 400]

    with_sdk(services, work)


def test_msgraph_sdk_reads_users_and_mailbox_settings(services: LocalServices) -> None:
    async def work(graph: Any) -> None:
        users = await graph.users.get()
        assert services.mailbox(0) in [user.id for user in users.value]
        one = graph.users.by_user_id(services.mailbox(0))
        assert (await one.mailbox_settings.get()).time_zone
        calendars = (await one.calendars.get()).value
        assert [calendar.is_default_calendar for calendar in calendars] == [True]
        assert (await one.calendar.get()).id == calendars[0].id

    with_sdk(services, work)


# O365


@pytest.fixture
def schedule(services: LocalServices) -> Any:
    """O365's schedule of one mailbox, signed in with its own MSAL."""
    library = pytest.importorskip("O365", reason=f"O365 is {MISSING}")
    tokens = pytest.importorskip("O365.utils.token", reason=f"O365 is {MISSING}")

    class LocalProtocol(library.MSGraphProtocol):  # type: ignore[misc,name-defined]  # untyped library
        _protocol_url = services.graph_url.removesuffix("v1.0")

    account = library.Account(
        (services.client_id, services.client_secret),
        auth_flow_type="credentials",
        tenant_id=services.tenant_id,
        protocol=LocalProtocol(timezone="Europe/Brussels"),
        token_backend=tokens.MemoryTokenBackend(),
        verify_ssl=services.ca_bundle,
    )
    account.con._msal_client = msal_application(services)
    account.con._msal_client.token_cache = account.con.token_backend
    assert account.authenticate()
    return account.schedule(resource=f"user:{services.mailbox(6)}")


def test_o365_creates_lists_changes_and_deletes(schedule: Any) -> None:
    calendar = schedule.get_default_calendar()
    event = calendar.new_event("O365 visit")
    event.start, event.end = LOCAL_DAY, LOCAL_DAY + timedelta(hours=2)
    event.location = "Depot"
    event.body = "Bring the ladder"
    assert event.save()
    found = calendar.get_event(event.object_id)
    assert (found.subject, found.location["displayName"]) == ("O365 visit", "Depot")
    assert (found.start, found.end) == (event.start, event.end)
    assert "ladder" in found.body
    found.subject = "O365 later"
    assert found.save()
    query = calendar.new_query().equals("subject", "O365 later")
    assert [one.object_id for one in calendar.get_events(query=query, include_recurring=False)] == [
        event.object_id
    ]
    assert found.delete()
    assert list(calendar.get_events(query=query, include_recurring=False)) == []


def test_o365_pages_and_expands_a_series(schedule: Any) -> None:
    calendar = schedule.get_default_calendar()
    event = calendar.new_event("O365 series")
    event.start, event.end = LOCAL_DAY, LOCAL_DAY + timedelta(hours=1)
    event.recurrence.set_daily(1, start=LOCAL_DAY.date(), end=(LOCAL_DAY + timedelta(days=29)).date())
    assert event.save()
    listed = list(
        calendar.get_events(
            limit=30,
            batch=7,
            include_recurring=True,
            start_recurring=LOCAL_DAY - timedelta(days=1),
            end_recurring=LOCAL_DAY + timedelta(days=40),
        )
    )
    assert len({one.object_id for one in listed}) == 30
    assert {one.event_type.value for one in listed} == {"occurrence"}
    assert listed[0].start < listed[-1].start
