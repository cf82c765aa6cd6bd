"""The demonstration: a connector as a child process between the two services, and what it decides."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from tests.sandbox.company import PREFERENCES
from tests.sandbox.server import Shell

COMMAND = Path(__file__).parents[2] / "bin" / "exchange-connector"
STOP_SECONDS = 12.0
LOOK_SECONDS = 0.1
QUIET_LOOKS = 5
"""How often in a row nothing may be left to do before the first synchronisation counts as complete."""
SUBJECT_WIDTH = 34
SOURCE_APP = "BC"
"""Whose appointments the company plans."""
LOGIN = "dime-scheduler"


async def demonstrate(
    shell: Shell, described: Mapping[str, Any], folder: Path, stopped: asyncio.Event
) -> int:
    """Run the connector until somebody stops it, and say what it does; the exit code."""
    began = time.monotonic()
    demonstration = Demonstration(shell, described, folder)
    await demonstration.prepare()
    child = await demonstration.start()
    watching = [
        asyncio.create_task(demonstration.retell(child)),
        asyncio.create_task(demonstration.wait_in_step(began)),
        asyncio.create_task(stopped.wait()),
        asyncio.create_task(child.wait()),
    ]
    await asyncio.wait(watching[2:], return_when=asyncio.FIRST_COMPLETED)
    ended_by_itself = child.returncode is not None
    await end(child)
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    if ended_by_itself:
        print(f"the connector has ended by itself, exit code {child.returncode}", file=sys.stderr)
        return 1
    print("stopped")
    return 0


class Demonstration:
    """One connector and its configuration."""

    def __init__(self, shell: Shell, described: Mapping[str, Any], folder: Path) -> None:
        self.shell = shell
        self.described = described
        self.config = folder / "connector.toml"
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.subjects: dict[str, str] = {}
        """What each appointment was called last: one that was deleted has no name any more."""
        self.password = secrets.token_urlsafe(9)

    async def prepare(self) -> None:
        """Write the configuration, and what the company's people share."""
        public_url = await self.shell.tls_front("127.0.0.1", self.port)
        self.config.write_text(self._configuration(public_url), encoding="utf-8")
        await self._give_the_board_our_login()
        for number, chosen in PREFERENCES.items():
            await self._set_preferences(number, chosen)

    async def start(self) -> asyncio.subprocess.Process:
        """Start the connector."""
        print(f"control    {self.described['control_url']}    (act as a planner or as a person in Outlook)")
        print(f"connector  {self.url}    (admin / {self.password})")
        print("Ctrl-C stops all of it.", flush=True)
        return await asyncio.create_subprocess_exec(
            sys.executable,
            str(COMMAND),
            "run",
            "--config",
            str(self.config),
            stderr=asyncio.subprocess.PIPE,
            cwd=self.folder,
            start_new_session=True,  # Ctrl-C reaches it through us, once
        )

    async def retell(self, child: asyncio.subprocess.Process) -> None:
        """Say what the connector logs, in the words of the company."""
        if child.stderr is None:
            return
        async for line in child.stderr:
            text = line.decode(errors="replace").rstrip()
            try:
                entry = json.loads(text)
            except ValueError:
                print(text, file=sys.stderr, flush=True)
                continue
            if told := self._told(entry):
                print(told, flush=True)

    async def wait_in_step(self, began: float) -> None:
        """Say when the first synchronisation is complete."""
        quiet = 0
        async with aiohttp.ClientSession(auth=aiohttp.BasicAuth("admin", self.password)) as session:
            while quiet < QUIET_LOOKS:
                await asyncio.sleep(LOOK_SECONDS)
                quiet = quiet + 1 if await self._is_in_step(session) else 0
        seconds = time.monotonic() - began - QUIET_LOOKS * LOOK_SECONDS
        print(f"-- first synchronisation complete {seconds:.1f} s after the services were up", flush=True)
        self._explain_how_to_act()

    async def _is_in_step(self, session: aiohttp.ClientSession) -> bool:
        with contextlib.suppress(aiohttp.ClientError):
            async with session.get(f"{self.url}/api/status") as answer:
                if answer.status != 200:
                    return False
                status = await answer.json()
                active = [one for one in status["resources"] if one["state"] == "active"]
                return bool(active) and not (
                    any(status["backlog"].values()) or any(one["lagSeconds"] for one in active)
                )
        return False

    def _told(self, entry: Mapping[str, Any]) -> str:
        """One line for people; empty for what only a log needs."""
        clock = time.strftime("%H:%M:%S")
        if entry.get("event") == "decision":
            number = str(entry.get("resource", ""))
            appointment = str(entry.get("appointment", ""))
            return f"{clock}  {number:6} {self._subject(appointment):{SUBJECT_WIDTH}}  {entry.get('why', '')}"
        if entry.get("event") == "resource" and entry.get("reason"):
            return f"{clock}  {entry.get('resource', ''):6} {entry.get('state', '')}: {entry['reason']}"
        if str(entry.get("level", "")).lower() in ("warning", "error", "critical"):
            return f"{clock}  {entry.get('event', '')}: {entry.get('problem') or entry.get('reason') or ''}"
        return ""

    def _subject(self, appointment: str) -> str:
        """What the board calls the appointment. An event's has no name there before it is created."""
        with contextlib.suppress(LookupError, ValueError):
            subject = str(self.shell.services.board.planner_get(appointment).get("subject") or appointment)
            shown = subject if len(subject) <= SUBJECT_WIDTH else subject[: SUBJECT_WIDTH - 1] + "…"
            self.subjects[appointment] = shown
        return self.subjects.get(appointment, "(an event of the calendar)")

    def _explain_how_to_act(self) -> None:
        control = str(self.described["control_url"]).rstrip("/")
        day = time.strftime("%Y-%m-%d", time.localtime(time.time() + 86_400))
        planner = {
            "subject": "Repair the gate",
            "start": f"{day}T09:00:00",
            "end": f"{day}T10:00:00",
            "resources": ["R001", "R002"],
        }
        person = {
            "subject": "Dentist",
            "start": {"dateTime": f"{day}T13:00:00", "timeZone": "Europe/Brussels"},
            "end": {"dateTime": f"{day}T14:00:00", "timeZone": "Europe/Brussels"},
        }
        mailbox = self.described["mailboxes"][0]["email"]
        print("-- try it: plan something, then put something into a calendar")
        print(f"curl {control}/board/appointments -d '{json.dumps(planner)}'")
        print(f"curl {control}/mailboxes/{mailbox}/events -d '{json.dumps(person)}'", flush=True)

    async def _give_the_board_our_login(self) -> None:
        """Webhooks carry the credentials of the connector that is registered for their source app."""
        registered = {
            "name": "Outlook",
            "sourceApp": SOURCE_APP,
            "login": LOGIN,
            "password": self.password,
            "sendAppointmentToWebService": False,
        }
        address = f"{self.described['scheduler_url']}/connector"
        async with (
            aiohttp.ClientSession(headers={"X-API-KEY": self.described["api_key"]}) as session,
            session.post(address, json=registered) as answer,
        ):
            answer.raise_for_status()

    async def _set_preferences(self, number: str, chosen: Mapping[str, Any]) -> None:
        arguments = ["--share" if chosen.get("share", True) else "--no-share"]
        if "showAs" in chosen:
            arguments += ["--show-as", ",".join(chosen["showAs"])]
        if "sensitivity" in chosen:
            arguments += ["--sensitivity", ",".join(chosen["sensitivity"])]
        if "private" in chosen:
            arguments += ["--private", str(chosen["private"])]
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            str(COMMAND),
            *["preferences", "set", number, "--config", str(self.config), *arguments],
            stdout=asyncio.subprocess.DEVNULL,
            cwd=self.folder,
        )
        if await child.wait():
            raise RuntimeError(f"the preferences of {number} could not be set")

    def _configuration(self, public_url: str) -> str:
        said = self.described
        return f"""
[scheduler]
url = "{said["scheduler_url"]}"
api_key = "{said["api_key"]}"
webhook_source_apps = ["{SOURCE_APP}"]
webhook_login = "{LOGIN}"
webhook_password = "{self.password}"
[microsoft365]
tenant_id = "{said["tenant_id"]}"
client_id = "{said["client_id"]}"
client_secret = "{said["client_secret"]}"
authority = "{said["authority"]}"
graph_url = "{said["graph_url"]}"
ca_bundle = "{said["ca_bundle"]}"
[sync]
board_poll_seconds = 5
outlook_poll_seconds = 30
[storage]
url = "sqlite:///{self.folder / "connector.db"}"
[server]
listen = "127.0.0.1:{self.port}"
public_url = "{public_url}"
admin_password = "{self.password}"
"""


async def end(child: asyncio.subprocess.Process) -> None:
    """Stop a child process, gently first."""
    if child.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        await asyncio.wait_for(child.wait(), STOP_SECONDS)
    except TimeoutError:
        child.kill()
        await child.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
