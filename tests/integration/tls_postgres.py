"""A PostgreSQL that lets nobody in without TLS, with certificates made for it, as our child."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from infra.local.postgres import Postgres, PostgresUnavailable, home_for

# The name in the server's certificate, and another name for the same machine.
NAME, OTHER_NAME = "localhost", "127.0.0.1"
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class TlsServer:
    """`url` has the certificate's name as its host; `root` signed that certificate, `other_root` nothing."""

    url: str
    root: Path
    other_root: Path


@contextmanager
def tls_postgres(directory: Path) -> Iterator[TlsServer]:
    """The server. Skips the test where no PostgreSQL is built with TLS, as the embedded one is not; in CI, fails it."""
    home = home_for(directory / "certificates")
    home.mkdir(parents=True, exist_ok=True)
    key, certificate = _server_files(home)
    access = _readable(home / "pg_hba.conf", b"hostssl all all 127.0.0.1/32 scram-sha-256\n")
    files = {"ssl_cert_file": certificate, "ssl_key_file": key, "hba_file": access}
    settings = {"ssl": "on", "fsync": "off"} | {name: str(path) for name, path in files.items()}
    postgres, url = _start(directory, settings)
    try:
        yield TlsServer(url.replace("@127.0.0.1:", f"@{NAME}:"), home / "root.crt", home / "other-root.crt")
    finally:
        postgres.discard()
        shutil.rmtree(home, ignore_errors=True)


def _start(directory: Path, settings: dict[str, str]) -> tuple[Postgres, str]:
    installed = sorted((int(path.name) for path in Path("/usr/lib/postgresql").glob("*[0-9]")), reverse=True)
    for major in (None, *installed):
        postgres = Postgres(directory / f"postgres-{major}", settings=settings, major=major)
        try:
            return postgres, postgres.start()
        except PostgresUnavailable:
            postgres.discard()
    return _say_what_is_missing()


def _say_what_is_missing() -> NoReturn:
    text = "no PostgreSQL with TLS is installed: install your system's (Debian: sudo apt-get install postgresql)"
    if os.environ.get("CI"):
        pytest.fail(text)
    pytest.skip(text)


def _server_files(home: Path) -> tuple[Path, Path]:
    """The server's key and certificate; the certificates of the two authorities are put beside them."""
    root_key, other_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    root, other = _authority("root", root_key), _authority("other root", other_key)
    name = x509.SubjectAlternativeName([x509.DNSName(NAME)])
    server = _certificate(NAME, server_key, issuer=root.subject).add_extension(name, critical=False)
    for file, certificate in (("root.crt", root), ("other-root.crt", other)):
        _readable(home / file, certificate.public_bytes(Encoding.PEM))
    signed = server.sign(root_key, hashes.SHA256()).public_bytes(Encoding.PEM)
    secret = server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return _readable(home / "server.key", secret, mode=0o600), _readable(home / "server.crt", signed)


def _authority(name: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    constraints = x509.BasicConstraints(ca=True, path_length=None)
    own = _certificate(name, key, issuer=_named(name)).add_extension(constraints, critical=True)
    return own.sign(key, hashes.SHA256())


def _certificate(name: str, key: ec.EllipticCurvePrivateKey, *, issuer: x509.Name) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(_named(name)).issuer_name(issuer).public_key(key.public_key())
    numbered = builder.serial_number(x509.random_serial_number())
    return numbered.not_valid_before(now - _DAY).not_valid_after(now + _DAY)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _readable(path: Path, content: bytes, *, mode: int = 0o644) -> Path:
    """The file, for the user that the server runs as: PostgreSQL will not run as root."""
    path.write_bytes(content)
    path.chmod(mode)
    if os.geteuid() == 0:
        shutil.chown(path, "nobody")
    return path
