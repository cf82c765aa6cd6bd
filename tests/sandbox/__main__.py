"""`python -m tests.sandbox`: the local services, alone or with a connector that keeps them in step.

python -m tests.sandbox --services-only --json     the two services; one JSON line, then serves
python -m tests.sandbox                            services and connector, with what it decides
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.sandbox.demonstration import demonstrate
from tests.sandbox.server import Ports, Shell, serving
from tests.sandbox.services import Services


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until SIGTERM or SIGINT; the exit code."""
    options = _options(arguments)
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    try:
        with asyncio.Runner(loop_factory=_fast_loop()) as runner:
            return runner.run(_run(options))
    except OSError as problem:
        print(
            f"the sandbox cannot listen: {problem}; choose other ports or leave them to it", file=sys.stderr
        )
        return 2


async def _run(options: argparse.Namespace) -> int:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    services = Services(seed=options.seed, company=options.company)
    for name in services.traffic.latency:
        services.traffic.latency[name] = options.latency
    ports = Ports(
        graph=options.port_graph,
        authority=options.port_authority,
        scheduler=options.port_scheduler,
        control=options.port_control,
    )
    with tempfile.TemporaryDirectory(prefix="exchange-connector-sandbox-") as folder:
        async with serving(services, Path(folder), ports) as shell:
            described = describe(shell)
            if options.tls_front:
                described["public_url"] = await shell.tls_front("127.0.0.1", options.tls_front)
            if options.services_only:
                announce(described, as_json=options.json)
                await stopped.wait()
                return 0
            return await demonstrate(shell, described, Path(folder), stopped)


def describe(shell: Shell) -> dict[str, Any]:
    """Everything that a client needs to know: the members of DESIGN.md, and the password of the people."""
    services = shell.services
    application = services.authority.application
    return {
        "graph_url": f"{shell.urls['graph']}/v1.0",
        "authority": shell.urls["authority"],
        "ca_bundle": str(shell.certificates.ca_bundle),
        "tenant_id": services.authority.tenant_id,
        "client_id": application.client_id,
        "client_secret": application.secret,
        "scheduler_url": shell.urls["scheduler"],
        "api_key": services.api_key,
        "mailboxes": [
            {"id": user.id, "email": user.mail}
            for user in services.tenant.users.values()
            if user.has_mailbox and user.mail
        ],
        "resources": services.resources(),
        "control_url": shell.urls["control"],
        "password": services.authority.password,
    }


def announce(described: dict[str, Any], *, as_json: bool) -> None:
    """Says on stdout where everything is: one line of JSON, or a table for people."""
    if as_json:
        print(json.dumps(described), flush=True)
        return
    for name, value in described.items():
        shown = f"{len(value)} of them" if isinstance(value, list) else value
        print(f"{name:14} {shown}")
    print("Ctrl-C stops it.", flush=True)


def _fast_loop() -> Any:
    """uvloop's loop where it is installed, else None for asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.sandbox", description="A local Microsoft 365 tenant and a local Dime.Scheduler."
    )
    parser.add_argument("--services-only", action="store_true", help="no connector, only the two services")
    parser.add_argument("--json", action="store_true", help="say where everything is in one line of JSON")
    parser.add_argument("--seed", type=int, default=1, help="what all ids and generated data come from")
    parser.add_argument(
        "--company",
        type=_company,
        default="small",
        help='"small", "empty" or a number of generated resources',
    )
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that every request takes")
    for service in ("graph", "authority", "scheduler", "control"):
        parser.add_argument(f"--port-{service}", type=int, default=0, help="default: any free port")
    parser.add_argument(
        "--tls-front",
        type=int,
        default=0,
        metavar="PORT",
        help="also listen with TLS for http://127.0.0.1:PORT",
    )
    return parser.parse_args(arguments)


def _company(text: str) -> str | int:
    if text in ("small", "empty"):
        return text
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError('"small", "empty" or a number') from None


if __name__ == "__main__":
    sys.exit(main())
