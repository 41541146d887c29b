"""PgBouncer in transaction mode in front of a server, as our child: a stand-in for RDS Proxy."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from urllib.parse import unquote, urlsplit

import psycopg
import pytest

from infra.local.postgres import free_port, home_for

POOL_SIZE = 3
_START_TIMEOUT_S = 10
# Every client is let in and becomes the one user of the server; nothing a session leaves behind is cleaned up.
_CONFIGURATION = """
[databases]
* = host={host} port={port} user={user} password='{password}'
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = 100
"""


@contextmanager
def pgbouncer(server_url: str, directory: Path) -> Iterator[str]:
    """The URL of a PgBouncer in front of the server. Skips the test where there is none; in CI, fails it."""
    binary = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if binary is None:
        _say_what_is_missing()
    # PgBouncer refuses to run as root, as PostgreSQL does.
    user = "nobody" if os.geteuid() == 0 else None
    home, listen_port = home_for(directory), free_port()
    home.mkdir(parents=True, exist_ok=True)
    configuration, log = home / "pgbouncer.ini", home / "pgbouncer.log"
    configuration.write_text(_configuration(server_url, listen_port))
    configuration.chmod(0o600)
    if user is not None:
        shutil.chown(configuration, user)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [binary, str(configuration)], stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/",
            user=user, extra_groups=[] if user else None,
        )  # fmt: skip
    url = f"postgresql://anybody@127.0.0.1:{listen_port}{urlsplit(server_url).path}"
    try:
        _wait_until_ready(url, process, log)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_START_TIMEOUT_S)


def _say_what_is_missing() -> NoReturn:
    text = "PgBouncer is not installed: install it (Debian: sudo apt-get install pgbouncer) or run scripts/test as root"
    if os.environ.get("CI"):
        pytest.fail(text)
    pytest.skip(text)


def _configuration(server_url: str, listen_port: int) -> str:
    parts = urlsplit(server_url)
    return _CONFIGURATION.format(
        host=parts.hostname,
        port=parts.port or 5432,
        user=parts.username,
        password=unquote(parts.password or "").replace("'", "''"),
        listen_port=listen_port,
        pool_size=POOL_SIZE,
    )


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"PgBouncer did not start: {error}\n{log.read_text(errors='replace')}")
        time.sleep(0.02)
