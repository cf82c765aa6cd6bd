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


def judging_fingerprint(settings: Settings) -> str:
    """Another text if, and only if, a setting has changed that judges events or maps them to the board."""
    shown = settings.redacted()
    judging = {
        section: {key: shown[section][key] for key in keys or shown[section]} for section, keys in _JUDGING
    }
    return hashlib.sha256(json.dumps(judging, sort_keys=True).encode()).hexdigest()
