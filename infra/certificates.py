"""Whether the certificates that PostgreSQL is checked by can do that: asked before a deploy, not by the first job."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from functions.errors import SettingsError
from infra.deployment import Deployment

# RFC 7468 §5.
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----", re.ASCII)


@dataclass(frozen=True)
class Authority:
    """One authority's certificate: what it is called, its unit, and until when it is good."""

    name: str
    unit: str
    ends_at: datetime


def authorities(pem: str) -> list[Authority]:
    """The authorities in this text, as OpenSSL reads them. Raises ValueError for a text without any."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    blocks = "\n".join(_BLOCK.findall(pem))  # what people write between them is theirs, in any language
    if not blocks:
        raise ValueError("there is no certificate in it")
    try:
        context.load_verify_locations(cadata=blocks)
    except ssl.SSLError as error:
        raise ValueError(f"OpenSSL cannot read it: {error.reason}") from error
    found = [_authority(certificate) for certificate in context.get_ca_certs()]
    if not found:
        raise ValueError("there is no certificate of an authority in it")
    return found


def check_certificates(deployment: Deployment, *, now: datetime) -> None:
    """Raise SettingsError when DATABASE_TLS_ROOT_CERT would let no server pass; a path outside the package is not here.

    That some of many have expired is as it should be: AWS's bundle keeps old ones.
    """
    name = deployment.settings.database_tls_root_cert
    if name is None or Path(name).is_absolute():
        return
    try:
        found = authorities((deployment.project / name).read_text())
    except (OSError, ValueError) as error:
        raise _unusable(name, str(error)) from error
    last = max(each.ends_at for each in found)
    if last <= now:
        raise _unusable(name, f"all {len(found)} certificates in it have expired, the last on {last:%Y-%m-%d}")


def _unusable(name: str, problem: str) -> SettingsError:
    return SettingsError(
        f"DATABASE_TLS_ROOT_CERT={name!r} cannot be used: {problem}; get certificates anew, for RDS and Aurora by "
        "scripts/rds-bundle"
    )


def _authority(certificate: object) -> Authority:
    assert isinstance(certificate, dict)
    subject = {name: value for pairs in certificate["subject"] for name, value in pairs}
    ends_at = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    return Authority(str(subject.get("commonName")), str(subject.get("organizationalUnitName")), ends_at)
