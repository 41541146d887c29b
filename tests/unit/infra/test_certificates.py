"""Certificates that would let no server pass stop a deploy; a bundle of RDS is one before it is put anywhere."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from functions.errors import SettingsError
from infra import rds_bundle
from infra.certificates import authorities, check_certificates
from tests.unit.infra.deployments import deployment_of

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
YEAR = timedelta(days=365)
NAME = "functions/roots.pem"


@cache
def certificate(unit: str, *, until: datetime, is_authority: bool = True) -> str:
    """A certificate that has signed itself, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([
        x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit), x509.NameAttribute(NameOID.COMMON_NAME, "a root"),
    ])  # fmt: skip
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - 10 * YEAR)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


GOOD, OLD = certificate("Amazon RDS", until=NOON + 30 * YEAR), certificate("Amazon RDS", until=NOON - YEAR)


def check(tmp_path: Path, pem: str | None, name: str = NAME) -> None:
    file = tmp_path / NAME
    file.parent.mkdir(exist_ok=True)
    if pem is not None:
        file.write_text(pem)
    settings = deployment_of([], environ={"DATABASE_TLS_ROOT_CERT": name}).settings
    check_certificates(dataclasses.replace(deployment_of([]), settings=settings, project=tmp_path), now=NOON)


def test_old_certificates_beside_good_ones_and_words_between_them_are_fine(tmp_path: Path) -> None:
    check(tmp_path, f"# náš kořen\n{OLD}# old\n{GOOD}")
    assert [each.ends_at for each in authorities(GOOD)] == [NOON + 30 * YEAR]


def test_certificates_outside_the_package_are_lambdas_own_to_have(tmp_path: Path) -> None:
    check(tmp_path, None, name="/etc/pki/tls/certs/ca-bundle.crt")


@pytest.mark.parametrize(
    ("pem", "problem"),
    [
        (None, "No such file"),
        ("", "there is no certificate in it"),
        ("<html>not found</html>", "there is no certificate in it"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "OpenSSL cannot read it"),
        (certificate("web", until=NOON + YEAR, is_authority=False), "no certificate of an authority"),
        (OLD, "all 1 certificates in it have expired, the last on 2025-11-28"),
    ],
)
def test_certificates_that_would_let_no_server_pass_stop_a_deploy(
    tmp_path: Path, pem: str | None, problem: str
) -> None:
    with pytest.raises(
        SettingsError, match=f"DATABASE_TLS_ROOT_CERT='{NAME}' cannot be used: .*{problem}.*scripts/rds-bundle"
    ):
        check(tmp_path, pem)


def test_a_bundle_is_put_where_packages_have_it_and_the_same_one_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, to = tmp_path / "given.pem", tmp_path / "bundle.pem"
    source.write_text(f"{OLD}{GOOD}{certificate('other', until=NOON + YEAR)}")
    for word in ("written", "unchanged"):
        assert rds_bundle.main(["--from", str(source), "--to", str(to)]) == 0
        said = capsys.readouterr().out
        assert f"{to}: {word}\n1 authorities of Amazon RDS, the first ends 2056-11-20; 1 have expired" in said
    assert to.read_text() == source.read_text()
    assert {file.name for file in tmp_path.iterdir()} == {"given.pem", "bundle.pem"}


@pytest.mark.parametrize("given", ["http", "missing", "other"])
def test_what_is_no_bundle_of_rds_leaves_the_one_that_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: str
) -> None:
    other, to = tmp_path / "other.pem", tmp_path / "bundle.pem"
    other.write_text(certificate("other", until=NOON + YEAR))
    to.write_text(GOOD)
    source = {"http": "http://truststore.example/bundle.pem", "missing": str(tmp_path / "no"), "other": str(other)}[
        given
    ]
    assert rds_bundle.main(["--from", source, "--to", str(to)]) == 1
    assert f"{to} is as it was" in capsys.readouterr().err
    assert to.read_text() == GOOD
