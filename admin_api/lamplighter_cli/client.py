"""Requests to the API: each with its token, to the one host it is for, and with a time limit."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from lamplighter_cli import VERSION, problems
from lamplighter_cli.addresses import is_loopback
from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import Failure, Unavailable
from lamplighter_cli.logins import Login

ADMIN = "/api/v1/admin"
AUTH = "/api/v1/auth"
# To connect; and to wait for an answer: API Gateway gives up after 29 s.
_TIMEOUT = (5.0, 35.0)
_LONGEST_WAIT_S = 60.0
_MAY_WAIT = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


class _Bearer(AuthBase):
    """The token, or none. Without an auth of its own, requests would send what ~/.netrc has for the host instead."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Client:
    """One API. `note` is told what takes long."""

    def __init__(self, url: str, *, login: Login | None, note: Callable[[str], None]) -> None:
        self.url = url
        self._login = login
        self._note = note
        self._http = requests.Session()
        self._http.headers.update({"Accept": "application/json", "User-Agent": f"lamplighter/{VERSION}"})
        # No proxy between this machine and itself: over plain http it would read the token.
        self._http.trust_env = not is_loopback(urlsplit(url).hostname or "")

    def close(self) -> None:
        """End its connections."""
        self._http.close()

    def get(self, path: str, query: Mapping[str, object] | None = None) -> requests.Response:
        """The answer, 200. An API that asks to wait is waited for, once. Raises Failure."""
        response = self._read(path, query)
        wait_s = problems.retry_after_s(response)
        if response.status_code in _MAY_WAIT and wait_s is not None and wait_s <= _LONGEST_WAIT_S:
            self._note(f"the API asks to wait {wait_s:.0f} s")
            time.sleep(wait_s)
            response = self._read(path, query)
        if response.status_code != HTTPStatus.OK:
            raise problems.failure(response, is_change=False)
        return response

    def json(self, path: str, query: Mapping[str, object] | None = None) -> Any:
        """The body of that answer."""
        return _json(self.get(path, query))

    def change(self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None) -> Any:
        """The answer to a change, 2xx. It is sent once: what asks to wait is a failure that says so. Raises Failure."""
        response = self._authorised(method, path, body=body, headers=headers)
        if not response.ok or response.is_redirect:
            raise problems.failure(response, is_change=True)
        return response

    def open(self, path: str, body: object) -> Any:
        """The body of an answer that needs no token: to a login, or a refresh. Raises Failure."""
        response = self._send("POST", path, token=None, body=body)
        if not response.ok:
            raise problems.failure(response, is_change=False)
        return _json(response) if response.content else {}

    def _read(self, path: str, query: Mapping[str, object] | None) -> requests.Response:
        return self._authorised("GET", path, query=query)

    def _authorised(self, method: str, path: str, **request: Any) -> requests.Response:
        if self._login is None:
            return self._send(method, path, token=None, **request)
        token = self._login.token()
        response = self._send(method, path, token=token, **request)
        if response.status_code == HTTPStatus.UNAUTHORIZED:  # nothing was done: it may be sent again
            response = self._send(method, path, token=self._login.renewed(token), **request)
        return response

    def _send(
        self,
        method: str,
        path: str,
        *,
        token: str | None,
        query: Mapping[str, object] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        is_change = method != "GET"
        try:
            response = self._http.request(
                method,
                self.url + path,
                params=_parameters(query),
                json=body,
                headers=None if headers is None else dict(headers),
                auth=_Bearer(token),
                timeout=_TIMEOUT,
                allow_redirects=False,  # a token is not sent on to wherever an answer points
            )
        except requests.RequestException as error:
            raise self._away(error, is_change=is_change) from error
        if response.is_redirect:
            target = response.headers.get("Location", "")[:200]
            raise Failure(ExitCode.UNEXPECTED, f"{self.url} redirects to {target}: log in at the address it really has")
        return response

    def _away(self, error: requests.RequestException, *, is_change: bool) -> Unavailable:
        if isinstance(error, requests.exceptions.SSLError):
            return Unavailable(f"{self.url} has no certificate that is trusted here: {_reason(error)}")
        if isinstance(error, requests.ConnectTimeout) or "refused" in str(error) or not is_change:
            return Unavailable(f"{self.url} does not answer: {_reason(error)}")
        return Unavailable(
            f"{self.url} did not answer ({_reason(error)}): look whether it was done before you repeat it"
        )


def _parameters(query: Mapping[str, object] | None) -> dict[str, str]:
    """As the API reads them: lists with commas, booleans in JSON's words; what is None or empty is not asked for."""
    return {name: _parameter(value) for name, value in (query or {}).items() if value is not None and value != []}


def _parameter(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError as error:
        raise Failure(
            ExitCode.UNEXPECTED, f"{response.url} answered with what is no JSON: is this the address of an admin API?"
        ) from error


def _reason(error: BaseException) -> str:
    """The innermost reason: the ones around it repeat URL and object addresses."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror and not isinstance(inner, requests.RequestException):
            return inner.strerror
        inner = getattr(inner, "reason", None) or inner.__cause__ or inner.__context__ or _first(inner)
        if not isinstance(inner, BaseException):
            break
    return type(error).__name__


def _first(error: BaseException) -> BaseException | None:
    return next((argument for argument in error.args if isinstance(argument, BaseException)), None)
