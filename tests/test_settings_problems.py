"""A wrong configuration: one line for each problem, all at once, naming the key and the remedy."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from models.settings.loading import load_settings
from models.settings.problems import SettingsError

NEEDED = """
[scheduler]
api_key = "k"
[microsoft365]
tenant_id = "t"
client_id = "c"
client_secret = "s"
"""
NONE: dict[str, str] = {}

WRONG_VALUES = [
    ("sync", "past_days = -1", "sync.past_days: is -1; write at least 0"),
    ("sync", "future_days = 99999", "sync.future_days: is 99999; write at most 3650"),
    ("sync", "board_poll_seconds = 0", "sync.board_poll_seconds: is 0; write at least 1"),
    (
        "sync",
        'past_days = "14"',
        'sync.past_days: must be a whole number, and is "14"; for example: past_days = 5',
    ),
    (
        "sync",
        "past_days = 1.5",
        "sync.past_days: must be a whole number, and is 1.5; for example: past_days = 5",
    ),
    (
        "sync",
        "past_days = true",
        "sync.past_days: must be a whole number, and is true; for example: past_days = 5",
    ),
    ("sync", "to_board = 1", "sync.to_board: must be true or false, and is 1; for example: to_board = true"),
    (
        "sync",
        'conflicts = "newest"',
        'sync.conflicts: "newest" is not known; write one of "board", "outlook", "latest"',
    ),
    ("sync", "past_dais = 3", "sync.past_dais: is no key of the configuration; did you mean sync.past_days?"),
    (
        "sync",
        'time_zone = "UTC"',
        "sync.time_zone: is no key of the configuration; did you mean scheduler.time_zone?",
    ),
    (
        "rules",
        "xyzzy = 1",
        "rules.xyzzy: is no key of the configuration; the keys of [rules] are file",
    ),
    (
        "defaults",
        'show_as = ["busy", "out"]',
        'defaults.show_as: "out" is not known; write one of "free", "tentative", "busy", "oof", '
        '"workingElsewhere", "unknown"',
    ),
    (
        "defaults",
        'show_as = "busy"',
        'defaults.show_as: must be a list of texts, and is "busy"; for example: show_as = ["…", "…"]',
    ),
    (
        "defaults",
        "mask_subject = 3",
        'defaults.mask_subject: must be a text in double quotes, and is 3; for example: mask_subject = "…"',
    ),
    (
        "mapping",
        'categories = ["a"]',
        "mapping.categories: must be a table of texts, and is a list; "
        'for example: categories = { "…" = "…" }',
    ),
    (
        "mapping",
        "board_categories = { oof = 3 }",
        "mapping.board_categories: holds 3; write texts in double quotes only",
    ),
    (
        "mapping",
        'reminder_minutes = "soon"',
        'mapping.reminder_minutes: "soon" is no number of minutes; write a whole number, or leave it empty',
    ),
    ("mapping", "reminder_minutes = -5", "mapping.reminder_minutes: is -5; write at least 0"),
    (
        "server",
        'listen = "8420"',
        'server.listen: "8420" is no address to listen on; write HOST:PORT, for example "127.0.0.1:8420"',
    ),
    (
        "server",
        'listen = "127.0.0.1:99999"',
        'server.listen: "127.0.0.1:99999" is no address to listen on; write HOST:PORT, '
        'for example "127.0.0.1:8420"',
    ),
    (
        "server",
        'public_url = "connector.example"',
        "server.public_url: must be a URL that starts with https://; "
        "write it in full, with https:// and the host",
    ),
    (
        "storage",
        'url = "mysql://u:p@h/d"',
        "storage.url: names no store; write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE",
    ),
    (
        "rules",
        'file = "nowhere.json"',
        "rules.file: cannot read {here}/nowhere.json (No such file or directory); "
        "check the path, and who may read the file",
    ),
]


def problems(tmp_path: Path, text: str, environ: dict[str, str] = NONE) -> list[str]:
    """The lines about a configuration."""
    path = tmp_path / "connector.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(path, environ)
    lines = [problem.line for problem in caught.value.problems]
    assert str(caught.value) == "\n".join(lines)
    return lines


@pytest.mark.parametrize(("section", "line", "said"), WRONG_VALUES)
def test_a_wrong_value_is_one_line_with_its_key_and_remedy(
    section: str, line: str, said: str, tmp_path: Path
) -> None:
    assert problems(tmp_path, f"{NEEDED}\n[{section}]\n{line}\n") == [said.replace("{here}", str(tmp_path))]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            'time_zone = "Mars/Base"',
            'scheduler.time_zone: "Mars/Base" is no time zone; write an IANA name such as "Europe/Brussels", '
            "or a Windows name",
        ),
        (
            'url = "http://board.example"',
            "scheduler.url: is not https, and credentials are sent there; write https://",
        ),
        (
            'url = "https://user:hidden@board.example"',
            "scheduler.url: holds a user name or password; take them out: credentials have keys of their own",
        ),
        (
            'write_route = "task"\njob_no = "J"',
            'scheduler.task_no: is missing; write_route = "task" writes under a task: name it',
        ),
        (
            'webhook_login = "hook"',
            "scheduler.webhook_password: is missing; give both: put it in "
            "EXCHANGE_CONNECTOR__SCHEDULER__WEBHOOK_PASSWORD",
        ),
        (
            'webhook_password = "hidden"',
            "scheduler.webhook_login: is missing; give both webhook_login and webhook_password",
        ),
    ],
)
def test_a_wrong_value_of_the_board_is_one_line(line: str, said: str, tmp_path: Path) -> None:
    text = NEEDED.replace('api_key = "k"', f'api_key = "k"\n{line}')
    assert problems(tmp_path, text) == [said]


def test_all_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    assert problems(tmp_path, "") == [
        "scheduler.api_key: is missing; create an API key in Dime.Scheduler and put it in "
        "EXCHANGE_CONNECTOR__SCHEDULER__API_KEY",
        "microsoft365.tenant_id: is missing; copy it from the app registration in Microsoft Entra",
        "microsoft365.client_id: is missing; copy it from the app registration in Microsoft Entra",
        "microsoft365.client_secret: is missing; put a client secret in "
        "EXCHANGE_CONNECTOR__MICROSOFT365__CLIENT_SECRET, or use certificate_path and certificate_thumbprint",
    ]


def test_an_empty_secret_is_a_missing_one(tmp_path: Path) -> None:
    text = NEEDED.replace('client_secret = "s"', 'client_secret = "  "')
    assert [line.split(":")[0] for line in problems(tmp_path, text)] == ["microsoft365.client_secret"]


def test_a_certificate_needs_its_thumbprint_and_a_thumbprint_its_certificate(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n")
    with_key = NEEDED.replace('client_secret = "s"', 'certificate_path = "key.pem"')
    assert problems(tmp_path, with_key) == [
        "microsoft365.certificate_thumbprint: is missing; copy it from the app registration"
    ]
    with_print = NEEDED.replace('client_secret = "s"', f'certificate_thumbprint = "{"AB" * 20}"')
    assert problems(tmp_path, with_print) == [
        "microsoft365.certificate_path: is missing; name the PEM file with the private key"
    ]


def test_files_that_are_not_what_they_should_be_are_named(tmp_path: Path) -> None:
    (tmp_path / "some.pem").write_text("not a key\n")
    text = NEEDED.replace(
        'client_secret = "s"',
        'certificate_path = "some.pem"\ncertificate_thumbprint = "abc"\nca_bundle = "some.pem"',
    )
    assert problems(tmp_path, text) == [
        f"microsoft365.certificate_path: there is no private key in {tmp_path}/some.pem; "
        "name the PEM file that the certificate was exported to with its key",
        "microsoft365.certificate_thumbprint: is no thumbprint; "
        "copy the 40 hexadecimal digits that Microsoft Entra shows",
        f"microsoft365.ca_bundle: there is no certificate in {tmp_path}/some.pem; "
        "name a file of PEM certificates",
    ]


def test_a_missing_ca_bundle_is_named(tmp_path: Path) -> None:
    text = NEEDED.replace('client_secret = "s"', 'client_secret = "s"\nca_bundle = "none.pem"')
    assert problems(tmp_path, text) == [
        f"microsoft365.ca_bundle: cannot read {tmp_path}/none.pem (No such file or directory); "
        "check the path, and who may read the file"
    ]


def test_a_template_that_is_none_is_said_with_the_other_problems(tmp_path: Path) -> None:
    lines = problems(tmp_path, f'{NEEDED}\n[mapping]\nsubject = "{{{{ a"\nbody = "{{% b"\n')
    assert [line.split(":")[0] for line in lines] == ["mapping.subject", "mapping.body"]


def test_an_unknown_section_is_one_line_with_the_nearest_known_one(tmp_path: Path) -> None:
    assert problems(tmp_path, f"{NEEDED}\n[synk]\npast_days = 3\n[qqq]\n") == [
        "synk: is no section of the configuration; did you mean [sync]?",
        "qqq: is no section of the configuration; the sections are scheduler, microsoft365, sync, defaults, "
        "mapping, rules, storage, server",
    ]


def test_a_section_that_is_no_table_is_said(tmp_path: Path) -> None:
    assert problems(tmp_path, f"sync = 3\nstorage = 4\n{NEEDED}") == [
        "sync: must be a section; write [sync] and its keys below it",
        "storage: must be a section; write [storage] and its keys below it",
    ]


def test_a_broken_file_is_said_with_the_line_and_nothing_else_is_guessed(tmp_path: Path) -> None:
    (line,) = problems(tmp_path, '[sync]\npast_days = 3\nconflicts "board"\n')
    assert line.startswith(f"{tmp_path}/connector.toml: is not TOML: ")
    assert "line 3" in line
    assert line.endswith("; mend that line; texts stand in double quotes")


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path / "none.toml", {})
    assert str(caught.value) == (
        f"{tmp_path}/none.toml: there is no such file; name the configuration file: --config FILE"
    )


def test_a_file_that_is_a_directory_or_no_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot be read \(Is a directory\)"):
        load_settings(tmp_path, {})
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="is not UTF-8 text; save it as UTF-8"):
        load_settings(tmp_path / "x.toml", {})


def test_a_wrong_variable_is_named_with_its_key(tmp_path: Path) -> None:
    environ = {
        "EXCHANGE_CONNECTOR__SYNC__PAST_DAYS": "many",
        "EXCHANGE_CONNECTOR__SYNC__PAST_DAIS": "3",
        "EXCHANGE_CONNECTOR__DEFAULTS__SHOW_AS": '["busy"',
        "EXCHANGE_CONNECTOR__MAPPING__CATEGORIES": "a, b",
    }
    assert problems(tmp_path, NEEDED, environ) == [
        'sync.past_days (from EXCHANGE_CONNECTOR__SYNC__PAST_DAYS): must be a whole number, and is "many"; '
        "for example: past_days = 5",
        "sync.past_dais (from EXCHANGE_CONNECTOR__SYNC__PAST_DAIS): is no key of the configuration; "
        "did you mean sync.past_days?",
        "defaults.show_as (from EXCHANGE_CONNECTOR__DEFAULTS__SHOW_AS): must be a list of texts, and is "
        '"["busy""; for example: show_as = ["…", "…"]',
        "mapping.categories (from EXCHANGE_CONNECTOR__MAPPING__CATEGORIES): must be a table of texts, and is "
        '"a, b"; for example: categories = { "…" = "…" }',
    ]


def test_a_variable_of_no_section_is_named(tmp_path: Path) -> None:
    environ = {"EXCHANGE_CONNECTOR__SYNK__PAST_DAYS": "3", "EXCHANGE_CONNECTOR__PAST_DAYS": "3"}
    remedy = (
        "names no section and key of the configuration; write EXCHANGE_CONNECTOR__SECTION__KEY "
        "with a section of scheduler, microsoft365, sync, defaults, mapping, rules, storage, server"
    )
    assert problems(tmp_path, NEEDED, environ) == [
        f"EXCHANGE_CONNECTOR__PAST_DAYS: {remedy}",
        f"EXCHANGE_CONNECTOR__SYNK__PAST_DAYS: {remedy}",
    ]


def test_a_dozen_problems_are_a_dozen_lines(tmp_path: Path) -> None:
    text = (
        '[scheduler]\nurl = "x"\ntime_zone = "y"\n[sync]\npast_days = "z"\nq = 1\n[server]\nlisten = ""\n[zz]'
    )
    lines = problems(tmp_path, text, {"EXCHANGE_CONNECTOR__A": "b"})
    assert [line.split(":")[0] for line in lines] == [
        "EXCHANGE_CONNECTOR__A",
        "scheduler.url",
        "scheduler.time_zone",
        "sync.past_days",
        "sync.q",
        "server.listen",
        "zz",
        "scheduler.api_key",
        "microsoft365.tenant_id",
        "microsoft365.client_id",
        "microsoft365.client_secret",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[scheduler]\napi_key = [ 'hidden' ]\n",
        "[scheduler]\napi_key = 'hidden'\nurl = 'https://u:hidden@h'\nwebhook_password = 'hidden'\n",
        "[microsoft365]\nclient_secret = { x = 'hidden' }\n",
        "[storage]\nurl = 'mysql://u:hidden@h/d'\n",
        "[storage]\nurl = [ 'postgresql://u:hidden@h/d' ]\n",
        "[server]\nadmin_password = [ 'hidden' ]\n",
        "[server]\npublic_url = 'https://u:hidden@h'\n",
        "[server]\nadmin_pasword = 'hidden'\n",
        "[scheduler]\napi_key = 'hidden\n",
        "[hidden_]\nx = 1\n[scheduler]\napi_key = hidden\n",
    ],
)
def test_no_problem_shows_a_secret(text: str, tmp_path: Path) -> None:
    path = tmp_path / "connector.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(path, {"EXCHANGE_CONNECTOR__SERVER__LISTEN": "x"})
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.problems)
    assert "hidden" not in shown.replace("hidden_", "")
