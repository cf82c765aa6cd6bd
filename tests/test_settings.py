"""The configuration as DESIGN.md lays it down: every key, its default, and how it is set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from models.content import Sensitivity, ShowAs
from models.policy import Conflicts, Deletes, Edits, Policy
from models.preferences import Preferences, PrivateEvents
from models.settings.environment import variable
from models.settings.loading import advice, load_settings
from models.settings.sections import Settings, WriteRoute, sections

NEEDED = {
    "EXCHANGE_CONNECTOR__SCHEDULER__API_KEY": "key-of-the-board",
    "EXCHANGE_CONNECTOR__MICROSOFT365__TENANT_ID": "contoso",
    "EXCHANGE_CONNECTOR__MICROSOFT365__CLIENT_ID": "app",
    "EXCHANGE_CONNECTOR__MICROSOFT365__CLIENT_SECRET": "secret-of-the-app",
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "scheduler": {
        "url": "https://api.dimescheduler.com",
        "time_zone": "Europe/Brussels",
        "source_app": "EXCHANGE",
        "source_type": "OUTLOOK",
        "write_route": "exchange_appointment",
        "job_no": "",
        "task_no": "",
        "webhook_login": "",
        "webhook_password": "",
        "webhook_source_apps": [],
    },
    "microsoft365": {
        "certificate_path": "",
        "certificate_thumbprint": "",
        "authority": "https://login.microsoftonline.com",
        "graph_url": "https://graph.microsoft.com/v1.0",
        "ca_bundle": "",
    },
    "sync": {
        "to_outlook": True,
        "to_board": True,
        "past_days": 14,
        "future_days": 180,
        "outlook_poll_seconds": 300,
        "board_poll_seconds": 60,
        "audit_hours": 24,
        "outlook_edits": "accept",
        "outlook_deletes": "restore",
        "board_edits": "accept",
        "conflicts": "board",
        "delete_budget_count": 5,
        "delete_budget_percent": 10,
    },
    "defaults": {
        "share": True,
        "show_as": ["busy", "oof"],
        "sensitivity": ["normal"],
        "private": "hide",
        "mask_subject": "Unavailable",
        "resources_decide": True,
    },
    "mapping": {
        "subject": "{{ appointment.subject }}",
        "body": "{{ appointment.body }}",
        "location": "",
        "show_as": "busy",
        "reminder_minutes": None,
        "categories": {},
        "board_categories": {},
    },
    "rules": {"file": ""},
    "storage": {},
    "server": {"listen": "127.0.0.1:8420", "public_url": "", "admin_password": ""},
}
SECRETS = {
    "scheduler": {"api_key": "***"},
    "microsoft365": {"tenant_id": "contoso", "client_id": "app", "client_secret": "***"},
}

OTHER: dict[tuple[str, str], tuple[str, Any]] = {
    ("scheduler", "url"): ("https://board.example/api/", "https://board.example/api"),
    ("scheduler", "api_key"): ("k", "***"),
    ("scheduler", "time_zone"): ("Romance Standard Time", "Europe/Paris"),
    ("scheduler", "source_app"): ("EX", "EX"),
    ("scheduler", "source_type"): ("OL", "OL"),
    ("scheduler", "write_route"): ("exchange_appointment", "exchange_appointment"),
    ("scheduler", "job_no"): ("42", "42"),
    ("scheduler", "task_no"): ("43", "43"),
    ("scheduler", "webhook_login"): ("hook", "hook"),
    ("scheduler", "webhook_password"): ("p", "***"),
    ("scheduler", "webhook_source_apps"): ("NAV, CRM", ["NAV", "CRM"]),
    ("microsoft365", "tenant_id"): ("t", "t"),
    ("microsoft365", "client_id"): ("c", "c"),
    ("microsoft365", "client_secret"): ("s", "***"),
    ("microsoft365", "certificate_thumbprint"): ("aa:" * 19 + "bb", "AA" * 19 + "BB"),
    ("microsoft365", "authority"): ("https://localhost:8443", "https://localhost:8443"),
    ("microsoft365", "graph_url"): ("http://127.0.0.1:1/v1.0", "http://127.0.0.1:1/v1.0"),
    ("sync", "to_outlook"): ("false", False),
    ("sync", "to_board"): ("off", False),
    ("sync", "past_days"): ("0", 0),
    ("sync", "future_days"): ("30", 30),
    ("sync", "outlook_poll_seconds"): ("5", 5),
    ("sync", "board_poll_seconds"): ("6", 6),
    ("sync", "audit_hours"): ("7", 7),
    ("sync", "outlook_edits"): ("revert", "revert"),
    ("sync", "outlook_deletes"): ("unassign", "unassign"),
    ("sync", "board_edits"): ("revert", "revert"),
    ("sync", "conflicts"): ("latest", "latest"),
    ("sync", "delete_budget_count"): ("8", 8),
    ("sync", "delete_budget_percent"): ("9", 9),
    ("defaults", "share"): ("false", False),
    ("defaults", "show_as"): ('["free", "workingElsewhere"]', ["free", "workingElsewhere"]),
    ("defaults", "sensitivity"): ("normal,private", ["normal", "private"]),
    ("defaults", "private"): ("mask", "mask"),
    ("defaults", "mask_subject"): ("Busy", "Busy"),
    ("defaults", "resources_decide"): ("0", False),
    ("mapping", "subject"): ("{{ appointment.number }}", "{{ appointment.number }}"),
    ("mapping", "body"): ("", ""),
    ("mapping", "location"): ("{{ job.jobNo }}", "{{ job.jobNo }}"),
    ("mapping", "show_as"): ("tentative", "tentative"),
    ("mapping", "reminder_minutes"): ("15", 15),
    ("mapping", "categories"): ('{"Install": "Green category"}', {"Install": "Green category"}),
    ("mapping", "board_categories"): ("oof=Holiday, free=Office", {"oof": "Holiday", "free": "Office"}),
    ("rules", "file"): ("", ""),
    ("storage", "url"): ("sqlite:////var/lib/x.db", "sqlite:////var/lib/x.db"),
    ("server", "listen"): ("[::1]:80", "[::1]:80"),
    ("server", "public_url"): ("https://connector.example/", "https://connector.example"),
    ("server", "admin_password"): ("pw", "***"),
}
FILES = {("microsoft365", "certificate_path"), ("microsoft365", "ca_bundle")}

PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"


def written(tmp_path: Path, text: str) -> Path:
    """A configuration file."""
    path = tmp_path / "connector.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_neither_file_nor_environment_says_is_the_default_of_the_design(tmp_path: Path) -> None:
    shown = load_settings(written(tmp_path, ""), NEEDED).redacted()
    storage = shown.pop("storage")
    expected = {
        name: {**keys, **SECRETS.get(name, {})} for name, keys in DEFAULTS.items() if name != "storage"
    }
    assert shown == expected
    assert storage == {"url": f"sqlite:///{tmp_path}/exchange-connector.db"}


def test_every_key_has_a_value_to_try_in_these_tests() -> None:
    every = {(name, key) for name, kind in sections().items() for key in kind.model_fields}
    assert set(OTHER) | FILES == every


@pytest.mark.parametrize(("section", "key"), sorted(OTHER))
def test_every_key_can_be_set_by_the_environment_which_wins_over_the_file(
    section: str, key: str, tmp_path: Path
) -> None:
    text, shown = OTHER[section, key]
    environ = dict(NEEDED)
    needed = {
        "job_no": {}, "webhook_login": {("scheduler", "webhook_password"): "x"},
        "webhook_password": {("scheduler", "webhook_login"): "x"},
        "certificate_thumbprint": {("microsoft365", "certificate_path"): str(tmp_path / "key.pem")},
    }.get(key, {})  # fmt: skip
    (tmp_path / "key.pem").write_text(PRIVATE_KEY)
    environ.update({variable(*other): value for other, value in needed.items()})
    environ[variable(section, key)] = text
    at_first = DEFAULTS[section].get(key, "sqlite:///file.db" if key == "url" else "in-the-file")
    in_file = "" if at_first is None else f"[{section}]\n{key} = {_toml(at_first)}\n"
    settings = load_settings(written(tmp_path, in_file), environ)
    assert settings.redacted()[section][key] == shown


def test_every_key_can_be_set_in_the_file(tmp_path: Path) -> None:
    lines = []
    (tmp_path / "key.pem").write_text(PRIVATE_KEY)
    values: dict[tuple[str, str], Any] = {
        place: shown if shown != "***" else text for place, (text, shown) in OTHER.items()
    }
    values["microsoft365", "certificate_path"] = "key.pem"
    for section, kind in sections().items():
        lines.append(f"[{section}]")
        lines += [
            f"{key} = {_toml(values[section, key])}" for key in kind.model_fields if (section, key) in values
        ]
    shown = load_settings(written(tmp_path, "\n".join(lines)), {}).redacted()
    assert {place: shown[place[0]][place[1]] for place in OTHER} == {
        place: expected for place, (_, expected) in OTHER.items()
    }


def test_a_variable_is_found_in_any_letter_case(tmp_path: Path) -> None:
    environ = {**NEEDED, "exchange_connector__sync__past_days": "3"}
    assert load_settings(written(tmp_path, ""), environ).sync.past_days == 3


def test_a_table_in_the_environment_replaces_the_whole_table_of_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, '[mapping]\nlocation = "here"\ncategories = { A = "1", B = "2" }\n')
    environ = {**NEEDED, "EXCHANGE_CONNECTOR__MAPPING__CATEGORIES": '{"C": "3"}'}
    mapping = load_settings(file, environ).mapping
    assert mapping.categories == {"C": "3"}
    assert mapping.location == "here"


def test_an_empty_list_in_the_environment_is_an_empty_list(tmp_path: Path) -> None:
    environ = {**NEEDED, "EXCHANGE_CONNECTOR__DEFAULTS__SENSITIVITY": ""}
    assert load_settings(written(tmp_path, ""), environ).defaults.sensitivity == frozenset()


def test_other_variables_of_the_environment_are_none_of_its_business(tmp_path: Path) -> None:
    environ = {**NEEDED, "EXCHANGE_CONNECTOR_TEST_POSTGRES": "x", "PATH": "/bin", "SYNC": "{}"}
    assert load_settings(written(tmp_path, ""), environ).sync.past_days == 14


def test_without_a_file_the_environment_is_enough() -> None:
    settings = load_settings(None, NEEDED)
    assert settings.storage.url.get_secret_value() == f"sqlite:///{Path.cwd()}/exchange-connector.db"


def test_relative_paths_start_at_the_file_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(PRIVATE_KEY)
    file = written(
        tmp_path,
        '[microsoft365]\ncertificate_path = "key.pem"\ncertificate_thumbprint = "' + "AB" * 20 + '"\n'
        '[storage]\nurl = "sqlite:///data/store.db"\n',
    )
    settings = load_settings(file, NEEDED)
    assert settings.microsoft365.certificate_path == str(tmp_path / "key.pem")
    assert settings.microsoft365.uses_certificate
    assert settings.storage.url.get_secret_value() == f"sqlite:///{tmp_path}/data/store.db"


def test_settings_are_typed_values(tmp_path: Path) -> None:
    file = written(
        tmp_path, '[scheduler]\ntime_zone = "Romance Standard Time"\n[server]\nlisten = "[::1]:0"\n'
    )
    settings = load_settings(file, NEEDED)
    assert settings.scheduler.time_zone == ZoneInfo("Europe/Paris")
    assert settings.scheduler.write_route is WriteRoute.EXCHANGE_APPOINTMENT
    assert settings.mapping.show_as is ShowAs.BUSY
    assert (settings.server.host, settings.server.port) == ("::1", 0)
    assert settings.sync.policy() == Policy(
        outlook_edits=Edits.ACCEPT,
        outlook_deletes=Deletes.RESTORE,
        board_edits=Edits.ACCEPT,
        conflicts=Conflicts.BOARD,
    )
    assert settings.default_preferences() == Preferences(
        share=True,
        show_as=frozenset({ShowAs.BUSY, ShowAs.OOF}),
        sensitivity=frozenset({Sensitivity.NORMAL}),
        private=PrivateEvents.HIDE,
    )


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    file = written(tmp_path, '[mapping]\ncategories = { A = "B" }\n')
    settings = load_settings(file, NEEDED)
    with pytest.raises(ValidationError):
        settings.sync.past_days = 3
    with pytest.raises(TypeError):
        settings.mapping.categories["A"] = "C"  # type: ignore[index]  # what mypy forbids too


def test_settings_are_not_read_from_the_process_behind_the_callers_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SYNC", '{"past_days": 99}')
    monkeypatch.setenv("EXCHANGE_CONNECTOR__SYNC__PAST_DAYS", "99")
    assert Settings().sync.past_days == 14


def test_secrets_are_masked_however_the_settings_are_printed(tmp_path: Path) -> None:
    environ = {
        **NEEDED,
        "EXCHANGE_CONNECTOR__SCHEDULER__WEBHOOK_LOGIN": "hook",
        "EXCHANGE_CONNECTOR__SCHEDULER__WEBHOOK_PASSWORD": "secret-of-the-hook",
        "EXCHANGE_CONNECTOR__SERVER__ADMIN_PASSWORD": "secret-of-the-console",
        "EXCHANGE_CONNECTOR__STORAGE__URL": "postgresql://user:secret-of-the-store@db.example:5432/sync",
    }
    settings = load_settings(written(tmp_path, ""), environ)
    for printed in (
        repr(settings),
        str(settings),
        json.dumps(settings.redacted()),
        settings.model_dump_json(),
    ):
        assert "secret-of" not in printed
        assert "key-of" not in printed
    assert settings.redacted()["storage"]["url"] == "postgresql://***@db.example:5432/sync"
    assert settings.scheduler.api_key.get_secret_value() == "key-of-the-board"


def test_what_works_and_is_hardly_meant_is_said() -> None:
    said = advice(
        load_settings(None, {**NEEDED, "EXCHANGE_CONNECTOR__SERVER__PUBLIC_URL": "http://a.example"})
    )
    assert [problem.line for problem in said] == [
        "server.public_url: is not https, and Microsoft Graph notifies no other address: "
        "Outlook is only polled; put TLS in front of the process and write https://",
        "scheduler.webhook_login: is empty, so that whoever knows the address can send webhooks; "
        "choose a login and a password, and give them to Dime.Scheduler too",
    ]
    assert advice(load_settings(None, NEEDED)) == ()


def test_this_machine_may_be_reached_without_tls() -> None:
    environ = {
        **NEEDED,
        "EXCHANGE_CONNECTOR__SERVER__PUBLIC_URL": "http://127.0.0.1:8420",
        "EXCHANGE_CONNECTOR__SCHEDULER__WEBHOOK_LOGIN": "hook",
        "EXCHANGE_CONNECTOR__SCHEDULER__WEBHOOK_PASSWORD": "x",
    }
    assert advice(load_settings(None, environ)) == ()


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {json.dumps(v)}" for k, v in value.items()) + " }"
    return json.dumps(value)
