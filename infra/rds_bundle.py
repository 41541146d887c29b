"""`scripts/rds-bundle`: AWS's certificates for RDS and Aurora, fetched, checked and put where each package has them."""

from __future__ import annotations

import argparse
import hashlib
import sys
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from infra.certificates import authorities

_PROJECT = Path(__file__).resolve().parent.parent
_NAME = "functions/rds-global-bundle.pem"
# RDS User Guide, "Using SSL/TLS to encrypt a connection": all regions but China's and GovCloud's, which have their own.
_SOURCE = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
_UNIT = "Amazon RDS"
_PATIENCE_S = 30
# It has 165 KB.
_LARGEST = 5_000_000
_DESCRIPTION = f"Fetches AWS's certificates for RDS and Aurora over TLS, checks them and puts them at {_NAME}."
_EPILOG = f"""Commit the file, and set DATABASE_TLS_ROOT_CERT={_NAME}. Run it again when AWS announces new
authorities. RDS Proxy needs no bundle: docs/settings.md. Exit codes: 0; 1 when nothing could be fetched, or it is no
bundle of RDS: the file is then as it was."""


def main(arguments: Sequence[str]) -> int:
    """Do it; the exit code, as the help says."""
    options = _parse(arguments)
    try:
        pem = _fetched(options.source)
        told = _described(pem, now=datetime.now(UTC))
    except (OSError, ValueError) as error:
        print(f"{options.source}: {error}: {options.to} is as it was", file=sys.stderr)
        return 1
    is_new = not options.to.is_file() or options.to.read_text() != pem
    if is_new:
        _write(options.to, pem)
    print(f"{options.to}: {'written' if is_new else 'unchanged'}\n{told}")
    return 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/rds-bundle",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = "an https:// URL, or a file (default: %(default)s)"
    parser.add_argument("--from", dest="source", default=_SOURCE, help=where)
    parser.add_argument("--to", type=Path, default=_PROJECT / _NAME, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def _fetched(source: str) -> str:
    """The text at this URL or in this file. Raises OSError, ValueError."""
    if "://" not in source:
        return Path(source).read_text()
    if not source.startswith("https://"):
        raise ValueError("certificates are only fetched over https://, or whoever is in between chooses them")
    with urllib.request.urlopen(source, timeout=_PATIENCE_S) as answer:  # noqa: S310 - https, checked above
        content = answer.read(_LARGEST + 1)
    if len(content) > _LARGEST or not answer.url.startswith("https://"):
        raise ValueError("it is too long, or came from elsewhere")
    return str(content.decode())


def _described(pem: str, *, now: datetime) -> str:
    """What is in it. Raises ValueError when that is not what RDS servers show certificates of."""
    found = [each for each in authorities(pem) if each.unit == _UNIT]
    good = [each for each in found if each.ends_at > now]
    if not good:
        raise ValueError(f"none of the certificates in it is one of {_UNIT} and good today")
    first = min(each.ends_at for each in good)
    return (
        f"{len(good)} authorities of {_UNIT}, the first ends {first:%Y-%m-%d}; {len(found) - len(good)} have expired\n"
        f"SHA-256 {hashlib.sha256(pem.encode()).hexdigest()}"
    )


def _write(file: Path, pem: str) -> None:
    """Replace the file as a whole: an interrupted write must leave no half of a bundle to be deployed."""
    beside = file.with_name(f".{file.name}.new")
    beside.write_text(pem)
    beside.replace(file)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
