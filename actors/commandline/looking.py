"""`status` and `explain`: how everything is, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from actors.commandline.options import store_url
from actors.commandline.reach import DoesNotAnswer, running_process
from actors.commandline.telling import Failure, tell, tell_json, tell_table
from actors.inquiry import Circumstances, inquire
from actors.rules_watch import rules_on_disk
from actors.runtime.clock import SystemClock
from actors.status import NOT_RUNNING, build_status
from models.settings.sections import Settings
from models.storage.store import Store

DECISIONS_SHOWN: Final = 20


def status(settings: Settings, *, as_json: bool) -> None:
    """How the resources, the backlog and both services are: as the process says, or as the store does.

    "lag" is for how long something has waited, "fresh" how old the knowledge of both sides is.
    """
    document = _status(settings)
    if as_json:
        tell_json(document)
        return
    tell_table(
        ("resource", "mailbox", "state", "lag", "fresh", ""),
        [
            (
                one["resourceNo"],
                one["mailbox"],
                one["state"].replace("_", " "),
                _seconds(one["lagSeconds"]),
                _seconds(one["freshSeconds"]),
                one["reason"],
            )
            for one in document["resources"]
        ],
    )
    tell("", *_figures(document), *_rules(document["rules"]), *_services(document["services"]))


def explain(settings: Settings, item: str, *, as_json: bool) -> None:
    """Everything that was decided about an item. Raises `Failure` when nothing is known of it."""
    store = Store.open(store_url(settings), read_only=True)
    try:
        circumstances = Circumstances.of(settings, SystemClock().now())
        explanation = inquire(store, item, DECISIONS_SHOWN, circumstances)
    finally:
        store.close()
    if as_json:
        tell_json(explanation.as_json())
    elif explanation.is_known:
        tell(explanation.as_text())
    if not explanation.is_known:
        raise Failure(explanation.headline)


def _status(settings: Settings) -> dict[str, Any]:
    process = running_process(settings)
    if process is not None:
        try:
            document: dict[str, Any] = process.ask("GET", "/api/status").required()
        except DoesNotAnswer:
            process = None
        else:
            return document
    store = Store.open(store_url(settings), read_only=True)
    try:
        now = SystemClock().now()
        return build_status(
            counts=store.counts(),
            resources=store.resources(),
            now=now,
            held=store.held_back(),
            letters=store.dead_letters(),
            audits=store.audits(),
            rules=rules_on_disk(settings.rules.file, settings.scheduler.time_zone, now),
        ).as_json()
    finally:
        store.close()


def _figures(document: Mapping[str, Any]) -> Sequence[str]:
    backlog = document["backlog"]
    figures = {
        "notifications to handle": backlog["journal"],
        "writes under way": backlog["outbox"],
        "dead letters": document["deadLetters"],
        "deletions held back": document["heldBack"],
        "quarantined": document["quarantined"],
        "subscriptions": document["subscriptions"],
    }
    audits = [one["audit"] for one in document["resources"] if one["audit"] is not None]
    found, repaired = (sum(one[name] for one in audits) for name in ("found", "repaired"))
    return [
        ", ".join(f"{name}: {count}" for name, count in figures.items()),
        f"last audits: {len(audits)} resources compared in full, {found} items differed, {repaired} repaired",
    ]


def _rules(standing: Mapping[str, Any]) -> Sequence[str]:
    if not standing["file"]:
        return ["rules: none; every appointment passes"]
    since = f", in force since {standing['since'][:19]}Z" if standing["since"] else ""
    lines = [f"rules: {standing['rules']} of {standing['file']}{since}"]
    lines += [f"  look at: {warning}" for warning in standing["warnings"]]
    if standing["refused"]:
        instead = "the rules from before stay" if standing["since"] else "no process starts with it"
        lines.append(f"  the file as it is now is refused, and {instead}:")
        lines += [f"    {line}" for problem in standing["refused"] for line in problem.splitlines()]
    return lines


def _services(services: Mapping[str, Any]) -> Sequence[str]:
    if all(one["state"] == NOT_RUNNING for one in services.values()):
        return ["no process is running: exchange-connector run starts it"]
    lines = []
    for name, one in services.items():
        code = f" [{one['code']}]" if one["code"] else ""
        remedy = f": {one['remedy']}" if one["remedy"] else ""
        lines.append(f"{name}: {one['state'].replace('_', ' ')}{code}{remedy}")
    return lines


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.0f} s"
