"""send-email against a real mail server: what arrives, what is tried again and when, and what is refused for good."""

from __future__ import annotations

import json
import logging
import re
import socket
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from functions import handler, pending
from functions.db import jobs
from functions.db.connection import Connection
from functions.db.executions import history
from functions.errors import InvalidParams
from functions.job import enqueue
from functions.jobs import send_email as module
from functions.jobs.send_email import Email, EmailRefused, deliver_email, send_email
from functions.settings import settings
from tests.conftest import PROJECT
from tests.integration.accepting_lambda import Lambda
from tests.integration.delivery import LambdaContext
from tests.integration.mail_server import HOST, LOGIN, MailServer, certificate_in, closed_port, content_of, mail_server

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # of the mail server

JOB_ID = "send-email"
GROUP = "lamplighter-local"
PAGE = PROJECT / "docs" / "send-email.md"
HELLO = Email(to="ann@example.com", subject="Hello", text="Your report is ready.\n")
DELAYS = [timedelta(seconds=30), *(timedelta(minutes=minutes) for minutes in (2, 10, 30, 60))]
Use = Callable[..., None]


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as there:
        yield there


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Iterator[Use]:
    """Sets this process's mail server, and other settings."""

    def set_all(port: int, **variables: str) -> None:
        server = {"SMTP_HOST": HOST, "SMTP_PORT": str(port), "SMTP_TLS": "none", "SMTP_FROM": "Jobs <jobs@example.com>"}
        for name, value in {**server, **variables}.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    yield set_all
    settings.cache_clear()


@dataclass
class Deployed:
    """send-email deployed to a database, a Lambda and a Scheduler, with the handler in this process."""

    connection: Connection
    lambda_: Lambda

    def deliver(self) -> str:
        """The status after the next event that has been sent is delivered."""
        return self._handle(self.lambda_.events.pop(0))

    def deliver_retry(self) -> str:
        """The status after the retry that has been arranged, which is due by now."""
        scheduler = boto3.client("scheduler", region_name="us-east-1")
        (listed,) = scheduler.list_schedules(GroupName=GROUP)["Schedules"]
        schedule = scheduler.get_schedule(Name=listed["Name"], GroupName=GROUP)
        scheduler.delete_schedule(Name=listed["Name"], GroupName=GROUP)
        self.connection.execute("UPDATE lamplighter.execution SET retry_at = clock_timestamp()")
        return self._handle(json.loads(schedule["Target"]["Input"]))

    @property
    def execution(self) -> Any:
        (row,) = history(self.connection, JOB_ID, limit=9)
        return row

    def _handle(self, event: dict[str, Any]) -> str:
        context = LambdaContext(function_name=f"lamplighter-local-job-{JOB_ID}", remaining_ms=180_000)
        return str(handler.handle(event, context)["status"])  # type: ignore[arg-type]


@pytest.fixture
def there(aws: Lambda, connection: Connection) -> Deployed:
    jobs.store_definitions(connection, [deliver_email.definition])
    return Deployed(connection, aws)


def test_an_enqueued_message_arrives_once_with_its_executions_id(there: Deployed, server: MailServer, use: Use) -> None:
    use(server.port)
    execution_id = send_email(HELLO)
    assert server.accepted == [], "it is sent by the job"
    assert there.deliver() == "succeeded"
    (message,) = server.messages
    assert (message["To"], message["From"], message["Subject"]) == (
        "ann@example.com", "Jobs <jobs@example.com>", "Hello",
    )  # fmt: skip
    assert message["Message-ID"] == f"<{execution_id}@example.com>"
    assert content_of(message) == "Your report is ready.\n"
    assert abs(message["Date"].datetime - datetime.now(UTC)) < timedelta(minutes=1)


def test_text_of_any_language_and_both_forms_arrive_as_they_were_written_in_7_bits(
    there: Deployed, server: MailServer, use: Use
) -> None:
    use(server.port, SMTP_FROM=f"Úlohy <jobs@{'long-' * 12}domain.example.com>")
    subject = "Příliš žluťoučký kůň úpěl ďábelské ódy, a to s předmětem, který je delší než jeden řádek\u00a0– €"
    text = "Dobrý den,\n.\n.tečka na začátku řádku\n" + "dlouhý řádek " * 200 + "\n"
    send_email(replace(HELLO, subject=subject, text=text, html="<p>Dobrý den</p>\n", reply_to="bob@example.com"))
    assert there.deliver() == "succeeded"
    ((raw,), (message,)) = server.accepted, server.messages
    raw.decode("ascii")
    assert max(map(len, raw.splitlines())) <= 998
    assert message["Subject"] == subject
    assert message["From"].addresses[0].display_name == "Úlohy"
    assert message["Reply-To"] == "bob@example.com"
    assert message["Message-ID"] == f"<{there.execution.id}@{'long-' * 12}domain.example.com>"
    assert message.get_content_type() == "multipart/alternative"
    plain, html = map(content_of, message.iter_parts())
    assert (plain, html) == (text, "<p>Dobrý den</p>\n")


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_the_way_to_the_server_is_encrypted_and_its_certificate_checked(
    there: Deployed, use: Use, tls: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = certificate_in(tmp_path)
    login = {"SMTP_USERNAME": LOGIN[0], "SMTP_PASSWORD": LOGIN[1]}
    with mail_server(tls=tls, certificate=certificate, login=True) as server:
        use(server.port, SMTP_TLS=tls, **login)
        send_email(HELLO)
        assert there.deliver() == "retrying"
        assert "certificate verify failed" in there.execution.error_message
        assert (server.logins, server.accepted) == ([], []), "a stranger is told nothing"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))  # OpenSSL's own
        assert there.deliver_retry() == "succeeded"
        assert (server.is_encrypted, server.logins, len(server.accepted)) == ([True], [LOGIN[0]], 1)


def test_a_server_without_starttls_is_told_nothing(there: Deployed, server: MailServer, use: Use) -> None:
    use(server.port, SMTP_TLS="starttls", SMTP_USERNAME=LOGIN[0], SMTP_PASSWORD=LOGIN[1])
    send_email(HELLO)
    assert there.deliver() == "retrying"
    assert there.execution.error_type == "SMTPNotSupportedError"
    assert (server.logins, server.accepted) == ([], [])


def fail(there: Deployed, expected: list[str]) -> list[timedelta]:
    """The delays between failed attempts, until the last one."""
    statuses, delays = [], []
    for attempt in range(len(expected)):
        before = datetime.now(UTC)
        statuses.append(there.deliver_retry() if attempt else there.deliver())
        if there.execution.retry_at is not None:
            late = there.execution.retry_at - before
            delays += [delay for delay in DELAYS if delay <= late <= delay + timedelta(seconds=5)]
    assert statuses == expected
    return delays


@pytest.mark.parametrize("answer", ["450 mailbox busy", "451 try later"])
def test_a_temporary_refusal_is_retried_after_30_s_2_10_30_and_60_minutes_and_then_fails(
    there: Deployed, server: MailServer, use: Use, answer: str
) -> None:
    use(server.port)
    server.to_recipient = answer if answer.startswith("450") else server.to_recipient
    server.to_message = answer if answer.startswith("451") else server.to_message
    send_email(HELLO)
    assert fail(there, ["retrying"] * 5 + ["failed"]) == DELAYS
    assert answer[:3] in there.execution.error_message
    assert there.lambda_.events == []


def test_a_dead_server_is_tried_as_often_and_a_message_gets_through_once_it_is_back(
    there: Deployed, server: MailServer, use: Use
) -> None:
    use(closed_port())
    send_email(HELLO)
    assert fail(there, ["retrying"] * 5) == DELAYS
    assert there.execution.error_type == "ConnectionRefusedError"
    use(server.port)
    assert there.deliver_retry() == "succeeded"
    assert (there.execution.attempt, len(server.accepted)) == (6, 1)


def test_a_server_that_says_nothing_is_given_up_in_time(
    there: Deployed, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SILENCE_S", 0.1)
    with socket.create_server((HOST, 0)) as silent:
        use(silent.getsockname()[1])
        send_email(HELLO)
        assert there.deliver() == "retrying"
    assert "timed out" in there.execution.error_message


def test_a_login_that_is_refused_is_retried_for_somebody_may_mend_it(there: Deployed, use: Use) -> None:
    with mail_server(login=True) as server:
        use(server.port, SMTP_USERNAME=LOGIN[0], SMTP_PASSWORD="rotated")
        send_email(HELLO)
        assert there.deliver() == "retrying"
        assert there.execution.error_type == "SMTPAuthenticationError"
        use(server.port, SMTP_USERNAME=LOGIN[0], SMTP_PASSWORD=LOGIN[1])
        assert there.deliver_retry() == "succeeded"


@pytest.mark.parametrize("named", [{}, {"SMTP_USERNAME": LOGIN[0]}])
def test_a_login_kept_as_a_secret_is_read_again_once_when_the_server_refuses_it(
    there: Deployed, use: Use, caplog: pytest.LogCaptureFixture, named: dict[str, str]
) -> None:
    name, secrets = f"prod/smtp/{uuid.uuid4().hex}", boto3.client("secretsmanager", region_name="us-east-1")
    user = {} if named else {"username": LOGIN[0]}
    secrets.create_secret(Name=name, SecretString=json.dumps({**user, "password": "of yesterday"}))
    with mail_server(login=True) as server, caplog.at_level(logging.DEBUG):
        use(server.port, SMTP_SECRET_ID=name, **named)
        send_email(HELLO)
        assert there.deliver() == "retrying"
        assert there.execution.error_type == "SMTPAuthenticationError"
        secrets.put_secret_value(SecretId=name, SecretString=json.dumps({**user, "password": LOGIN[1]}))
        assert there.deliver_retry() == "succeeded"
        secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
        send_email(HELLO)
        assert there.deliver() == "succeeded", "it is read when it is refused, and not for every message"
    assert len(server.accepted) == 2
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("mail")]
    assert LOGIN[1] not in "".join(ours)


def test_a_login_that_cannot_be_read_is_tried_again(there: Deployed, server: MailServer, use: Use) -> None:
    use(server.port, SMTP_SECRET_ID="gone")
    send_email(HELLO)
    assert there.deliver() == "retrying"
    assert "secret 'gone' cannot be read" in there.execution.error_message


@pytest.mark.parametrize("refused", ["recipient", "message"])
def test_what_is_refused_for_good_fails_at_once_and_says_what_the_server_said(
    there: Deployed, server: MailServer, use: Use, refused: str
) -> None:
    use(server.port)
    setattr(server, f"to_{refused}", "550 5.1.1 no such mailbox")
    send_email(HELLO)
    assert there.deliver() == "failed"
    row = there.execution
    assert (row.attempt, row.error_type, row.retry_at) == (1, "EmailRefused", None)
    assert "550 5.1.1 no such mailbox" in row.error_message


def test_a_retry_after_a_lost_answer_has_the_same_message_id(there: Deployed, server: MailServer, use: Use) -> None:
    use(server.port)
    server.vanishes = True
    send_email(HELLO)
    assert there.deliver() == "retrying"
    server.vanishes = False
    assert there.deliver_retry() == "succeeded"
    first, second = server.messages
    assert (first["Message-ID"], first["Date"]) == (second["Message-ID"], second["Date"])


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"to": "ann@example.com\r\nBcc: eve@example.com"}, "to='ann@example.com.*use one bare address"),
        ({"to": "ann@example.com, eve@example.com"}, "use one bare address"),
        ({"to": "ann@example.com\n"}, "use one bare address"),
        ({"to": "Ann <ann@example.com>"}, "use one bare address"),
        ({"to": "ann"}, "use one bare address"),
        ({"to": "žluťoučký@example.com"}, "use one bare address"),
        ({"reply_to": "ann@example.com\nX: y"}, "reply_to='ann.*use one bare address"),
        ({"subject": "Hello\r\nBcc: eve@example.com"}, "subject='Hello.*use one line"),
        ({"subject": "Hello\u2028Bcc: eve@example.com"}, "use one line"),
    ],
)
def test_an_address_or_a_header_that_cannot_be_is_refused_before_anything_is_written(
    there: Deployed, use: Use, changes: dict[str, str], rule: str
) -> None:
    use(closed_port())
    with pytest.raises(ValueError, match=rule):
        replace(HELLO, **changes)
    with pytest.raises(InvalidParams, match=rule):
        enqueue(deliver_email, params={"to": "ann@example.com", "subject": "Hello", "text": ""} | changes)
    assert history(there.connection, JOB_ID, limit=9) == []


def test_the_contents_are_shown_nowhere(there: Deployed, server: MailServer, use: Use) -> None:
    use(server.port)
    secret = replace(HELLO, text="log in with hunter2", html="hunter2")
    assert "hunter2" not in repr(secret)
    send_email(secret)
    stored = there.connection.execute("SELECT secret_params FROM lamplighter.execution").fetchone()
    assert stored == (["text", "html"],)


def test_in_a_transaction_nothing_is_sent_unless_it_commits(there: Deployed, server: MailServer, use: Use) -> None:
    use(server.port)
    with there.connection.transaction(force_rollback=True):
        send_email(HELLO, connection=there.connection)
    with there.connection.transaction():
        kept = send_email(replace(HELLO, subject="Kept"), connection=there.connection)
    pending.pending().settle()
    assert [event["execution_id"] for event in there.lambda_.events] == [str(kept)]
    assert there.deliver() == "succeeded"
    assert [message["Subject"] for message in server.messages] == ["Kept"]


def test_the_example_of_the_page_works_as_it_is_shown(there: Deployed, server: MailServer, use: Use) -> None:
    use(server.port)
    there.connection.execute("CREATE TABLE orders (number integer)")
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    exec(code, {"connection": there.connection})
    pending.pending().settle()
    assert {there.deliver(), there.deliver()} == {"succeeded"}
    assert {message["Subject"] for message in server.messages} == {"Welcome", "Your order"}
    assert there.connection.execute("SELECT number FROM orders").fetchall() == [(5,)]


def test_a_key_sends_one_message_while_it_waits(there: Deployed, use: Use) -> None:
    use(closed_port())
    assert send_email(HELLO, key="order 7") == send_email(HELLO, key="order 7")
    assert len(there.lambda_.events) == 1


def test_with_jobs_switched_off_it_is_sent_by_the_caller_without_any_database(server: MailServer, use: Use) -> None:
    use(server.port, JOBS_ENABLED="false", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert [send_email(HELLO), send_email(HELLO)] == [None, None]
    first, second = server.messages
    assert first["Message-ID"] != second["Message-ID"]
    server.to_recipient = "550 no such mailbox"
    with pytest.raises(EmailRefused, match="550 no such mailbox"):
        send_email(HELLO)
    use(closed_port(), JOBS_ENABLED="false")
    with pytest.raises(OSError, match="refused"):
        send_email(HELLO)


def test_with_e_mail_off_nothing_is_done_and_that_is_said(
    use: Use, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    use(closed_port(), SMTP_HOST="", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert send_email(HELLO) is None
    assert "e-mail is off (SMTP_HOST is not set)" in caplog.text


def test_what_was_enqueued_before_e_mail_went_off_is_skipped(there: Deployed, server: MailServer, use: Use) -> None:
    use(server.port)
    send_email(HELLO)
    use(server.port, SMTP_HOST="")
    assert there.deliver() == "skipped"
    assert there.execution.reason == "e-mail is off: SMTP_HOST is not set"
