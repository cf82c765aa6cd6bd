"""How Graph refuses: one exception, and the refusals that several rooms share (facts §7).

The front door turns a `GraphError` into the JSON envelope with its request ids; nothing else writes errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class GraphError(Exception):
    """A refused request: status, code and message as Graph words them."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers: Mapping[str, str] = headers or {}
        self.extra: Mapping[str, Any] = extra or {}
        """Further members of the "error" object, e.g. "@event.existingEventId"."""


def item_not_found() -> GraphError:
    """The item is gone, or never was."""
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def malformed_id() -> GraphError:
    """The text is not an id at all."""
    return GraphError(400, "ErrorInvalidIdMalformed", "Id is malformed.")


def bad_request(message: str) -> GraphError:
    """The OData layer could not read the request."""
    return GraphError(400, "BadRequest", message)


def invalid_request(message: str) -> GraphError:
    """Exchange understood the request and refuses it."""
    return GraphError(400, "ErrorInvalidRequest", message)


def validation_failure() -> GraphError:
    """A value that Exchange does not accept; it never says which one."""
    return GraphError(400, "ErrorPropertyValidationFailure", "At least one property failed validation.")


def unsupported_zone(name: str) -> GraphError:
    """A time zone name that Exchange does not know, in a body or in a Prefer header (facts §1.4)."""
    return GraphError(
        400,
        "TimeZoneNotSupportedException",
        f"A valid TimeZone value must be specified. The following TimeZone value is not supported: '{name}'.",
    )


def inefficient_filter() -> GraphError:
    """`$orderby` does not follow `$filter` (facts §2.5)."""
    return GraphError(
        400, "InefficientFilter", "The restriction or sort order is too complex for this operation."
    )


def stale_change_key(status: int = 412) -> GraphError:
    """If-Match names an older version, or two writes raced (facts §2.3)."""
    return GraphError(
        status,
        "ErrorIrresolvableConflict",
        "The send or update operation could not be performed because the change key passed in the "
        "request does not match the current change key for the item.",
    )


def segment_not_found(segment: str) -> GraphError:
    """A path that the model does not have."""
    return bad_request(f"Resource not found for the segment '{segment}'.")


def method_not_allowed() -> GraphError:
    """The path exists, the method does not."""
    return GraphError(405, "ErrorMethodNotAllowed", "The OData request is not supported: method not allowed.")


def no_such_user(key: str) -> GraphError:
    """The directory has no such user."""
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{key}' does not exist or one of its queried reference-property objects are not present.",
    )


def mailbox_refusal(problem: str, mail: str) -> GraphError:
    """What a mailbox with a problem answers to every call (facts §7, §5.2, §6.4)."""
    match problem:
        case "ErrorAccessDenied":
            return GraphError(403, problem, "Access is denied. Check credentials and try again.")
        case "MailboxInfoStale":
            return GraphError(
                503,
                problem,
                f"Target resource '{mail}' hosted on database '' is currently on backend 'Unknown'",
            )
        case _:
            return GraphError(
                404,
                "MailboxNotEnabledForRESTAPI",
                "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
            )
