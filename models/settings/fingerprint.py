"""Whether events that were judged before have to be judged again, because settings have changed since."""

from __future__ import annotations

import hashlib
import json

from models.settings.sections import Settings

_JUDGING = (
    ("defaults", None),
    ("sync", ("to_board", "past_days", "future_days")),
    ("mapping", ("board_categories",)),
    ("scheduler", ("time_zone", "write_route")),
)
"""Sections, and their keys if not all of them, that decide what of an event reaches the board, and how."""

_DECIDING = ("scheduler", "microsoft365", "sync", "defaults", "mapping")


def judging_fingerprint(settings: Settings) -> str:
    """Another text if, and only if, a setting has changed that judges events or maps them to the board."""
    shown = settings.redacted()
    judging = {
        section: {key: shown[section][key] for key in keys or shown[section]} for section, keys in _JUDGING
    }
    return hashlib.sha256(json.dumps(judging, sort_keys=True).encode()).hexdigest()


def deciding_digests(settings: Settings) -> dict[str, str]:
    """A digest of each section that has a say in what is written where. Secrets are none of it."""
    shown = settings.redacted()
    return {
        section: hashlib.sha256(json.dumps(shown[section], sort_keys=True).encode()).hexdigest()[:32]
        for section in _DECIDING
    }
