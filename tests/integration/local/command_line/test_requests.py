"""What the command sends, to whom, and how often: against a server that answers what the test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.integration.local.command_line.runs import Ran, Terminal

TOKEN = "t0ken-t0ken"
JOB = {
    "id": "a", "cron": None, "timezone": "UTC", "nextExecution": None, "lastExecution": None, "lastStatus": None,
    "lastDuration": None, "isPaused": False,
}  # fmt: skip


class Server:
    """Answers in order: status, headers, body; the last one again and again. Keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], Any]] = [(200, {}, [])]
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.asked.append((self.command, self.path, dict(self.headers)))
                answers = server.answers
                status, headers, body = answers.pop(0) if len(answers) > 1 else answers[0]
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_DELETE = _serve

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def other() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


def run(server: Server, home: Path, *arguments: str, **variables: str) -> Ran:
    return Terminal(home, LAMPLIGHTER_URL=server.url, LAMPLIGHTER_TOKEN=TOKEN, **variables)(*arguments)


def problem(code: str) -> dict[str, object]:
    return {"code": code, "detail": "so it is", "status": 0, "requestId": "r-1"}


def test_a_redirect_is_not_followed_and_the_token_goes_nowhere_else(
    server: Server, other: Server, tmp_path: Path
) -> None:
    for status in (301, 302, 307, 308):
        server.answers = [(status, {"Location": f"{other.url}/api/v1/admin/jobs"}, {})]
        for command in (("jobs",), ("pause", "a")):
            ran = run(server, tmp_path, *command)
            assert ran.code == 9
            assert f"redirects to {other.url}" in ran.err
    assert other.asked == []


def test_what_netrc_has_for_the_host_is_not_sent(server: Server, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login mallory password hunter2\n")
    (tmp_path / ".netrc").chmod(0o600)
    assert run(server, tmp_path, "jobs").code == 0
    assert [headers["Authorization"] for _, _, headers in server.asked] == [f"Bearer {TOKEN}"]
    run(server, tmp_path, "login", "--name", "ada", "--password-stdin")
    assert server.asked[-1][1] == "/api/v1/auth/login"
    assert "Authorization" not in server.asked[-1][2]


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"])
def test_no_proxy_sees_what_stays_on_this_machine(server: Server, other: Server, tmp_path: Path, name: str) -> None:
    assert run(server, tmp_path, "jobs", **{name: other.url}).code == 0
    assert (len(server.asked), other.asked) == (1, [])


@pytest.mark.parametrize("status", [429, 503])
def test_a_read_waits_as_long_as_it_is_asked_to_and_is_sent_once_more(
    server: Server, tmp_path: Path, status: int
) -> None:
    server.answers = [(status, {"Retry-After": "1"}, problem("x")), (200, {}, [])]
    ran = run(server, tmp_path, "jobs", "--json")
    assert (ran.code, ran.json, ran.err) == (0, [], "the API asks to wait 1 s\n")
    server.answers = [(status, {"Retry-After": "1"}, problem("x"))]
    server.asked.clear()
    assert run(server, tmp_path, "jobs").code == (7 if status == 429 else 8)
    assert len(server.asked) == 2


@pytest.mark.parametrize(("status", "code", "said"), [(429, 7, "nothing was changed"), (503, 8, "look before you")])
def test_a_change_is_sent_once_and_says_so(server: Server, tmp_path: Path, status: int, code: int, said: str) -> None:
    server.answers = [(status, {"Retry-After": "1"}, problem("x"))]
    ran = run(server, tmp_path, "pause", "a")
    assert (ran.code, len(server.asked)) == (code, 1)
    assert said in ran.err


def test_an_hour_is_not_waited_for(server: Server, tmp_path: Path) -> None:
    server.answers = [(503, {"Retry-After": "3600"}, problem("x"))]
    assert run(server, tmp_path, "jobs").code == 8
    assert len(server.asked) == 1


def test_the_pages_of_a_list_are_asked_of_the_same_server_wherever_its_links_lead(
    server: Server, other: Server, tmp_path: Path
) -> None:
    link = f'<{other.url}/api/v1/admin/jobs?cursor=a%2Bb>; rel="next"'
    server.answers = [(200, {"Link": link}, [JOB]), (200, {}, [{**JOB, "id": "b"}])]
    ran = run(server, tmp_path, "jobs", "--json", "--tag", "x", "--tag", "y")
    assert [job["id"] for job in ran.json] == ["a", "b"]
    queries = [parse_qs(urlsplit(path).query) for _, path, _ in server.asked]
    assert [query.get("cursor") for query in queries] == [None, ["a+b"]]
    assert [query["tag"] for query in queries] == [["x,y"], ["x,y"]]
    assert other.asked == []


def test_a_job_id_is_one_part_of_the_path_whatever_is_in_it(server: Server, tmp_path: Path) -> None:
    server.answers = [(204, {}, b"")]
    run(server, tmp_path, "pause", "../users/x?y#z")
    assert server.asked[0][1] == "/api/v1/admin/jobs/..%2Fusers%2Fx%3Fy%23z/pause"


@pytest.mark.parametrize("body", [b"<html>hello</html>", b""])
def test_what_is_no_admin_api_is_said_to_be_none(server: Server, tmp_path: Path, body: bytes) -> None:
    for status in (200, 404, 418):
        server.answers = [(status, {}, body)]
        ran = run(server, tmp_path, "whoami")
        assert (ran.code, ran.out) == (9, "")
        assert "is this the address of an admin API?" in ran.err


@pytest.mark.parametrize("body", [{}, [], "text", [{}], {"executions": None}])
def test_an_answer_of_another_shape_is_said_and_is_no_failed_execution(
    server: Server, tmp_path: Path, body: object
) -> None:
    server.answers = [(200, {}, body)]
    for command in (("job", "a"), ("executions",), ("whoami",)):
        ran = run(server, tmp_path, *command)
        assert ran.code == 9
        assert "not one this version understands" in ran.err


def test_an_error_as_json_is_one_object_on_standard_error(server: Server, tmp_path: Path) -> None:
    server.answers = [(404, {}, problem("jobs_not_found"))]
    ran = run(server, tmp_path, "job", "x", "--json")
    assert (ran.code, ran.out) == (5, "")
    assert json.loads(ran.err) == {
        "detail": "so it is", "code": "jobs_not_found", "requestId": "r-1", "exitCode": 5,
    }  # fmt: skip


def test_what_the_api_says_does_nothing_to_the_terminal(server: Server, tmp_path: Path) -> None:
    server.answers = [(200, {}, [{**JOB, "id": "\x1b]0;owned\x07[red]"}])]
    assert "\\x1b]0;owned\\x07[red]" in run(server, tmp_path, "jobs").out
    server.answers = [(404, {}, {**problem("x"), "detail": "a\x1b[2J\nb"})]
    assert run(server, tmp_path, "jobs").err == "lamplighter: a\\x1b[2J b (x, request r-1)\n"


def test_who_reads_no_further_ends_it_quietly(server: Server, tmp_path: Path) -> None:
    server.answers = [(200, {}, [{**JOB, "id": f"job-{n}"} for n in range(4_000)])]
    terminal = Terminal(tmp_path, LAMPLIGHTER_URL=server.url, LAMPLIGHTER_TOKEN=TOKEN)
    for as_json in ([], ["--json"]):
        with terminal.running("jobs", "--limit", "4000", *as_json) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.read(1)
            process.stdout.close()
            said = process.stderr.read()
            process.stderr.close()
            assert (process.wait(60), said) == (141, "")


def test_a_token_is_not_sent_in_plain_text_to_another_machine(tmp_path: Path) -> None:
    ran = Terminal(tmp_path)("jobs", "--url", "http://jobs.example.com", LAMPLIGHTER_TOKEN=TOKEN)
    assert ran.code == 2
    assert "is not encrypted" in ran.err


def test_completion_is_printed_for_each_shell_and_completes(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    assert "complete -o default -F" in terminal("completion", "bash").out
    assert terminal("completion", "zsh").out.startswith("#compdef lamplighter")
    assert terminal("completion", "tcsh").code == 2
    asked = {"_LAMPLIGHTER_COMPLETE": "complete_bash", "COMP_WORDS": "lamplighter pa", "COMP_CWORD": "1"}
    assert terminal(**asked).out.split() == ["pause"]


def test_an_unknown_command_or_option_is_a_wrong_usage(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    for arguments in (("jobz",), ("jobs", "--colour"), ("jobs", "--limit", "0"), ("job",)):
        assert terminal(*arguments).code == 2
