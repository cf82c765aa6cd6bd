"""What the control interface does to Microsoft 365: its users, subscriptions, limits and sign-in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from tests.sandbox.control_answers import ControlError, as_json, camel, moment, nothing
from tests.sandbox.graph.application import SecretState
from tests.sandbox.graph.subscription_form import Subscription
from tests.sandbox.graph.tenant import User
from tests.sandbox.graph.throttle import Limits
from tests.sandbox.services import Services
from tests.sandbox.wire import Response


class MicrosoftControl:
    """The routes below /graph and /authority."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def graph(self, method: str, rest: list[str], given: Mapping[str, Any]) -> Response:
        """Routes below /graph. Raises ControlError, and ValueError or KeyError for a wrong body."""
        graph = self._services.graph
        match method, rest:
            case "POST", ["delta-tokens", "expire"]:
                mailbox = given.get("mailbox")
                self._services.tenant.expire_delta_links(self.find(mailbox).id if mailbox else None)
                return nothing()
            case "GET", ["subscriptions"]:
                return as_json([_subscription(one) for one in graph.subscriptions.active])
            case "POST", ["subscriptions", name, "remove"]:
                return _done(graph.subscriptions.remove(name), name)
            case "POST", ["subscriptions", name, "lifecycle"]:
                return _done(graph.subscriptions.lifecycle(name, str(given["event"])), name)
            case "GET" | "PUT", ["notifications"]:
                return self._notifications(given)
            case "GET" | "PUT", ["limits"]:
                return self._limits(given)
            case _, ["users", *who]:
                return self._users(method, who, given)
            case _:
                raise ControlError(404, f"{method} /graph/{'/'.join(rest)} is not a route; GET / lists them")

    def authority(self, given: Mapping[str, Any]) -> Response:
        """What an administrator does to the application, and whether the authority is up."""
        authority = self._services.authority
        application = authority.application
        if "secret" in given:
            application.secret_state = SecretState(given["secret"])
            if application.secret_state is SecretState.ROTATED:
                application.secret = authority.new_secret()
        thumbprint = application.register(given["certificate"]) if "certificate" in given else None
        authority.up = bool(given.get("up", authority.up))
        authority.token_seconds = int(given.get("tokenSeconds", authority.token_seconds))
        application.enabled = bool(given.get("enabled", application.enabled))
        application.roles = tuple(given.get("roles", application.roles))
        bearer = self._services.graph.bearer
        bearer.rbac = bool(given.get("rbac", bearer.rbac))
        bearer.forget()
        shown = {
            "secret": str(application.secret_state),
            "clientSecret": application.secret,
            "up": authority.up,
            "enabled": application.enabled,
            "roles": list(application.roles),
            "rbac": bearer.rbac,
            "tokenSeconds": authority.token_seconds,
            "certificates": sorted(application.certificates),
            "password": authority.password,
        }
        return as_json(shown if thumbprint is None else {**shown, "thumbprint": thumbprint})

    def find(self, name: str) -> User:
        """The user with this id or address. Raises ControlError."""
        user = self._services.tenant.find_user(name)
        if user is None:
            raise ControlError(404, f"no user has the id or address {name}")
        return user

    def _users(self, method: str, who: list[str], given: Mapping[str, Any]) -> Response:
        match method, who:
            case "POST", []:
                fields = _user_fields(given)
                name, mail = fields.pop("display_name"), fields.pop("mail", None)
                user = self._services.tenant.add_user(name, mail, **fields)
                return as_json(user_as_json(user), 201)
            case "GET", [key]:
                return as_json(user_as_json(self.find(key)))
            case "PUT", [key]:
                user = self.find(key)
                for field, value in _user_fields(given).items():
                    setattr(user, field, value)
                self._services.graph.users.reindex()
                return as_json(user_as_json(user))
            case _:
                raise ControlError(405, "users take POST /graph/users, GET and PUT /graph/users/{id|email}")

    def _notifications(self, given: Mapping[str, Any]) -> Response:
        subscriptions = self._services.graph.subscriptions
        notifier = subscriptions.notifier
        notifier.collect_seconds = float(given.get("collectSeconds", notifier.collect_seconds))
        notifier.retry_seconds = float(given.get("retrySeconds", notifier.retry_seconds))
        subscriptions.echo_probability = float(given.get("echoProbability", subscriptions.echo_probability))
        if "duplicates" in given:
            if given["duplicates"] not in (409, 201):
                raise ControlError(400, "duplicates is 409 or 201")
            subscriptions.duplicates = given["duplicates"]
        return as_json(
            {
                "collectSeconds": notifier.collect_seconds,
                "retrySeconds": notifier.retry_seconds,
                "duplicates": subscriptions.duplicates,
                "echoProbability": subscriptions.echo_probability,
            }
        )

    def _limits(self, given: Mapping[str, Any]) -> Response:
        limits = self._services.graph.throttle.limits
        names = {camel(field.name): field.name for field in dataclasses.fields(Limits)}
        for name, value in given.items():
            if name not in names:
                raise ControlError(400, f"no limit is called {name}; there are {sorted(names)}")
            setattr(limits, names[name], value)
        return as_json({name: getattr(limits, field) for name, field in names.items()})


def user_as_json(user: User) -> dict[str, Any]:
    """Every field of a user, and its address under the name that resources use."""
    shown = {camel(field.name): getattr(user, field.name) for field in dataclasses.fields(User)}
    return {**shown, "email": user.mail}


def _user_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """The members of `User` in a JSON object, in snake_case or camelCase."""
    names = {field.name: field.name for field in dataclasses.fields(User)}
    names |= {camel(name): name for name in names}
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if name not in names:
            raise ControlError(400, f"a user has no field {name}; there are {sorted(set(names.values()))}")
        fields[names[name]] = tuple(value) if isinstance(value, list) else value
    return fields


def _done(found: bool, name: str) -> Response:
    if not found:
        raise ControlError(404, f"no subscription has the id {name}")
    return nothing()


def _subscription(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": subscription.id,
        "mailbox": subscription.user_id,
        "resource": subscription.resource,
        "changeType": subscription.change_type,
        "notificationUrl": subscription.notification_url,
        "lifecycleNotificationUrl": subscription.lifecycle_url,
        "clientState": subscription.client_state,
        "expirationDateTime": moment(subscription.expires),
        "immutableIds": subscription.immutable_ids,
    }
