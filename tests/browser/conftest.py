"""One product and one Chromium for all tests of this package; what is in it, each test says."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from functions.db.connection import Connection
from tests.browser import chromium, history
from tests.browser.history import Story
from tests.browser.reader import reading
from tests.browser.running_jobs import GATE, RUNNING, Gates
from tests.browser.site import Site
from tests.conftest import on_database

Open = Callable[..., Page]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium; without one the tests are skipped, and fail in CI."""
    found = chromium.find()
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(chromium.MISSING)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=chromium.arguments())
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def gates_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where jobs that run wait for a file."""
    return tmp_path_factory.mktemp("gates")


@pytest.fixture
def gates(gates_directory: Path) -> Iterator[Gates]:
    """The gates, closed; afterwards nobody waits at one."""
    made = Gates(gates_directory)
    made.close()
    yield made
    made.open("half-way", "end")


@pytest.fixture(scope="package")
def site(
    server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory, gates_directory: Path
) -> Iterator[Site]:
    """The product, with functions for the jobs that really run."""
    name = f"browser_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(server_url, autocommit=True) as administrator:
        administrator.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"'.encode())
    site = Site(on_database(server_url, name), tmp_path_factory.mktemp("a site"))
    site.start()
    for job_id, source in RUNNING.items():
        site.run_job(job_id, source, **{GATE: str(gates_directory)})
    yield site
    site.stop()


@pytest.fixture
def connection(site: Site) -> Connection:
    """The site's database, with the people and the few jobs that tests do something with."""
    opened = site.empty()
    site.deploy(history.FEW)
    return opened


@pytest.fixture(scope="package")
def told() -> dict[int, Story]:
    """The story that is in the site, by how often that had been emptied."""
    return {}


@pytest.fixture
def story(site: Site, told: dict[int, Story]) -> Story:
    """The site with every state in it, for tests that only look."""
    if site.emptied not in told:
        made = history.tell(site)
        told[site.emptied] = made
    return told[site.emptied]


@pytest.fixture
def read(browser: Browser, site: Site) -> Iterator[Open]:
    """Opens a page for somebody: reading() that ends with the test."""
    with ExitStack() as opened:

        def read(name: str | None = None, **options: Any) -> Page:
            return opened.enter_context(partial(reading, browser, site)(name, **options))

        yield read
