"""Every command and option of the documents exists, explains itself, and says what is wrong with its use."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from actors.commandline.app import app
from tests.log_kit import logging_restored

ROOT = Path(__file__).parent.parent
DESIGN = ROOT.parent / "shared" / "DESIGN.md"
README = ROOT / "README.md"

DOCUMENTED = {
    "run": {"--config"},
    "check": {"--config"},
    "plan": {"--config", "--resource", "--json", "--rules", "--preferences", "--out"},
    "apply": {"--config", "--json"},
    "status": {"--config", "--json"},
    "explain": {"--config", "--json", "--resource", "--at"},
    "resync": {"--config", "--resource"},
    "preferences show": {"--config", "--json"},
    "preferences set": {
        "--config", "--share", "--no-share", "--show-as", "--sensitivity", "--private",
    },
    "preferences export": {"--config"},
    "preferences import": {"--config"},
    "verify": {"--config", "--resource", "--json"},
    "retry": {"--config", "--all"},
    "undo": {"--config", "--since", "--resource", "--dry-run", "--json"},
    "remove": {"--config", "--resource", "--all", "--dry-run", "--json"},
    "rules test": {"--config", "--appointment"},
}  # fmt: skip
MORE_THAN_DESIGNED = {"apply", "preferences export", "preferences import"}
"""Commands that the README has and the design does not ask for."""


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A place without a configuration, and logging that is put back."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EXCHANGE_CONNECTOR_CONFIG", raising=False)
    monkeypatch.setenv("TERMINAL_WIDTH", "200")
    with logging_restored():
        yield


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def commands(group: Any = None, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every command by its full name."""
    for name, command in (group or typer.main.get_command(app)).commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name, command


def options_of(command: Any) -> set[str]:
    return {
        name
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("--")
    }


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_documented_command_has_its_options_and_explains_them(name: str) -> None:
    command = dict(commands())[name]
    assert options_of(command) >= DOCUMENTED[name]
    shown = invoke(*name.split(), "--help")
    assert shown.exit_code == 0
    for option in DOCUMENTED[name]:
        assert option in shown.stdout
    for parameter in command.params:
        assert parameter.help, f"{name}: {parameter.name} has no help"


def test_every_command_is_listed_and_has_an_example() -> None:
    listed = invoke("--help").stdout
    for name, command in commands():
        assert name.split()[0] in listed
        assert f"Example: exchange-connector {name}" in (command.help or "")


def test_every_command_takes_the_configuration() -> None:
    assert {name for name, command in commands() if "--config" not in options_of(command)} == set()


def test_no_command_exists_that_is_not_documented() -> None:
    assert {name for name, _ in commands()} == set(DOCUMENTED)


def test_the_design_and_the_command_line_agree() -> None:
    if not DESIGN.exists():
        pytest.skip("../shared is not here")
    table = DESIGN.read_text(encoding="utf-8").partition("### Command line")[2].partition("###")[0]
    known = dict(commands())
    seen = set()
    for cell in re.findall(r"^\| (`.+?`) \|", table, flags=re.MULTILINE):
        for usage in re.findall(r"`([^`]+)`", cell):
            words = [word for word in usage.split() if word.isalpha() and word.islower()]
            name = " ".join(words[:2]) if words[0] in ("preferences", "rules") else words[0]
            seen.add(name)
            wanted = set(re.findall(r"--[a-z-]+", usage))
            assert wanted <= options_of(known[name]), usage
    assert seen == set(DOCUMENTED) - MORE_THAN_DESIGNED


def test_the_readme_names_only_commands_and_options_that_exist() -> None:
    if not README.exists():
        pytest.skip("there is no README.md yet")
    known = dict(commands())
    usages = re.findall(r"exchange-connector ((?:[a-z]+)[^\n`|&;]*)", README.read_text(encoding="utf-8"))
    for usage in usages:
        words = usage.split()
        name = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
        if name not in known:
            continue  # prose: "exchange-connector is …"
        assert {word for word in words if word.startswith("--")} <= options_of(known[name]) | {"--help"}


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("synchronise",),
        ("run", "--conifg", "x"),
        ("explain",),
        ("preferences",),
        ("preferences", "set", "R001"),
        ("preferences", "set", "R001", "--private", "show"),
        ("plan", "R001"),
    ],
)
def test_wrong_usage_ends_with_2_and_help(arguments: tuple[str, ...]) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("option", "value", "wrong", "known"),
    [
        ("--show-as", "busy,away", "away", "free, tentative, busy, oof, workingElsewhere, unknown"),
        ("--sensitivity", "secret", "secret", "normal, personal, private, confidential"),
        ("--private", "show", "show", "hide, mask"),
    ],
)
def test_a_preference_that_does_not_exist_is_named_with_those_that_do(
    option: str, value: str, wrong: str, known: str
) -> None:
    result = invoke("preferences", "set", "R001", option, value)
    assert result.exit_code == 2
    assert f'"{wrong}" is none of: {known}' in " ".join(result.output.split())
    assert option in result.output


def test_a_wrong_configuration_is_one_line_for_each_problem_with_key_and_remedy(tmp_path: Path) -> None:
    (tmp_path / "connector.toml").write_text(
        '[scheduler]\napi_key = "k"\ntime_zone = "Mars"\n[sync]\npast_dayz = 3\n[microsoft365]\n'
        'tenant_id = "t"\nclient_id = "c"\nclient_secret = "s3cret"\n',
        encoding="utf-8",
    )
    result = invoke("status")
    assert result.exit_code == 2
    assert result.stdout == ""
    problems = result.stderr.splitlines()
    assert len(problems) == 2
    assert any(line.startswith("scheduler.time_zone: ") and "; write " in line for line in problems)
    assert any(line.startswith("sync.past_dayz: ") and "sync.past_days" in line for line in problems)
    assert "s3cret" not in result.output


def test_the_configuration_is_found_by_option_then_variable_then_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each names a file of its own in its only problem."""
    for name in ("option", "variable", "connector"):
        (tmp_path / f"{name}.toml").write_text("[nonsense]\n", encoding="utf-8")
        (tmp_path / f"{name}.toml").write_text(f"{name} =", encoding="utf-8")
    assert "connector.toml" in invoke("status").stderr
    monkeypatch.setenv("EXCHANGE_CONNECTOR_CONFIG", str(tmp_path / "variable.toml"))
    assert "variable.toml" in invoke("status").stderr
    assert "option.toml" in invoke("status", "--config", str(tmp_path / "option.toml")).stderr


def test_without_a_file_the_environment_alone_is_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke("status")
    assert result.exit_code == 2
    assert "scheduler.api_key" in result.stderr
    for name in ("SCHEDULER__API_KEY", "MICROSOFT365__TENANT_ID", "MICROSOFT365__CLIENT_ID"):
        monkeypatch.setenv(f"EXCHANGE_CONNECTOR__{name}", "x")
    monkeypatch.setenv("EXCHANGE_CONNECTOR__MICROSOFT365__CLIENT_SECRET", "x")
    result = invoke("status")
    assert result.exit_code == 2
    assert (
        "exchange-connector.db" in result.stderr
    )  # the configuration is complete, and there is no store yet
