"""The two zips we deploy: functions.zip for the jobs and the operations function, api.zip for the admin API."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from functions.errors import JobsError
from infra.archive import Archive, archive, files_below
from infra.deployment import Deployment
from infra.wheels import zipped_wheels

_NOT_SHIPPED = ("__pycache__", "requirements.txt")


class NotPackageable(JobsError):
    """Something the deployment needs cannot be put into a package."""

    code = "package_not_buildable"


@dataclass(frozen=True)
class Packages:
    """What one deploy ships."""

    functions: Archive
    api: Archive

    @property
    def all(self) -> tuple[Archive, ...]:
        """Both."""
        return self.functions, self.api


def build_packages(deployment: Deployment) -> Packages:
    """Both zips for the deployment's target: same project, same bytes. boto3 is in neither: Lambda's runtime has it.

    Raises NotPackageable when a jobs package lies outside `functions/` or a source is missing, WheelsUnavailable when
    pip cannot provide a dependency.
    """
    _check_jobs_packages(deployment.settings.jobs_packages)
    project = deployment.project
    functions = _sources(project / "functions")
    api = {
        **_chalice_runtime(),
        "app.py": _required(project / "admin_api" / "app.py"),
        **_sources(project / "admin_api" / "chalicelib"),
    }
    with ThreadPoolExecutor() as pool:
        building = [
            pool.submit(_package, deployment, "functions", requirements="functions", sources=functions),
            pool.submit(_package, deployment, "api", requirements="admin_api", sources={**functions, **api}),
        ]
        return Packages(*(zip_.result() for zip_ in building))


def _check_jobs_packages(names: tuple[str, ...]) -> None:
    for name in names:
        if name.split(".")[0] != "functions":
            raise NotPackageable(
                f"JOBS_PACKAGES names {name!r}: packaging does not yet support jobs outside functions/; "
                f"move the package to functions/{name.replace('.', '/')} and name it functions.{name}"
            )


def _package(deployment: Deployment, name: str, *, requirements: str, sources: Mapping[str, Path]) -> Archive:
    """The zip of wheels and, on top of them, of our sources: they change far more often."""
    pinned, zips = _required(deployment.project / requirements / "requirements.txt"), deployment.cache / "packages"
    wheels = zipped_wheels(pinned, deployment.target, deployment.cache, languages=_languages(deployment.project))
    return archive(name, sources, zips, onto=wheels)


def _languages(project: Path) -> list[str]:
    """Of the pages: English, and each that has a catalogue."""
    return ["en", *(catalogue.parent.name for catalogue in (project / "admin_api").glob("chalicelib/locales/*/*.po"))]


def _chalice_runtime() -> Mapping[str, Path]:
    # The two files Chalice's own packager ships: its command line and local server stay out, and so does botocore.
    spec = importlib.util.find_spec("chalice")
    if spec is None or not spec.submodule_search_locations:
        raise NotPackageable("Chalice is not installed here: run scripts/setup")
    chalice = Path(spec.submodule_search_locations[0])
    return {f"chalice/{name}": _required(chalice / name) for name in ("__init__.py", "app.py")}


def _sources(root: Path) -> dict[str, Path]:
    """Our own files under their package's name, as a checkout has them: no caches, no hidden files."""
    if not root.is_dir():
        raise NotPackageable(f"{root} is not a directory: deploy from a complete checkout")
    return {f"{root.name}/{path}": file for path, file in files_below(root).items() if _ships(path)}


def _ships(path: str) -> bool:
    return not any(part.startswith(".") or part in _NOT_SHIPPED or part.endswith(".pyc") for part in path.split("/"))


def _required(file: Path) -> Path:
    if not file.is_file():
        raise NotPackageable(f"{file} is missing: deploy from a complete checkout")
    return file
