"""Options that several commands have, and the configuration that they lead to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:  # the configuration is read when a command runs: help is answered at once
    from models.settings.sections import Settings

CONFIG_VARIABLE: Final = "EXCHANGE_CONNECTOR_CONFIG"
CONFIG_FILE: Final = "connector.toml"

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        show_default=False,
        help=f"The configuration file. Default: the one that {CONFIG_VARIABLE} names, else ./{CONFIG_FILE} "
        "if it exists, else only EXCHANGE_CONNECTOR__SECTION__KEY variables.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else, on stdout.")]
OneResource = Annotated[
    str | None,
    typer.Option(
        "--resource", metavar="R", show_default=False, help="Only this resource, by its number on the board."
    ),
]


def settings_of(
    config: Path | None, environ: Mapping[str, str] | None = None, *, uses_rules: bool = True
) -> Settings:
    """The configuration that a command works with. Raises `SettingsError`.

    A command that only tells what is does not use the rules, and works while their file is broken.
    """
    from models.settings.loading import load_settings

    variables = os.environ if environ is None else environ
    return load_settings(config_file(config, variables), variables, uses_rules=uses_rules)


def config_file(config: Path | None, environ: Mapping[str, str] | None = None) -> Path | None:
    """The configuration file of a command, if it has one."""
    variables = os.environ if environ is None else environ
    named = config or (Path(said) if (said := variables.get(CONFIG_VARIABLE)) else None)
    if named is None and Path(CONFIG_FILE).is_file():
        return Path(CONFIG_FILE)
    return named


def store_url(settings: Settings) -> str:
    """Where the connector remembers. May hold a password."""
    return settings.storage.url.get_secret_value()
