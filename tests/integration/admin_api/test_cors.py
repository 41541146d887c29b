"""Pages of other origins: nothing by default, and only those of CORS_ALLOWED_ORIGINS."""

from __future__ import annotations

import pytest

from functions.settings import settings
from tests.integration.admin_api.api import BASE, Api

OURS = "https://ops.example.com"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


@pytest.fixture
def shared(offline: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """The app, which one origin's pages may use."""
    monkeypatch.setenv("CORS_ALLOWED_ORIGINS", f"{OURS},http://localhost:3000")
    settings.cache_clear()
    return offline


def all_routes() -> list[str]:
    from app import app

    # Pages are for nobody else's scripts; Chalice keeps an entry without methods for every resource it was asked for.
    paths = [path for path, methods in app.routes.items() if methods and path not in ("/", "/{proxy+}")]
    return [path.replace("{", "").replace("}", "") for path in paths if not path.startswith("/admin")]


def cors_headers(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.startswith("Access-Control-") or name == "Vary"}


@pytest.mark.parametrize("origin", [OURS, "null", "*", ""])
def test_by_default_no_answer_says_a_word_about_origins(offline: Api, origin: str) -> None:
    answers = [
        offline("OPTIONS", f"{BASE}/jobs", headers={"Origin": origin, **PREFLIGHT}),
        offline("GET", f"{BASE}/jobs", headers={"Origin": origin}),
        offline("GET", "/health/live", headers={"Origin": origin}),
    ]
    assert [answer.status for answer in answers] == [405, 401, 200]
    assert [cors_headers(answer.headers) for answer in answers] == [{}, {}, {}]


def test_every_route_answers_a_preflight_without_a_token(shared: Api) -> None:
    for path in all_routes():
        answer = shared("OPTIONS", path, headers={"Origin": OURS, **PREFLIGHT})
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, OURS), path
        assert answer.headers["Vary"] == "Origin"
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
        methods = set(answer.headers["Access-Control-Allow-Methods"].split(", "))
        refused = shared("OPTIONS", path, headers={})
        assert (refused.status, set(refused.headers["Allow"].split(", "))) == (405, methods)


@pytest.mark.parametrize("path", ["/", "/nothing", f"{BASE}/nothing"])
def test_what_is_not_there_is_not_preflighted(shared: Api, path: str) -> None:
    answer = shared("OPTIONS", path, headers={"Origin": OURS, **PREFLIGHT})
    assert (answer.status, answer.code) == (404, "not_found")


def test_an_allowed_page_may_read_answers_and_refusals_and_their_headers(shared: Api) -> None:
    asked = [
        ("GET", "/health/live", 200),
        ("GET", f"{BASE}/jobs", 401),
        ("GET", "/no", 404),
        ("PUT", f"{BASE}/jobs", 405),
    ]
    for method, path, status in asked:
        answer = shared(method, path, headers={"Origin": OURS})
        assert answer.status == status
        assert (answer.headers["Access-Control-Allow-Origin"], answer.headers["Vary"]) == (OURS, "Origin")
        exposed = set(answer.headers["Access-Control-Expose-Headers"].split(", "))
        assert exposed >= {"Link", "Location", "ETag", "Retry-After", "X-Request-Id", "X-RateLimit-Remaining"}
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.com",
        f"{OURS}.evil.com",
        f"{OURS}:8443",
        "http://ops.example.com",
        OURS.upper(),
        "null",
        "*",
    ],
)
def test_another_page_may_not(shared: Api, origin: str) -> None:
    preflight = shared("OPTIONS", f"{BASE}/jobs", headers={"Origin": origin, **PREFLIGHT})
    assert (preflight.status, cors_headers(preflight.headers)) == (405, {"Vary": "Origin"})
    answer = shared("GET", "/health/live", headers={"Origin": origin})
    assert (answer.status, cors_headers(answer.headers)) == (200, {"Vary": "Origin"})


def test_without_an_origin_a_cache_still_learns_what_the_answer_depends_on(shared: Api) -> None:
    assert cors_headers(shared("GET", "/health/live", headers={}).headers) == {"Vary": "Origin"}
