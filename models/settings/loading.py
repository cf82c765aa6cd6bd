"""From a file and an environment to `Settings`, or to everything that is wrong with them."""

from __future__ import annotations

import importlib.util
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from models.rules import load_rules
from models.setting_error import SettingError
from models.settings import values
from models.settings.environment import Environment, unknown_variables, variable
from models.settings.explaining import problem_of
from models.settings.problems import Problem, SettingsError
from models.settings.sections import Settings, WriteRoute, sections
from models.templates import compile_templates

Table = dict[str, Any]

_SQLITE = "sqlite:///"
_FILE_KEYS = (
    ("microsoft365", "certificate_path"),
    ("microsoft365", "ca_bundle"),
    ("rules", "file"),
)


def load_settings(path: Path | None, environ: Mapping[str, str], *, uses_rules: bool = True) -> Settings:
    """The configuration: a TOML file, over it the environment, and defaults for what neither says.

    Relative paths in either start at the directory of the file; without a file, at the working directory.
    Who `uses_rules` not can work with a configuration whose rule file is broken.

    Raises:
        SettingsError: the configuration cannot be used; it names every problem.
    """
    in_file, problems = _read_file(path)
    is_complete = not problems
    in_environment: Table = dict(Environment(environ)())
    problems += unknown_variables(environ)
    given = _merged(in_file, in_environment)
    base = path.parent if path is not None else Path()
    try:
        settings = Settings(**_anchored(given, base.absolute()))
    except ValidationError as error:  # its own text quotes what was written, secrets included
        problems += [problem_of(found, environ) for found in error.errors(include_url=False)]
        settings = None
    if is_complete:
        problems += _missing(given)
    if settings is not None:
        problems += _unusable(settings, uses_rules=uses_rules)
    if settings is None or problems:
        raise SettingsError(problems) from None
    return settings


def advice(settings: Settings) -> tuple[Problem, ...]:
    """What can be used, and is probably not meant."""
    found = []
    public_url = settings.server.public_url
    if public_url.startswith("http://") and not values.is_loopback(public_url):
        found.append(
            Problem(
                key="server.public_url",
                what="is not https, and Microsoft Graph notifies no other address: Outlook is only polled",
                remedy="put TLS in front of the process and write https://",
            )
        )
    if public_url and not settings.scheduler.webhook_login:
        found.append(
            Problem(
                key="scheduler.webhook_login",
                what="is empty, so that whoever knows the address can send webhooks",
                remedy="choose a login and a password, and give them to Dime.Scheduler too",
            )
        )
    return tuple(found)


def _read_file(path: Path | None) -> tuple[Table, list[Problem]]:
    if path is None:
        return {}, []
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), []
    except FileNotFoundError:
        what, remedy = "there is no such file", "name the configuration file: --config FILE"
    except OSError as error:
        what, remedy = f"cannot be read ({error.strerror})", "check the path, and who may read the file"
    except UnicodeDecodeError:
        what, remedy = "is not UTF-8 text", "save it as UTF-8"
    except tomllib.TOMLDecodeError as error:
        what, remedy = f"is not TOML: {error}", "mend that line; texts stand in double quotes"
    return {}, [Problem(key=str(path), what=what, remedy=remedy)]


def _merged(in_file: Table, in_environment: Table) -> Table:
    """The environment wins key by key; a list or table of it replaces the whole of the file's."""
    merged = dict(in_file)
    for section, said in in_environment.items():
        below = merged.get(section, {})
        merged[section] = {**below, **said} if isinstance(below, dict) and isinstance(said, dict) else said
    return merged


def _anchored(given: Table, base: Path) -> Table:
    """The same, with every relative path made absolute."""
    anchored = {section: dict(said) if isinstance(said, dict) else said for section, said in given.items()}
    for section, key in _FILE_KEYS:
        said = anchored.get(section)
        if isinstance(said, dict) and isinstance(said.get(key), str) and said[key]:
            said[key] = str(base / said[key])
    storage = anchored.setdefault("storage", {})
    if isinstance(storage, dict):
        storage["url"] = _anchored_store(storage.get("url", sections()["storage"]().url), base)  # type: ignore[attr-defined]
    return anchored


def _anchored_store(url: object, base: Path) -> object:
    text = url.get_secret_value() if isinstance(url, SecretStr) else url
    if not isinstance(text, str) or not text.startswith(_SQLITE):
        return url
    file = text.removeprefix(_SQLITE)
    return url if not file or file.startswith((":memory:", "/")) else f"{_SQLITE}{base / file}"


def _missing(given: Table) -> Iterator[Problem]:
    """The keys without which there is nothing to connect to."""
    has = _Given(given)
    yield from has.need(
        "scheduler", "api_key", "create an API key in Dime.Scheduler and put it in {variable}"
    )
    yield from has.need("microsoft365", "tenant_id", "copy it from the app registration in Microsoft Entra")
    yield from has.need("microsoft365", "client_id", "copy it from the app registration in Microsoft Entra")
    certificate = (
        has.one("microsoft365", "certificate_path"),
        has.one("microsoft365", "certificate_thumbprint"),
    )
    if any(certificate):
        yield from has.need("microsoft365", "certificate_path", "name the PEM file with the private key")
        yield from has.need("microsoft365", "certificate_thumbprint", "copy it from the app registration")
    else:
        yield from has.need(
            "microsoft365",
            "client_secret",
            "put a client secret in {variable}, or use certificate_path and certificate_thumbprint",
        )
    if has.one("scheduler", "write_route") == WriteRoute.TASK.value:
        yield from has.need("scheduler", "job_no", 'write_route = "task" writes under a job: name it')
        yield from has.need("scheduler", "task_no", 'write_route = "task" writes under a task: name it')
    if has.one("scheduler", "webhook_login") or has.one("scheduler", "webhook_password"):
        yield from has.need("scheduler", "webhook_login", "give both webhook_login and webhook_password")
        yield from has.need("scheduler", "webhook_password", "give both: put it in {variable}")


class _Given:
    """What was written, whatever its type: a wrong type is another problem."""

    def __init__(self, given: Table) -> None:
        self._given = given

    def one(self, section: str, key: str) -> object:
        """What was written for a key; "" for nothing."""
        said = self._given.get(section)
        value = said.get(key, "") if isinstance(said, dict) else ""
        return value.get_secret_value() if isinstance(value, SecretStr) else value

    def need(self, section: str, key: str, remedy: str) -> Iterator[Problem]:
        """The problem of a key that is empty."""
        value = self.one(section, key)
        if value is None or (isinstance(value, str) and not value.strip()):
            said = remedy.format(variable=variable(section, key))
            yield Problem(key=f"{section}.{key}", what="is missing", remedy=said)


def _unusable(settings: Settings, *, uses_rules: bool) -> Iterator[Problem]:
    """What only those can judge who use it."""
    mapping = settings.mapping
    uses: list[Callable[[], object]] = [
        lambda: compile_templates(subject=mapping.subject, body="", location=""),
        lambda: compile_templates(subject="", body=mapping.body, location=""),
        lambda: compile_templates(subject="", body="", location=mapping.location),
    ]
    if uses_rules:
        uses.append(lambda: load_rules(settings.rules.file, settings.scheduler.time_zone))
    for use in uses:
        try:
            use()
        except SettingError as error:
            for part in error.parts:
                yield Problem(key=part.key, what=part.problem, remedy=part.remedy, excerpt=part.excerpt)
    if settings.storage.url.get_secret_value().startswith("postgres") and not _has_driver():
        yield Problem(
            key="storage.url",
            what="names a PostgreSQL database, and its driver is not installed",
            remedy="install it: pip install 'exchange-connector[postgres]'",
        )


def _has_driver() -> bool:
    return importlib.util.find_spec("psycopg") is not None
