"""The deployment's PostgreSQL as the settings describe it: where, how the way there is protected, who brings the login.

TLS unless told otherwise: a server on another machine must show a certificate for its name that we trust.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from functions.db.connection import Database, WarmConnection
from functions.errors import SettingsError
from functions.settings import RDS_IAM, SECRETS_MANAGER, VERIFIED, Settings, settings

if TYPE_CHECKING:
    from functions.database_login import IamLogin, SecretLogin

# What a relative path starts from: every package has functions/ at its root, and so has a checkout.
_ROOT = Path(__file__).parent.parent
_HERE = ("localhost", "127.0.0.1", "::1")


@cache
def database(settings: Settings) -> Database:
    """The database; the same object for the same settings, so that a process reads a secret once.

    Raises SettingsError for what does not fit together. Connects to nothing and reads no secret.
    """
    url = Database(settings.database_url).url  # it is one: what follows takes it apart
    return Database(url, tls=_tls(url, settings), login=_login(url, settings))


def process_database() -> WarmConnection:
    """This process's own connection, for what we write down in it; a job's own code has one of its own (`ctx.db`).

    Raises SettingsError, as `database` does, and connects to nothing yet.
    """
    return _warm(os.getpid())


@cache
def _warm(_pid: int) -> WarmConnection:
    # By process: in a child of fork (a web server's worker) the one that is there is still its parent's.
    return WarmConnection(database(settings()))


def _login(url: str, settings: Settings) -> SecretLogin | IamLogin | None:
    if settings.database_secret_source == SECRETS_MANAGER:
        from functions.database_login import SecretLogin  # late, as below: most deployments have neither

        assert settings.database_secret_id is not None
        return SecretLogin(settings.database_secret_id, region=settings.region)
    return _iam_login(url, settings.region) if settings.database_secret_source == RDS_IAM else None


def _iam_login(url: str, region: str) -> IamLogin:
    parts = urlsplit(url)
    try:
        port = parts.port or 5432
    except ValueError:  # several hosts
        port = 0
    if not (port and parts.username and parts.hostname and not _query(url) & {"host", "hostaddr", "user", "port"}):
        raise SettingsError(
            "DATABASE_URL is not enough for DATABASE_SECRET_SOURCE='rds-iam': a token is for one user of one host; "
            "use postgresql://user@host:5432/database"
        )
    from functions.database_login import IamLogin

    return IamLogin(user=unquote(parts.username), host=parts.hostname, port=port, region=region)


def _tls(url: str, settings: Settings) -> Mapping[str, str]:
    mode, path = settings.database_tls_mode or _default_mode(url, settings), settings.database_tls_root_cert
    if mode is None:
        return {}
    if mode in VERIFIED and path is None:
        raise SettingsError(
            f"DATABASE_URL leads to another machine, so DATABASE_TLS_MODE is {mode!r} unless you set it, and needs "
            f"DATABASE_TLS_ROOT_CERT: set it to {_root_of(unquote(urlsplit(url).hostname or ''))} (docs/settings.md)"
        )
    return {"sslmode": mode} if path is None else {"sslmode": mode, "sslrootcert": str(_certificates(path))}


def _root_of(host: str) -> str:
    """The file of certificates that a server of this name is checked by, as far as the name tells."""
    if not re.search(r"\.rds\.amazonaws\.com(\.cn)?$", host):
        return "the file of certificates to trust"
    if ".proxy-" in host:  # RDS Proxy has certificates of Amazon Trust Services, which every system knows
        return "Lambda's own certificates, /etc/pki/tls/certs/ca-bundle.crt"
    return "functions/rds-global-bundle.pem, which scripts/rds-bundle gets from AWS"


def _default_mode(url: str, settings: Settings) -> str | None:
    """None where libpq decides: on this machine, and where the URL itself names a mode."""
    host, query = unquote(urlsplit(url).hostname or ""), _query(url)
    secret_says = not host and settings.database_secret_source == SECRETS_MANAGER
    several = "," in urlsplit(url).netloc or bool(query & {"host", "hostaddr", "service"})
    is_here = (not host or host in _HERE or host.startswith("/")) and not (several or secret_says)
    return None if is_here or "sslmode" in query else "verify-full"


def _query(url: str) -> set[str]:
    return set(parse_qs(urlsplit(url).query))


def _certificates(path: str) -> Path:
    file = _ROOT / path
    if not Path(path).is_absolute() and not file.is_file():
        raise SettingsError(f"DATABASE_TLS_ROOT_CERT={path!r} is no file here: put it there, or name another")
    return file
