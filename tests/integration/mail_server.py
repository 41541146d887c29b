"""A mail server on 127.0.0.1: keeps what it accepts, and answers as a test tells it to."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any, cast

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
LOGIN = ("jobs", "hunter2")
_OK = "250 OK"
_DAY = timedelta(days=1)


@dataclass
class MailServer:
    """What it accepted, raw, and what it says to a recipient and to a message; `vanishes`: it keeps it and hangs up."""

    port: int = 0
    accepted: list[bytes] = field(default_factory=list)
    to_recipient: str = _OK
    to_message: str = _OK
    vanishes: bool = False
    is_encrypted: list[bool] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)

    @property
    def messages(self) -> list[EmailMessage]:
        """The accepted messages, read."""
        return [message_from_bytes(raw, _class=EmailMessage, policy=policy.default) for raw in self.accepted]

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.to_recipient == _OK:
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        transport = cast("asyncio.Transport", server.transport)
        self.is_encrypted.append(transport.get_extra_info("ssl_object") is not None)
        if self.to_message == _OK:
            self.accepted.append(envelope.content)
        if self.vanishes:
            transport.abort()
        return self.to_message

    def authenticate(
        self, server: SMTP, session: Any, envelope: Any, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        """Let nobody in but LOGIN."""
        given = (data.login.decode(), data.password.decode())
        self.logins.append(given[0])
        return AuthResult(success=given == LOGIN, handled=False)


def content_of(part: Any) -> str:
    """The text of a message or of a part of it; a line ends as in Python, not as on the wire."""
    return str(part.get_content()).replace("\r\n", "\n")


@contextmanager
def mail_server(*, tls: str = "none", certificate: Path | None = None, login: bool = False) -> Iterator[MailServer]:
    """The server, with or without TLS as SMTP_TLS says it, and a login. certificate: see `certificate_in`."""
    there, loop = MailServer(), asyncio.new_event_loop()
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    protocol = partial(
        SMTP, there, hostname="mail.test", loop=loop, tls_context=context if tls == "starttls" else None,
        require_starttls=tls == "starttls", auth_required=login, auth_require_tls=False,
        authenticator=there.authenticate,
    )  # fmt: skip
    listening = loop.create_server(protocol, HOST, 0, ssl=context if tls == "tls" else None)
    server = loop.run_until_complete(listening)
    there.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield there
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def closed_port() -> int:
    """A port where nobody answers."""
    with socket.create_server((HOST, 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def certificate_in(directory: Path) -> Path:
    """A file with the server's key and its certificate, which is signed by itself: trust that, and it is trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    valid = builder.serial_number(1).not_valid_before(now - _DAY).not_valid_after(now + _DAY)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
    signed = valid.add_extension(here, critical=False).sign(key, hashes.SHA256())
    path = directory / "mail.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + signed.public_bytes(Encoding.PEM))
    return path
