"""The command line as people run it: a process with a home of its own."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import PROJECT

PATIENCE_S = 60
_COMMAND = [sys.executable, "-P", "-m", "lamplighter_cli"]


@dataclass(frozen=True)
class Ran:
    """How a run ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which is one JSON document and nothing else."""
        return json.loads(self.out)


class Terminal:
    """Somebody's shell: what is logged in, and their environment."""

    def __init__(self, home: Path, **variables: str) -> None:
        self.home = home
        home.mkdir(exist_ok=True)
        self.environment = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PROJECT / "admin_api"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            **variables,
        }

    @property
    def profiles(self) -> Path:
        """The file of the logins."""
        return self.home / ".config" / "lamplighter" / "profiles.json"

    def tokens(self, profile: str = "default") -> dict[str, Any]:
        """The tokens that are kept."""
        kept: dict[str, Any] = json.loads(self.profiles.read_text())[profile]["tokens"]
        return kept

    def set_tokens(self, **tokens: Any) -> None:
        """Change some of what is kept."""
        kept = json.loads(self.profiles.read_text())
        kept["default"]["tokens"].update(tokens)
        self.profiles.write_text(json.dumps(kept))

    def __call__(self, *arguments: str, stdin: str = "", **variables: str) -> Ran:
        """Run it to its end, without a terminal."""
        done = subprocess.run(
            [*_COMMAND, *arguments], input=stdin, capture_output=True, text=True, timeout=PATIENCE_S,
            env={**self.environment, **variables},
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """It runs inside, for so long as anybody is patient; afterwards it does not."""
        process = subprocess.Popen(
            [*_COMMAND, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=self.environment,
            # Whoever starts the tests in the background has told them, and so all they start, to ignore it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        patience = threading.Timer(PATIENCE_S, process.kill)
        patience.start()
        with process:
            try:
                yield process
            finally:
                process.kill()
                patience.cancel()

    def on_a_terminal(self, *arguments: str, answers: Mapping[str, str] | None = None, **variables: str) -> Ran:
        """Run it where a person looks, who types these answers after these questions. out is all they saw."""
        left = dict(answers or {})
        child, terminal = pty.fork()
        if child == 0:
            os.execve(_COMMAND[0], [*_COMMAND, *arguments], {**self.environment, "TERM": "xterm", **variables})
        seen, given_up_at = "", time.monotonic() + PATIENCE_S
        try:
            while chunk := _read(terminal, given_up_at):
                seen += chunk
                for question in [each for each in left if each in seen]:
                    os.write(terminal, f"{left.pop(question)}\n".encode())
        finally:
            os.close(terminal)
        _, status = os.waitpid(child, 0)
        return Ran(os.waitstatus_to_exitcode(status), seen, "")


def _read(terminal: int, given_up_at: float) -> str:
    readable, _, _ = select.select([terminal], [], [], max(0, given_up_at - time.monotonic()))
    assert readable, "nothing more was shown, and it did not end"
    try:
        return os.read(terminal, 65_536).decode(errors="replace")
    except OSError:  # Linux says so when the other side has ended
        return ""


def line_of(process: subprocess.Popen[str], text: str) -> str:
    """The next line of its standard output with this text, waited for."""
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return line
    raise AssertionError(f"it ended without saying {text!r}")


def rest_of(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What was not read yet of its standard output, and its standard error, once it has ended.

    Popen.communicate leaves out what line_of has read ahead.
    """
    assert process.stdout is not None
    assert process.stderr is not None
    out, err = process.stdout.read(), process.stderr.read()
    process.wait()
    return out, err
