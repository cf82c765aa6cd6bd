"""Graph's front door: tokens, paths, bodies, headers and the directory."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.sandbox.faults import Kind
from tests.sandbox.graph.tokens import SigningKey
from tests.sandbox.wire import Request, Response
from tests.sandbox_kit import Kit

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def kit() -> Kit:
    """A tenant with two people."""
    return Kit.open()


def error(response: Response) -> dict[str, Any]:
    content: dict[str, Any] = response.json()["error"]
    return content


# Tokens.


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        ("", "Access token is empty."),
        ("Bearer ", "Access token is empty."),
        ("Basic YTpi", "Access token is empty."),
        ("Bearer nonsense", "IDX14100: JWT is not well formed, there are no dots (.)."),
        ("Bearer a.b.c", "Access token validation failure. Invalid signature."),
    ],
)
def test_a_call_without_a_good_token_is_refused_with_the_way_to_one(
    kit: Kit, authorization: str, message: str
) -> None:
    response = kit.ask("GET", "/users", authorization=authorization)
    assert response.status == 401
    assert error(response)["code"] == "InvalidAuthenticationToken"
    assert error(response)["message"].startswith(message)
    assert response.headers["www-authenticate"].startswith('Bearer realm="", authorization_uri=')


def test_a_token_serves_until_it_expires(kit: Kit) -> None:
    kit.advance(3598)
    assert kit.ask("GET", "/users").status == 200
    kit.advance(2)
    response = kit.ask("GET", "/users")
    assert response.status == 401
    assert error(response)["message"] == "Lifetime validation failed, the token is expired."


def test_a_token_signed_by_somebody_else_is_refused(kit: Kit) -> None:
    forged = SigningKey().sign(
        {"aud": "https://graph.microsoft.com", "tid": kit.services.authority.tenant_id}
    )
    assert kit.ask("GET", "/users", authorization=f"Bearer {forged}").status == 401


def test_a_call_without_the_role_is_refused_in_the_words_of_its_room(kit: Kit) -> None:
    kit.services.authority.application.roles = ()
    kit.token = kit.services.authority.application_token()
    directory = kit.ask("GET", "/users")
    mailbox = kit.ask("GET", f"/users/{kit.anna.id}/events")
    assert (directory.status, error(directory)["code"]) == (403, "Authorization_RequestDenied")
    assert (mailbox.status, error(mailbox)["code"]) == (403, "ErrorAccessDenied")


def test_a_token_without_roles_opens_mailboxes_where_rbac_for_applications_does(kit: Kit) -> None:
    kit.services.authority.application.roles = ()
    kit.services.graph.bearer.rbac = True
    kit.token = kit.services.authority.application_token()
    assert kit.ask("GET", f"/users/{kit.anna.id}/events").status == 200


def test_me_needs_a_person(kit: Kit) -> None:
    response = kit.ask("GET", "/me/events")
    assert response.status == 400
    assert error(response)["message"] == "/me request is only valid with delegated authentication flow."
    kit.token = kit.services.authority.person_token(kit.anna)
    kit.event(kit.anna)
    assert len(kit.ask("GET", "/me/events").json()["value"]) == 1
    assert kit.ask("GET", f"/users/{kit.bram.id}/events").status == 403


# Paths.


def test_one_resource_is_found_under_every_spelling_of_its_path(kit: Kit) -> None:
    event = kit.event(kit.anna)["id"]
    address = "anna@contoso.test"
    for path in (
        f"/users/{kit.anna.id}/events/{event}",
        f"/users/{quote(address)}/events/{quote(event)}",
        f"/users('{address}')/events('{event}')",
        f"/USERS/{address.upper()}/Events/{event}",
        f"/users/{address}/calendar/events/{event}",
        f"//users/{address}/events/{event}/",
    ):
        assert kit.ask("GET", path).json()["id"] == event, path


@pytest.mark.parametrize("name", ["delta", "delta()", "microsoft.graph.delta()", "microsoft.graph.delta"])
def test_delta_is_a_function_in_every_notation(kit: Kit, name: str) -> None:
    window = "startDateTime=2026-11-01T00:00:00Z&endDateTime=2026-12-01T00:00:00Z"
    response = kit.ask("GET", f"/users/{kit.anna.id}/calendarView/{name}?{window}")
    assert response.status == 200
    assert "@odata.deltaLink" in response.json() or "@odata.nextLink" in response.json()


def test_an_id_keeps_its_letter_case(kit: Kit) -> None:
    event = kit.event(kit.anna)["id"]
    assert kit.ask("GET", f"/users/{kit.anna.id}/events/{event.swapcase()}").status in (400, 404)


def test_what_does_not_exist_is_named(kit: Kit) -> None:
    unknown = kit.ask("GET", "/planets")
    assert (unknown.status, error(unknown)["code"]) == (400, "BadRequest")
    assert error(unknown)["message"] == "Resource not found for the segment 'planets'."
    beta = kit.services.handle("graph", Request(method="GET", path="/beta/users"))
    assert isinstance(beta, Response)
    assert beta.status == 404


# Bodies and methods.


def test_a_body_that_is_not_json_is_refused(kit: Kit) -> None:
    path = f"/users/{kit.anna.id}/events"
    malformed = kit.ask("POST", path, b'{"subject": ')
    assert malformed.status == 400
    assert error(malformed)["message"].startswith("Unable to read JSON request payload.")
    form = kit.ask("POST", path, b"subject=x", content_type="application/x-www-form-urlencoded")
    assert form.status == 415


def test_a_body_above_four_megabytes_is_refused(kit: Kit) -> None:
    large = b'"' + b"x" * (4 * 1024 * 1024) + b'"'
    assert kit.ask("POST", f"/users/{kit.anna.id}/events", large).status == 413


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_method_that_a_path_does_not_have_is_refused(kit: Kit, method: str) -> None:
    assert kit.ask(method, f"/users/{kit.anna.id}", {}).status == 405


def test_an_option_given_twice_is_refused(kit: Kit) -> None:
    assert kit.ask("GET", "/users?$top=1&$top=2").status == 400


# Headers.


def test_every_answer_can_be_traced(kit: Kit) -> None:
    for path in ("/users", "/planets"):
        response = kit.ask("GET", path, client_request_id="mine")
        assert GUID.fullmatch(response.headers["request-id"])
        assert response.headers["client-request-id"] == "mine"
        assert response.headers["date"] == "Mon, 23 Nov 2026 09:00:00 GMT"
        assert "ServerInfo" in response.headers["x-ms-ags-diagnostic"]


def test_an_error_has_the_envelope_that_was_captured(kit: Kit) -> None:
    content = kit.ask("GET", "/planets", client_request_id="mine").json()
    assert set(content) == {"error"}
    assert set(content["error"]) == {"code", "message", "innerError"}
    inner = content["error"]["innerError"]
    assert inner["date"] == "2026-11-23T09:00:00"
    assert inner["client-request-id"] == "mine"
    assert GUID.fullmatch(inner["request-id"])


def test_honoured_preferences_are_repeated(kit: Kit) -> None:
    response = kit.ask(
        "GET", f"/users/{kit.anna.id}/events", prefer='IdType="ImmutableId", outlook.timezone="Europe/Paris"'
    )
    applied = response.headers["preference-applied"]
    assert 'outlook.timezone="Europe/Paris"' in applied


# The directory.


@pytest.mark.parametrize(
    "condition",
    [
        "mail eq 'anna@contoso.test'",
        "mail eq 'ANNA@contoso.test'",
        "userPrincipalName eq 'anna@contoso.test'",
        "proxyAddresses/any(p:p eq 'smtp:a.jansen@contoso.test')",
        "startswith(mail,'anna')",
        "startswith(displayName,'Anna') and accountEnabled eq true",
        "mail in ('anna@contoso.test','nobody@contoso.test')",
        "(mail eq 'anna@contoso.test' or mail eq 'nobody@contoso.test')",
        "displayName eq 'Anna Jansen'",
    ],
)
def test_a_filter_finds_the_person(kit: Kit, condition: str) -> None:
    kit.anna.proxy_addresses = ("smtp:a.jansen@contoso.test",)
    found = kit.ask("GET", f"/users?$filter={quote(condition)}&$select=id,mail").json()
    assert found["value"] == [{"id": kit.anna.id, "mail": "anna@contoso.test"}]
    assert found["@odata.context"].endswith("/$metadata#users(id,mail)")


def test_a_quote_in_an_address_is_doubled(kit: Kit) -> None:
    user = kit.services.tenant.add_user("Sean O'Neil", "o'neil@contoso.test")
    condition = quote("mail eq 'o''neil@contoso.test'")
    found = kit.ask("GET", f"/users?$filter={condition}")
    assert [one["id"] for one in found.json()["value"]] == [user.id]


def test_an_address_that_changed_is_found_under_the_new_one_only(kit: Kit) -> None:
    def found(address: str) -> int:
        condition = quote(f"mail eq '{address}'")
        return len(kit.ask("GET", f"/users?$filter={condition}").json()["value"])

    assert found("anna@contoso.test") == 1
    kit.anna.mail = kit.anna.user_principal_name = "anna.jansen@contoso.test"
    assert found("anna@contoso.test") == 0
    assert found("anna.jansen@contoso.test") == 1


@pytest.mark.parametrize(
    "condition",
    ["endsWith(mail,'test')", "mail ne 'x'", "not(mail eq 'x')", "planet eq 'x'", "mail eq", "mail eq x"],
)
def test_a_filter_that_the_directory_does_not_take_is_refused(kit: Kit, condition: str) -> None:
    assert kit.ask("GET", f"/users?$filter={quote(condition)}").status == 400


def test_users_come_in_pages_until_all_were_seen_once(kit: Kit) -> None:
    for number in range(5):
        kit.services.tenant.add_user(f"Person {number}", f"p{number}@contoso.test")
    seen: list[str] = []
    path = "/users?$top=3&$select=id"
    while path:
        page = kit.ask("GET", path).json()
        assert len(page["value"]) <= 3
        seen += [user["id"] for user in page["value"]]
        link = urlsplit(page.get("@odata.nextLink", ""))
        path = f"{link.path.removeprefix('/v1.0')}?{link.query}" if link.path else ""
    assert seen == list(kit.services.tenant.users)


@pytest.mark.parametrize("option", ["$top=1000", "$top=0", "$skip=1", "$search=x", "$select=planet"])
def test_an_option_that_the_directory_does_not_take_is_refused(kit: Kit, option: str) -> None:
    assert kit.ask("GET", f"/users?{option}").status == 400


def test_a_user_is_read_by_id_and_by_name(kit: Kit) -> None:
    for key in (kit.anna.id, "anna@contoso.test"):
        user = kit.ask("GET", f"/users/{key}").json()
        assert user["id"] == kit.anna.id
        assert user["userPrincipalName"] == "anna@contoso.test"
        assert "accountEnabled" not in user
    missing = kit.ask("GET", "/users/nobody@contoso.test")
    assert (missing.status, error(missing)["code"]) == (404, "Request_ResourceNotFound")


def test_a_mailbox_tells_its_zone_and_hours(kit: Kit) -> None:
    path = f"/users/{kit.anna.id}/mailboxSettings"
    assert kit.ask("GET", path).json()["workingHours"]["startTime"] == "08:00:00.0000000"
    assert kit.ask("GET", f"{path}/timeZone").json()["value"] == "W. Europe Standard Time"


def test_a_mailbox_that_is_not_there_has_no_settings(kit: Kit) -> None:
    kit.anna.mailbox_problem = "MailboxNotEnabledForRESTAPI"
    response = kit.ask("GET", f"/users/{kit.anna.id}/mailboxSettings")
    assert (response.status, error(response)["code"]) == (404, "MailboxNotEnabledForRESTAPI")


def test_the_supported_zones_come_under_either_standard(kit: Kit) -> None:
    path = f"/users/{kit.anna.id}/outlook/supportedTimeZones"
    windows = {zone["alias"] for zone in kit.ask("GET", path).json()["value"]}
    iana = kit.ask("GET", f"{path}(TimeZoneStandard=microsoft.graph.timeZoneStandard'Iana')").json()
    assert "W. Europe Standard Time" in windows
    assert "Europe/Berlin" in {zone["alias"] for zone in iana["value"]}


# Faults.


def test_a_status_fault_is_worded_as_graph_words_it(kit: Kit) -> None:
    kit.services.faults.add(kind=Kind.STATUS, service="graph", status=503, retry_after=7, times=1)
    answer = kit.through_traffic("GET", "/users").response
    assert answer is not None
    assert (answer.status, answer.headers["retry-after"]) == (503, "7")
    assert error(answer)["code"] == "ErrorInternalServerTransientError"
    healed = kit.through_traffic("GET", "/users").response
    assert healed is not None
    assert healed.status == 200
