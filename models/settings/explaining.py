"""What pydantic found, in the words of the person who writes the configuration."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from enum import Enum
from typing import Any, get_args

from pydantic_core import ErrorDetails

from models.settings import values
from models.settings.environment import variable
from models.settings.problems import Problem
from models.settings.sections import is_secret, sections

_TYPES = {
    "bool_type": ("true or false", "{key} = true"),
    "int_type": ("a whole number", "{key} = 5"),
    "string_type": ("a text in double quotes", '{key} = "…"'),
    "tuple_type": ("a list of texts", '{key} = ["…", "…"]'),
    "frozen_set_type": ("a list of texts", '{key} = ["…", "…"]'),
    "mapping_type": ("a table of texts", '{key} = {{ "…" = "…" }}'),
    "dict_type": ("a table of texts", '{key} = {{ "…" = "…" }}'),
}


def problem_of(error: ErrorDetails, environ: Mapping[str, str]) -> Problem:
    """One problem, with its key and its remedy."""
    section, key = (*map(str, error["loc"]), "", "")[:2]
    name = f"{section}.{key}" if key else section
    if error["type"] == "extra_forbidden":
        return _unknown(section, key, environ)
    if not key:
        return Problem(key=name, what="must be a section", remedy=f"write [{section}] and its keys below it")
    shown = _source(name, section, key, environ)
    context = error.get("ctx", {})
    if error["type"] == values.REFUSED:
        return Problem(key=shown, what=str(context["what"]), remedy=str(context["remedy"]))
    if error["type"] == "enum":
        allowed = ", ".join(f'"{value}"' for value in _choices(section, key))
        return Problem(
            key=shown, what=f"{_said(error, section, key)} is not known", remedy=f"write one of {allowed}"
        )
    if error["type"] in ("greater_than_equal", "less_than_equal"):
        bound = context["ge"] if "ge" in context else context["le"]
        relation = "at least" if "ge" in context else "at most"
        return Problem(key=shown, what=f"is {error['input']}", remedy=f"write {relation} {bound}")
    if len(error["loc"]) > 2:
        return Problem(
            key=shown, what=f"holds {_said(error, section, key)}", remedy="write texts in double quotes only"
        )
    kind, example = _TYPES.get(error["type"], ("something else", "see DESIGN.md, Configuration"))
    wrong = f"must be {kind}, and is {_said(error, section, key)}"
    return Problem(key=shown, what=wrong, remedy=f"for example: {example.format(key=key)}")


def _unknown(section: str, key: str, environ: Mapping[str, str]) -> Problem:
    known = sections()
    if not key:
        near = difflib.get_close_matches(section, known, n=1)
        remedy = f"did you mean [{near[0]}]?" if near else f"the sections are {', '.join(known)}"
        return Problem(key=section, what="is no section of the configuration", remedy=remedy)
    elsewhere = [f"{name}.{key}" for name, kind in known.items() if key in kind.model_fields]
    near = elsewhere or [
        f"{section}.{name}" for name in difflib.get_close_matches(key, known[section].model_fields, n=1)
    ]
    keys = ", ".join(known[section].model_fields)
    remedy = f"did you mean {near[0]}?" if near else f"the keys of [{section}] are {keys}"
    shown = _source(f"{section}.{key}", section, key, environ)
    return Problem(key=shown, what="is no key of the configuration", remedy=remedy)


def _source(name: str, section: str, key: str, environ: Mapping[str, str]) -> str:
    named = variable(section, key)
    return f"{name} (from {named})" if named in {known.upper() for known in environ} else name


def _said(error: ErrorDetails, section: str, key: str) -> str:
    """What was written, unless it may be a secret."""
    said: Any = error["input"]
    if is_secret(section, key) or (section, key) == ("storage", "url"):
        return "something else"
    if isinstance(said, Enum):
        said = said.value
    if isinstance(said, bool):
        return "true" if said else "false"
    if isinstance(said, (list, tuple, set, frozenset)):
        return "a list"
    if isinstance(said, dict):
        return "a table"
    text = str(said)
    short = text if len(text) <= 60 else f"{text[:60]}…"
    return f'"{short}"' if isinstance(said, str) else short


def _choices(section: str, key: str) -> list[str]:
    kind: Any = sections()[section].model_fields[key].annotation
    enum = kind if isinstance(kind, type) and issubclass(kind, Enum) else get_args(kind)[0]
    return [member.value for member in enum]
