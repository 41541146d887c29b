"""The two zips we deploy: functions.zip for the jobs and the operations function, api.zip for the admin API."""

from __future__ import annotations

import importlib.util
import zipfile
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from infra.archive import Archive, Making, archive, files_below
from infra.binaries import check_binaries
from infra.compiled import Compiler, find_compiler
from infra.deployment import Deployment, Target
from infra.imports import check_imports
from infra.jobs_packages import NotPackageable, installed_sources
from infra.package_size import size_notes
from infra.wheels import zipped_wheels

_NOT_SHIPPED = ("__pycache__", "requirements.txt")


@dataclass(frozen=True)
class Packages:
    """What one deploy ships, and what people should know of it."""

    functions: Archive
    api: Archive
    notes: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[Archive, ...]:
        """Both."""
        return self.functions, self.api


@dataclass(frozen=True)
class _Contents:
    """What one of the zips is made of: the wheels of `part`'s requirements and, on top of them, sources."""

    name: str
    part: str
    group: str
    sources: Mapping[str, Path]
    jobs_packages: tuple[str, ...] = ()


def build_packages(deployment: Deployment) -> Packages:
    """Both zips for the deployment's target: same project, same bytes. boto3 is in neither: Lambda's runtime has it.

    Jobs packages that are installed here and not below `functions/` are in the functions' zip under their own names.
    Modules are there in compiled form, too, where there is a Python to do it. Raises NotPackageable when a jobs package
    cannot be shipped or a source is missing, WheelsUnavailable when pip cannot provide a dependency, MissingDependency
    for an import that nothing in the package provides, NotCompilable, ForeignBinary, PackageTooLarge.
    """
    project = deployment.project
    functions = _sources(project / "functions")
    api = {
        **_chalice_runtime(),
        "app.py": _required(project / "admin_api" / "app.py"),
        **_sources(project / "admin_api" / "chalicelib"),
    }
    compiler = None if deployment.target.native else find_compiler(deployment.target.python)
    both = (
        _Contents("functions", "functions", "functions", functions, deployment.settings.jobs_packages),
        _Contents("api", "admin_api", "api", {**functions, **api}),
    )
    with ThreadPoolExecutor() as pool:
        of_functions, of_api = pool.map(partial(_package, deployment, compiler), both)
    notes = (*_compiler_notes(deployment.target, compiler), *size_notes(of_functions), *size_notes(of_api))
    return Packages(of_functions, of_api, notes)


def _compiler_notes(target: Target, compiler: Compiler | None) -> list[str]:
    if target.native or compiler is not None:
        return []
    return [
        f"no compiled modules: there is no Python {target.python} here to compile them, so every cold start compiles "
        f"what it imports, which about doubles its time; install python{target.python} where the PATH finds it"
    ]


def _package(deployment: Deployment, compiler: Compiler | None, contents: _Contents) -> Archive:
    """The zip of wheels and, on top of them, of our sources: they change far more often."""
    target, cache = deployment.target, deployment.cache
    pinned = _required(deployment.project / contents.part / "requirements.txt")
    languages = _languages(deployment.project)
    wheels = zipped_wheels(pinned, target, cache, languages=languages, compiler=compiler)
    provided = _tops(wheels)
    shipped = {*provided, *(name.partition("/")[0] for name in contents.sources)}
    sources = {**contents.sources, **installed_sources(contents.jobs_packages, shipped=shipped)}
    check_binaries(sources, target)

    def make(folder: Path) -> Mapping[str, Path]:
        check_imports(sources, provided, group=contents.group)
        return compiler.compile(sources, folder, strict=True) if compiler else {}

    making = Making(f"1 {compiler and compiler.version}", make)
    return archive(contents.name, sources, cache / "packages", onto=wheels, making=making)


def _tops(path: Path) -> Collection[str]:
    """The names at the top of a zip: what can be imported from it."""
    with zipfile.ZipFile(path) as opened:
        return {name.partition("/")[0].removesuffix(".py") for name in opened.namelist()}


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
