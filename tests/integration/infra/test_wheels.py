"""Dependencies are verified, zipped for their target without what this machine wrote, and kept."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path

import pytest

from infra.deployment import Target
from infra.wheels import WheelsUnavailable, zipped_wheels

# It asks for a wheel the index does not have: only what a requirement file names is installed.
_FILES = {
    "tiny/__init__.py": "ANSWER = 42\n",
    "tiny/tests/test_tiny.py": "raise SystemExit\n",
    "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\nRequires-Dist: not-in-the-index\n",
    "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "tiny-1.0.dist-info/entry_points.txt": "[console_scripts]\ntiny = tiny:main\n",
}


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is the only place pip may look in, with one wheel."""
    wheels = tmp_path / "index"
    wheels.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    _write_wheel(wheels / "tiny-1.0-py3-none-any.whl", _FILES)
    return wheels


@pytest.fixture
def requirements(tmp_path: Path, index: Path) -> Path:
    file = tmp_path / "requirements.txt"
    digest = hashlib.sha256((index / "tiny-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    file.write_text(f"tiny==1.0 --hash=sha256:{digest}\n")
    return file


@pytest.mark.parametrize("target", [Target.host(), Target()], ids=["host", "lambda"])
def test_what_pip_wrote_about_this_machine_is_gone(requirements: Path, tmp_path: Path, target: Target) -> None:
    with zipfile.ZipFile(zipped_wheels(requirements, target, tmp_path / "the cache", languages=["en"])) as zipped:
        names = zipped.namelist()

    assert names == [
        "tiny-1.0.dist-info/METADATA",
        "tiny-1.0.dist-info/WHEEL",
        "tiny-1.0.dist-info/entry_points.txt",
        "tiny/__init__.py",
    ]


def test_the_second_call_needs_no_index(requirements: Path, index: Path, tmp_path: Path) -> None:
    first = zipped_wheels(requirements, Target.host(), tmp_path / "cache", languages=["en"])
    (index / "tiny-1.0-py3-none-any.whl").unlink()

    assert zipped_wheels(requirements, Target.host(), tmp_path / "cache", languages=["en"]) == first


def test_another_target_has_a_zip_of_its_own(requirements: Path, tmp_path: Path) -> None:
    host = zipped_wheels(requirements, Target.host(), tmp_path / "cache", languages=["en"])

    assert zipped_wheels(requirements, Target(), tmp_path / "cache", languages=["en"]) != host


def test_a_wheel_that_is_not_the_pinned_one_is_refused_and_leaves_nothing(
    requirements: Path, index: Path, tmp_path: Path
) -> None:
    _write_wheel(index / "tiny-1.0-py3-none-any.whl", {**_FILES, "tiny/__init__.py": "ANSWER = 'stolen'\n"})

    with pytest.raises(WheelsUnavailable, match="HASHES"):
        zipped_wheels(requirements, Target.host(), tmp_path / "cache", languages=["en"])
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_requirement_without_a_hash_is_refused(index: Path, tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("tiny==1.0\n")

    with pytest.raises(WheelsUnavailable, match="hash"):
        zipped_wheels(requirements, Target.host(), tmp_path / "cache", languages=["en"])


def _write_wheel(path: Path, files: dict[str, str]) -> None:
    record = "".join(f"{name},{_record_hash(text)},{len(text)}\n" for name, text in files.items())
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
        wheel.writestr("tiny-1.0.dist-info/RECORD", record + "tiny-1.0.dist-info/RECORD,,\n")


def _record_hash(text: str) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
