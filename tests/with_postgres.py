"""Runs a command beside a throw-away PostgreSQL server: `python -m tests.with_postgres COMMAND …`.

The command finds the server's URL in EXCHANGE_CONNECTOR_TEST_POSTGRES. Ends with the command's exit code.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

VARIABLE = "EXCHANGE_CONNECTOR_TEST_POSTGRES"


def main(command: list[str]) -> int:
    """Start a server in a temporary folder, run the command, stop the server."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        print("PostgreSQL is not installed: apt-get install postgresql", file=sys.stderr)
        return 2
    folder = Path(tempfile.mkdtemp(prefix="exchange-connector-postgres-"))
    # the server refuses to run as root
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres")
    control, data, port = str(programs[-1] / "pg_ctl"), str(folder / "data"), free_port()
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    initialise = [str(programs[-1] / "initdb"), "-D", data, "-A", "trust", "-U", "connector"]
    try:
        subprocess.run([*as_user, *initialise], check=True, stdout=subprocess.DEVNULL, cwd=folder)
        start = [control, "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start"]
        subprocess.run([*as_user, *start], check=True, stdout=subprocess.DEVNULL, cwd=folder)
        url = f"postgresql://connector@127.0.0.1:{port}/postgres"
        try:
            return subprocess.run(command, env={**os.environ, VARIABLE: url}, check=False).returncode
        finally:
            subprocess.run(
                [*as_user, control, "-D", data, "-m", "immediate", "stop"],
                check=False,
                stdout=subprocess.DEVNULL,
                cwd=folder,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
