"""What can go wrong between an operation and its value, told apart by who has to do what.

    Problem
    ├── Transient               nobody acts: the same request succeeds later
    │   ├── Throttled           too much was asked of one mailbox or of the service: wait `retry_after`
    │   └── Unavailable         the service is down, or was not reached: wait
    ├── OutcomeUnknown          a write may have happened: look for what it made before repeating it
    ├── NotAuthenticated        the administrator mends the credentials; everything waits until then
    ├── Refused                 this request will never succeed as it is
    │   ├── Rejected            the content is not acceptable: park the item, try again when it changes
    │   ├── NotFound            the item is gone: decide again without it
    │   ├── Conflict            the item has changed meanwhile: read it again, decide again
    │   ├── TokenInvalid        the delta link is spent: begin a new round
    │   ├── AccessDenied        the administrator grants the application this mailbox; others go on
    │   ├── MailboxMissing      the resource's address has no mailbox: mend the address; others go on
    │   └── DuplicateTransaction  the event exists already: adopt `existing_event_id`
    ├── Malformed               the answer cannot be read: it counts as no answer, and for a write as unknown
    │   └── Unreadable          the item is there, in no form that can be read: leave it as it is
    ├── ForeignLink             a link leads to another host: never follow it, begin a new round
    ├── Overtaken               what it was decided upon has changed: look at both sides, decide again
    ├── Abandoned               the client stopped first: ask again after it has started
    └── Defect                  the client itself is at fault: report it with `at`

Graph and Dime.Scheduler share the tree; `TokenInvalid`, `MailboxMissing`, `DuplicateTransaction` and
`ForeignLink` are Graph's alone.

A problem tells the service, method, path template, status, code and request id, and nothing that a person
wrote: its text may be logged as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from models.ids import EventId


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Which request a problem is about, in terms that anybody may read."""

    service: str
    method: str = ""
    path: str = ""
    """The path's template, e.g. "/users/{user}/events/{event}"."""
    status: int | None = None
    code: str = ""
    """The service's own word for what is wrong, where it has one."""
    request_id: str = ""

    def __str__(self) -> str:
        status = "" if self.status is None else str(self.status)
        parts = (self.service, self.method, self.path, status, self.code)
        said = " ".join(part for part in parts if part)
        return f"{said} (request-id {self.request_id})" if self.request_id else said


class Problem(Exception):  # noqa: N818 - the leaves are named for what happened, e.g. `NotFound`
    """An operation has no value. The type says what to do about it."""

    product_code: str = ""
    """The product's own code for this (facts, Dime.Scheduler §1.10), where it has one."""
    remedy: str = ""
    """What a person does about it; empty where nobody has to do anything."""

    def __init__(self, about: About, *, product_code: str | None = None, remedy: str | None = None) -> None:
        """`product_code` and `remedy` are given where those of the type do not fit."""
        super().__init__(about)
        self.about = about
        if product_code is not None:
            self.product_code = product_code
        if remedy is not None:
            self.remedy = remedy

    def __str__(self) -> str:
        code = f"[{self.product_code}] " if self.product_code else ""
        return f"{code}{type(self).__name__}: {self.about}"

    def __repr__(self) -> str:
        return f"<{self}>"

    @property
    def sentence(self) -> str:
        """For the administrator: what is wrong and, where somebody has to do anything, what."""
        return f"{self}; {self.remedy}" if self.remedy else str(self)


class Transient(Problem):
    """The same request succeeds later. The gateway has already repeated it as often as its policy allows."""

    product_code = "DSEX040"

    def __init__(self, about: About, *, retry_after: float | None = None) -> None:
        """`retry_after`: seconds that the service asked for; None if it did not say."""
        super().__init__(about)
        self.retry_after = retry_after


class Throttled(Transient):
    """The mailbox, or the service, was asked too much: 429, 509."""


class Unavailable(Transient):
    """The service failed at something that may be repeated, or was not reached."""

    def __init__(self, about: About, *, retry_after: float | None = None, reached: bool = True) -> None:
        """`reached` is False where not even a connection came about."""
        super().__init__(about, retry_after=retry_after)
        self.reached = reached


class OutcomeUnknown(Transient):
    """A write that must not be repeated blindly got 5xx, something unreadable, or no answer at all."""


class NotAuthenticated(Problem):
    """The credentials are refused. `product_code` says how, `remedy` what to do."""


class Refused(Problem):
    """The request was understood and will never succeed as it is."""


class Rejected(Refused):
    """The service does not accept what was sent: 400, 413, 422 and their like."""

    remedy = "change the item, on either side; it is tried again then"

    def __init__(self, about: About, *, explanation: str = "") -> None:
        """`explanation` is what the service said; it may quote what was sent, so it is in no text."""
        super().__init__(about)
        self.explanation = explanation


class NotFound(Refused):
    """The item does not exist (any more)."""

    product_code = "DSEX021"


class Conflict(Refused):
    """The item is not in the version that was named, or somebody wrote it at the same time: 412, 409."""


class TokenInvalid(Refused):
    """The delta link is spent, unknown or malformed (facts §3.5)."""


class AccessDenied(Refused):
    """The application may not do this to this mailbox: 403."""

    product_code = "DSEX030"
    remedy = (
        "grant the application Calendars.ReadWrite and User.Read.All with admin consent, and put the mailbox "
        "into the scope of its access policy"
    )


class MailboxMissing(Refused):
    """The address has no mailbox that Graph can open."""

    product_code = "DSEX012"
    remedy = "correct the resource's e-mail on the board, or give that person an Exchange Online mailbox"


class DuplicateTransaction(Refused):
    """The transaction id has made an event already, with other content (facts §2.1)."""

    def __init__(self, about: About, *, existing_event_id: EventId | None) -> None:
        """`existing_event_id` is None where the answer does not name it: look for the link property."""
        super().__init__(about)
        self.existing_event_id = existing_event_id


class Malformed(Problem):
    """The answer is not what the service's contract allows. Never taken for an empty one (C11)."""


class Unreadable(Malformed):
    """The item that was asked for exists, but has no time or no id that can be read: it stays so for as long
    as its service tells it so, and nothing is concluded from it (C9)."""


class ForeignLink(Problem):
    """A nextLink or deltaLink leads to another host than the configured one (D14)."""

    remedy = "check microsoft365.graph_url, and what stands between this process and Graph"


class Overtaken(Problem):
    """The operation was not wanted any more when the turn of its next request came; of a first one nothing
    was sent."""


class Abandoned(Problem):
    """The client stopped before the operation was over; a write may have happened."""


class Defect(Problem):
    """The client failed at this operation in a way that its authors did not foresee."""

    product_code = "DSUNK001"
    remedy = "report this with the places it names"

    def __init__(self, about: About, *, kind: str, at: tuple[str, ...]) -> None:
        """`kind` is the type of the error, `at` the places in the code, neither with any value."""
        super().__init__(about)
        self.kind = kind
        self.at = at

    def __str__(self) -> str:
        return f"{super().__str__()}: {self.kind}"
