"""The directory and what a mailbox says about itself: users, mailbox settings, time zones (facts §8)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from tzlocal.windows_tz import win_tz

from tests.sandbox.graph.call import Call, json_response
from tests.sandbox.graph.directory_filter import addresses, parse_filter
from tests.sandbox.graph.errors import (
    GraphError,
    bad_request,
    mailbox_refusal,
    method_not_allowed,
    no_such_user,
    segment_not_found,
)
from tests.sandbox.graph.tenant import Tenant, User
from tests.sandbox.wire import Response

DEFAULT_PAGE = 100
LARGEST_PAGE = 999
READABLE_WITHOUT_REST = ("OnPremises", None)
DEFAULT_MEMBERS = [
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
]
MEMBERS = {
    member.lower(): member
    for member in (
        *DEFAULT_MEMBERS,
        *[
            "accountEnabled",
            "proxyAddresses",
            "userType",
            "mailNickname",
            "otherMails",
            "department",
            "companyName",
            "city",
            "country",
        ],
    )
}
EMPTY_LISTS = ("businessPhones", "otherMails")


class UsersApi:
    """Everything under /users that is not a calendar."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._by_name: dict[str, str] = {}
        self._indexed = 0

    def handle(self, call: Call) -> Response:
        """The answer to a call on the directory or on mailbox settings. Raises GraphError."""
        if call.method != "GET":
            raise method_not_allowed()
        match call.segments:
            case ("users",):
                return self._list(call)
            case ("users", key):
                return self._one(call, key)
            case ("users", key, "mailboxSettings", *rest):
                return self._settings(call, self._mailbox_owner(key), rest)
            case ("users", key, "outlook", "supportedTimeZones", *standard):
                return self._time_zones(call, self._mailbox_owner(key), standard)
            case ("organization",):
                return self._organization(call)
            case _:
                raise segment_not_found(call.segments[-1])

    def reindex(self) -> None:
        """Forgets the index of addresses, after users were changed."""
        self._by_name.clear()
        self._indexed = 0

    def _list(self, call: Call) -> Response:
        for option in ("$skip", "$search", "$expand"):
            if call.option(option) is not None:
                raise GraphError(400, "Request_BadRequest", f"'{option}' is not supported by the service.")
        size = _page_size(call)
        members = _selected(call)
        page = self._page(call, _position(call.option("$skiptoken")), size + 1)
        content: dict[str, Any] = {"@odata.context": _context(call, "users", members)}
        if len(page) > size:
            page = page[:size]
            content["@odata.nextLink"] = _next_link(call, page[-1].id)
        content["value"] = [_shown(user, members) for user in page]
        return json_response(200, content)

    def _page(self, call: Call, after: str | None, wanted: int) -> Sequence[User]:
        """The next users in order, at most `wanted` of them."""
        users = self._filtered(call)
        order = call.option("$orderby")
        if order is not None:
            users = iter(sorted(users, key=_sort_key(order)))
        if after is not None:
            for user in users:
                if user.id == after:
                    break
        return [user for _, user in zip(range(wanted), users, strict=False)]

    def _filtered(self, call: Call) -> Iterator[User]:
        text = call.option("$filter")
        if text is None:
            return iter(self._tenant.users.values())
        found = parse_filter(text)
        if found.names is None:
            return filter(found.test, self._tenant.users.values())
        return filter(found.test, self._named(found.names))

    def _named(self, names: Iterable[str]) -> Iterator[User]:
        """The users with these ids, UPNs and addresses, each once; who is not indexed is searched for."""
        users = self._tenant.users
        if self._indexed != len(users):
            self._by_name = {name: user.id for user in users.values() for name in _names(user)}
            self._indexed = len(users)
        given: set[str] = set()
        for name in names:
            wanted = name.lower()
            user = users.get(self._by_name.get(wanted, ""))
            if user is None or wanted not in _names(user):
                user = next((one for one in users.values() if wanted in _names(one)), None)
            if user is not None and user.id not in given:
                given.add(user.id)
                yield user

    def _one(self, call: Call, key: str) -> Response:
        user = self._tenant.find_user(key)
        if user is None:
            raise no_such_user(key)
        members = _selected(call)
        content = {"@odata.context": _context(call, "users", members) + "/$entity", **_shown(user, members)}
        return json_response(200, content)

    def _mailbox_owner(self, key: str) -> User:
        user = self._tenant.find_user(key)
        if user is None:
            raise no_such_user(key)
        if not user.has_mailbox:
            raise mailbox_refusal("MailboxNotEnabledForRESTAPI", user.mail or user.user_principal_name)
        if user.mailbox_problem not in READABLE_WITHOUT_REST:
            raise mailbox_refusal(str(user.mailbox_problem), user.mail or user.user_principal_name)
        return user

    def _settings(self, call: Call, user: User, rest: Sequence[str]) -> Response:
        context = f"{call.base_url}/$metadata#users('{user.id}')/mailboxSettings"
        match list(rest):
            case []:
                return json_response(200, {"@odata.context": context, **_mailbox_settings(user)})
            case [name] if name in _mailbox_settings(user):
                value = _mailbox_settings(user)[name]
                if isinstance(value, dict):
                    return json_response(200, {"@odata.context": f"{context}/{name}", **value})
                return json_response(200, {"@odata.context": f"{context}/{name}", "value": value})
            case _:
                raise segment_not_found(rest[-1])

    def _time_zones(self, call: Call, user: User, standard: Sequence[str]) -> Response:
        match [name.lower() for name in standard]:
            case [] | ["windows"]:
                zones = [{"alias": name, "displayName": f"(UTC) {name}"} for name in sorted(win_tz)]
            case ["iana"]:
                zones = [{"alias": name, "displayName": name} for name in sorted(set(win_tz.values()))]
            case _:
                raise bad_request(f"The time zone standard '{standard[0]}' is not supported.")
        context = f"{call.base_url}/$metadata#Collection(microsoft.graph.timeZoneInformation)"
        return json_response(200, {"@odata.context": context, "value": zones})

    def _organization(self, call: Call) -> Response:
        domain = self._tenant.domain
        organization = {
            "id": "00000000-0000-0000-0000-000000000001",
            "displayName": domain.partition(".")[0].capitalize(),
            "verifiedDomains": [{"name": domain, "isDefault": True, "isInitial": True, "type": "Managed"}],
        }
        context = f"{call.base_url}/$metadata#organization"
        return json_response(200, {"@odata.context": context, "value": [organization]})


def _page_size(call: Call) -> int:
    top = call.option("$top")
    if top is None:
        return DEFAULT_PAGE
    if not top.isdigit() or not 1 <= int(top) <= LARGEST_PAGE:
        raise GraphError(
            400,
            "Request_UnsupportedQuery",
            f"Invalid page size specified: '{top}'. Must be between 1 and {LARGEST_PAGE} inclusive.",
        )
    return int(top)


def _selected(call: Call) -> list[str] | None:
    text = call.option("$select")
    if text is None:
        return None
    members: list[str] = []
    for name in text.split(","):
        member = MEMBERS.get(name.strip().lower())
        if member is None:
            raise bad_request(
                f"Parsing OData Select and Expand failed: Could not find a property named '{name.strip()}' "
                "on type 'microsoft.graph.user'."
            )
        members.append(member)
    return members


def _shown(user: User, members: list[str] | None) -> dict[str, Any]:
    known: dict[str, Any] = {
        "id": user.id,
        "displayName": user.display_name,
        "givenName": user.given_name or None,
        "surname": user.surname or None,
        "mail": user.mail,
        "userPrincipalName": user.user_principal_name,
        "accountEnabled": user.account_enabled,
        "proxyAddresses": list(addresses(user)),
        "userType": "Member",
        "mailNickname": user.user_principal_name.partition("@")[0],
    }
    return {
        member: known.get(member, [] if member in EMPTY_LISTS else None)
        for member in (members or DEFAULT_MEMBERS)
    }


def _context(call: Call, name: str, members: list[str] | None) -> str:
    selection = f"({','.join(members)})" if members else ""
    return f"{call.base_url}/$metadata#{name}{selection}"


def _names(user: User) -> set[str]:
    return {
        user.id,
        user.user_principal_name.lower(),
        *(address.partition(":")[2].lower() for address in addresses(user)),
    }


def _sort_key(order: str) -> Any:
    field, _, direction = order.strip().partition(" ")
    attribute = {"displayname": "display_name", "userprincipalname": "user_principal_name"}.get(field.lower())
    if attribute is None or direction.strip().lower() not in ("", "asc"):
        raise GraphError(400, "Request_UnsupportedQuery", f"Sorting by '{order}' is not supported.")
    return lambda user: str(getattr(user, attribute)).lower()


def _position(token: str | None) -> str | None:
    """The id of the last user of the page before."""
    if token is None:
        return None
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise GraphError(400, "Directory_ExpiredPageToken", "The page token is invalid or expired.") from None


def _next_link(call: Call, last_id: str) -> str:
    token = base64.urlsafe_b64encode(last_id.encode()).decode()
    kept = [
        f"{name}={_quoted(values[-1])}" for name, values in call.query.items() if name.lower() != "$skiptoken"
    ]
    return f"{call.base_url}/users?{'&'.join([*kept, f'$skiptoken={token}'])}"


def _quoted(value: str) -> str:
    return quote(value, safe="$,'@/():")


def _mailbox_settings(user: User) -> dict[str, Any]:
    never = {"dateTime": "2026-01-01T00:00:00.0000000", "timeZone": "UTC"}
    return {
        "archiveFolder": None,
        "timeZone": user.time_zone,
        "delegateMeetingMessageDeliveryOptions": "sendToDelegateOnly",
        "dateFormat": "dd/MM/yyyy",
        "timeFormat": "HH:mm",
        "userPurpose": "user",
        "automaticRepliesSetting": {
            "status": "disabled",
            "externalAudience": "all",
            "internalReplyMessage": "",
            "externalReplyMessage": "",
            "scheduledStartDateTime": never,
            "scheduledEndDateTime": never,
        },
        "language": {"locale": user.language, "displayName": user.language},
        "workingHours": {
            "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
            "startTime": "08:00:00.0000000",
            "endTime": "17:00:00.0000000",
            "timeZone": {"name": user.time_zone},
        },
    }
