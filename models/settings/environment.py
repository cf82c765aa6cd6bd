"""Settings from environment variables: `EXCHANGE_CONNECTOR__SECTION__KEY`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, get_origin

from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from models.settings.problems import Problem
from models.settings.sections import Settings, sections

PREFIX: Final = "EXCHANGE_CONNECTOR__"
DELIMITER: Final = "__"


class Environment(EnvSettingsSource):
    """Reads an environment that is handed in. A list may be JSON or `a,b`, a table JSON or `a=b,c=d`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        super().__init__(Settings, env_prefix=PREFIX, env_nested_delimiter=DELIMITER)
        # Every variable is a text; this makes the source turn it into what the key holds, and leave it as it
        # is where it cannot, so that validation says what is wrong.
        self.config = {**self.config, "strict": True}

    def __call__(self) -> dict[str, Any]:
        """What the environment says, section by section."""
        said: dict[str, Any] = super().__call__()
        for section, values in said.items():
            for key, field in sections()[section].model_fields.items():
                # An empty variable is passed over by `decode_complex_value`'s caller.
                if values.get(key) == "" and self.field_is_complex(field):
                    values[key] = self.decode_complex_value(key, field, "")
        return said

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:  # noqa: ANN401
        """A list, a set or a table from its text."""
        text = str(value).strip()
        if text.startswith(("[", "{")):
            try:
                return json.loads(text)
            except ValueError:
                return text
        items = [item.strip() for item in text.split(",") if item.strip()]
        if get_origin(field.annotation) is not Mapping:
            return items
        pairs = [item.partition("=") for item in items]
        return {name.strip(): said.strip() for name, _, said in pairs} if all(p[1] for p in pairs) else text

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._environ.items()}


def variable(section: str, key: str) -> str:
    """The environment variable of a key."""
    return f"{PREFIX}{section}{DELIMITER}{key}".upper()


def unknown_variables(environ: Mapping[str, str]) -> list[Problem]:
    """Variables with our prefix that name no section, or a section without a key."""
    problems = []
    for name in sorted(environ):
        section, found, key = name.lower().removeprefix(PREFIX.lower()).partition(DELIMITER)
        if not name.lower().startswith(PREFIX.lower()) or (section in sections() and found and key):
            continue
        problems.append(
            Problem(
                key=name,
                what="names no section and key of the configuration",
                remedy=f"write {PREFIX}SECTION__KEY with a section of {', '.join(sections())}",
            )
        )
    return problems
