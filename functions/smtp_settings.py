"""The mail server that `send-email` hands its messages to, read with the other settings (functions/settings.py)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from functions.errors import SettingsError
from functions.settings import secret_id

# The jobs that hand messages to the mail server themselves: only their functions may read its login where that is a
# secret. Others enqueue one of these.
SENDING_JOBS = frozenset({"send-email"})
# RFC 8314 prefers TLS from the first byte, on 465; 587 is RFC 6409's submission port, 25 a relay's.
_PORTS = {"starttls": 587, "tls": 465, "none": 25}
# Patterns as text: they are compiled where e-mail is on (docs/adr/0023).
_LOOPBACK = r"(?i:localhost|127(\.\d{1,3}){3}|::1)"
_HOST = r"[A-Za-z0-9._:-]{1,253}"
# An address alone, or a name with the address in angle brackets. What a mail server thinks of it, it will say.
ADDRESS = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?"
_SENDER = rf"(?P<name>[^<>@\"\x00-\x1f\x7f]*)<(?P<address>{ADDRESS})>|(?P<bare>{ADDRESS})"


@dataclass(frozen=True, kw_only=True)
class Smtp:
    """How to reach the mail server and who writes. tls: `starttls`, `tls` or `none`; sender_name may be empty.

    secret_id: the secret that has the password, and the user name where username is None.
    """

    host: str
    port: int
    tls: str
    username: str | None
    password: str | None = field(repr=False)
    secret_id: str | None
    sender_name: str
    sender_address: str

    @property
    def sender(self) -> str:
        """The sender as SMTP_FROM says it."""
        return f"{self.sender_name} <{self.sender_address}>" if self.sender_name else self.sender_address


def smtp_from(environ: Mapping[str, str]) -> Smtp | None:
    """The mail server, None when SMTP_HOST is not set: e-mail is off. Raises SettingsError."""
    host = environ.get("SMTP_HOST")
    if not host:
        return None
    if not re.fullmatch(_HOST, host):
        raise SettingsError(f"SMTP_HOST={host!r} is invalid: use a host name or an IP address")
    tls = environ.get("SMTP_TLS") or "starttls"
    if tls not in _PORTS:
        raise SettingsError(f"SMTP_TLS={tls!r} is invalid: use one of {', '.join(_PORTS)}")
    username, password = environ.get("SMTP_USERNAME") or None, environ.get("SMTP_PASSWORD") or None
    secret = secret_id(environ, "SMTP_SECRET_ID", "SMTP_PASSWORD")
    if secret is None and (username is None) != (password is None):
        raise SettingsError("SMTP_USERNAME and SMTP_PASSWORD belong together: set both, or neither, or SMTP_SECRET_ID")
    has_login = username is not None or secret is not None
    if tls == "none" and has_login and not re.fullmatch(_LOOPBACK, host):
        raise SettingsError(
            f"SMTP_TLS='none' is invalid with a login and SMTP_HOST={host!r}: the password would cross the "
            "network as it is; use starttls or tls"
        )
    name, address = _sender(environ.get("SMTP_FROM"))
    return Smtp(
        host=host, port=_port(environ.get("SMTP_PORT"), tls), tls=tls, username=username, password=password,
        secret_id=secret, sender_name=name, sender_address=address,
    )  # fmt: skip


def _port(value: str | None, tls: str) -> int:
    if not value:
        return _PORTS[tls]
    if not (value.isascii() and value.isdigit() and len(value) <= 5 and 1 <= int(value) <= 65_535):
        raise SettingsError(f"SMTP_PORT={value!r} is invalid: use a whole number from 1 to 65,535")
    return int(value)


def _sender(value: str | None) -> tuple[str, str]:
    if not value:
        raise SettingsError("SMTP_FROM is not set: with SMTP_HOST, set it to the sender, such as jobs@example.com")
    found = re.fullmatch(_SENDER, value)
    if found is None:
        raise SettingsError(
            f"SMTP_FROM={value!r} is invalid: use an address, or a name and an address: Example <jobs@example.com>"
        )
    return (found["name"] or "").strip(), found["address"] or found["bare"]
