"""Sends one e-mail: the job, and `send_email` for applications. An example; docs/one-time-jobs.md: how to delete it."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from functions.job import JobContext, Retry, Secret, Skip, enqueue, job
from functions.settings import settings
from functions.smtp_settings import ADDRESS, Smtp

if TYPE_CHECKING:
    import smtplib
    from email.message import EmailMessage

    from functions.db.connection import CallersConnection

_DELAYS = [
    timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30), timedelta(hours=1),
]  # fmt: skip
# Of any one answer: a server that examines a message may take a while, and giving up then would send it twice.
_SILENCE_S = 30
# RFC 5321 §4.1.3: who has no name says an address; asking the resolver for one may take longer than all the rest.
_CLIENT = "[127.0.0.1]"
_UNPRINTABLE = "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"  # text: compiled where something is odd

_log = logging.getLogger(__name__)


class EmailRefused(Exception):
    """The mail server refuses this message for good (RFC 5321 §4.2.1, a reply of 5yz): another attempt is no use."""


@dataclass(frozen=True, kw_only=True)
class Email:
    """One message to one address; with html it has both forms, and a mail program shows the better one it can.

    Addresses are bare and ASCII: ann@example.com, a domain of other letters as xn--…. The contents may hold a link that
    logs somebody in, so no page and no log shows them. Raises ValueError.
    """

    to: str
    subject: str
    text: Secret[str]
    html: Secret[str] | None = None
    reply_to: str | None = None

    def __post_init__(self) -> None:
        for name in ("to", "reply_to"):
            address = getattr(self, name)
            if address is not None and not re.fullmatch(ADDRESS, address):
                raise ValueError(f"{name}={address!r} is invalid: use one bare address, such as ann@example.com")
        if not self.subject.isprintable() and re.search(_UNPRINTABLE, self.subject):
            raise ValueError(f"subject={self.subject!r} is invalid: use one line without control characters")


def send_email(
    email: Email, *, connection: CallersConnection | None = None, key: str | None = None
) -> uuid.UUID | None:
    """Send it in the background; the id of the execution. connection, key, and what it raises: see `enqueue`.

    While e-mail is off (no SMTP_HOST) nothing is done. With JOBS_ENABLED=false it is sent here and now, whatever
    becomes of the connection's transaction, and not tried again: raises EmailRefused, and OSError for what may pass
    (smtplib's errors are). None in both cases.
    """
    smtp = settings().smtp
    if smtp is None:
        _log.info("e-mail is off (SMTP_HOST is not set): one message was not sent")
        return None
    if not settings().jobs_enabled:
        _send(email, smtp, message_id=uuid.uuid4(), at=datetime.now(UTC))
        return None
    return enqueue(deliver_email, params=email, connection=connection, key=key)


@job(
    id="send-email",
    params=Email,
    timeout=timedelta(minutes=3),
    retry=Retry(attempts=len(_DELAYS), delays=_DELAYS, never_on=[EmailRefused]),
)
def deliver_email(ctx: JobContext[Email]) -> dict[str, str]:
    """Hands one e-mail to the mail server, and tries again for nearly two hours when it cannot."""
    smtp = settings().smtp
    if smtp is None:
        raise Skip("e-mail is off: SMTP_HOST is not set")
    return {"message_id": _send(ctx.params, smtp, message_id=ctx.execution_id, at=ctx.scheduled_at)}


def _send(email: Email, smtp: Smtp, *, message_id: uuid.UUID, at: datetime) -> str:
    """Hand the message over; its Message-ID.

    That is made of the id and so the same in every attempt: when an answer gets lost after the server has accepted the
    message, it comes again, and whoever receives it can tell (RFC 5322 §3.6.4).
    """
    import smtplib

    message = _message(email, smtp, message_id=message_id, at=at)
    try:
        with _session(smtp) as server:
            server.send_message(message, smtp.sender_address, [email.to])
            with suppress(OSError):  # it is accepted: whatever becomes of the farewell
                server.quit()
    except smtplib.SMTPRecipientsRefused as error:
        (code, said) = error.recipients[email.to]
        _raise_if_final(code, said, error)
        raise
    except smtplib.SMTPAuthenticationError:
        raise  # it is our login that is refused, not this message: somebody may be mending it
    except smtplib.SMTPResponseException as error:
        _raise_if_final(error.smtp_code, error.smtp_error, error)
        raise
    return str(message["Message-ID"])


def _message(email: Email, smtp: Smtp, *, message_id: uuid.UUID, at: datetime) -> EmailMessage:
    # Late: what runs in the same process and sends nothing need not have these.
    from email.headerregistry import Address
    from email.message import EmailMessage
    from email.policy import SMTP

    message = EmailMessage(SMTP.clone(cte_type="7bit"))  # a server need not have 8BITMIME then
    message["From"] = Address(smtp.sender_name, addr_spec=smtp.sender_address)
    message["To"] = email.to
    message["Subject"] = email.subject
    message["Date"] = at
    message["Message-ID"] = f"<{message_id}@{smtp.sender_address.rpartition('@')[2]}>"
    if email.reply_to is not None:
        message["Reply-To"] = email.reply_to
    message.set_content(email.text)
    if email.html is not None:
        message.add_alternative(email.html, subtype="html")
    return message


@contextmanager
def _session(smtp: Smtp) -> Iterator[smtplib.SMTP]:
    """A session with the mail server, whose certificate is checked, logged in where there is a login."""
    import smtplib
    import ssl

    trusted = ssl.create_default_context()
    if smtp.tls == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            smtp.host, smtp.port, local_hostname=_CLIENT, timeout=_SILENCE_S, context=trusted
        )
    else:
        server = smtplib.SMTP(smtp.host, smtp.port, local_hostname=_CLIENT, timeout=_SILENCE_S)
    with closing(server):
        if smtp.tls == "starttls":
            server.starttls(context=trusted)  # raises where the server has none: never without
        _log_in(server, smtp)
        yield server


def _log_in(server: smtplib.SMTP, smtp: Smtp) -> None:
    import smtplib

    from functions import smtp_login

    login = smtp_login.login(smtp)
    if login is None:
        return
    try:
        server.login(*login)
    except smtplib.SMTPAuthenticationError:
        rotated = smtp_login.another(smtp, than=login)
        if rotated is None:
            raise
        server.login(*rotated)


def _raise_if_final(code: int, said: bytes | str, error: Exception) -> None:
    if 500 <= code <= 599:
        text = said.decode(errors="replace") if isinstance(said, bytes) else said
        raise EmailRefused(f"the mail server refuses this message for good: {code} {text}") from error
