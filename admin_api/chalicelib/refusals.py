"""What the API refuses by its own rules; part of the error tree in functions/errors.py.

JobsError
└── Refusal
    ├── NotAuthenticated         no bearer token, or not one of ours that is valid now
    ├── LoginFailed              a name and a password that let nobody in
    ├── TooManyLogins            more failed logins than an account or an address has free
    ├── OidcNotConfigured        a login at an OIDC issuer where the deployment has none
    ├── OidcLoginFailed          a login at the OIDC issuer that did not end with somebody let in
    ├── IssuerUnavailable        the OIDC issuer is away, and without it nothing can be said
    ├── CrossSite                a browser's change that does not come from a page of ours
    ├── NotPermitted             the token does not carry the permission
    ├── BeyondOwnPermissions     what would give, or touch, more than the caller holds
    ├── PasswordWrong            one's own password can only be changed by who knows it
    ├── TooManyRequests          more changes in a minute than one actor may make
    ├── NotValid                 a parameter of the request is not what it must be
    ├── ContentTypeUnsupported   a body that is not said to be JSON
    ├── BodyTooLarge             a body longer than anything we read
    ├── PreconditionFailed       somebody changed it since the caller looked
    ├── AlreadyFinished          what has ended cannot be cancelled
    ├── NotRetryable             only what has ended without success can be run again
    ├── NotReschedulable         only what was enqueued and has not started can be given another time
    ├── RouteNotFound            nothing is at this path
    └── MethodNotAllowed         something is, but it does not know this method
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from functions.errors import JobsError
from functions.text import Text


class Refusal(JobsError):
    """A request that is answered without being carried out; `headers` go with the answer."""

    def __init__(self, message: str, **headers: str) -> None:
        super().__init__(message)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class NotAuthenticated(Refusal):
    """No bearer token, or not a valid one; why is not said (RFC 6750 §3 asks for the challenge)."""

    code = "auth_not_authenticated"

    def __init__(self) -> None:
        super().__init__("send a valid token as 'Authorization: Bearer …'", WWW_Authenticate="Bearer")


class LoginFailed(Refusal):
    """A login that lets nobody in: the same for a wrong password, an unknown name and a disabled user."""

    code = "auth_login_failed"

    def __init__(self) -> None:
        super().__init__("name or password is wrong, or this user may not log in", WWW_Authenticate="Bearer")


class TooManyLogins(Refusal):
    """Too many failed logins for this account or from this address; `wait` until the next may be tried."""

    code = "auth_too_many_attempts"

    def __init__(self, wait: timedelta) -> None:
        seconds = str(max(1, math.ceil(wait.total_seconds())))
        super().__init__(f"too many failed logins: try again in {seconds} s", Retry_After=seconds)


class OidcNotConfigured(Refusal):
    """There is no OIDC issuer here, or none that browsers log in at."""

    code = "auth_oidc_not_configured"

    def __init__(self) -> None:
        super().__init__("there is no login at an OIDC issuer here: log in with name and password")


class OidcLoginFailed(Refusal):
    """A login at the issuer that was not started by this browser, was denied, was used, or has taken too long."""

    code = "auth_oidc_login_failed"


class IssuerUnavailable(Refusal):
    """The issuer does not answer as it should; `reason` is for the log: it names hosts."""

    code = "auth_issuer_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__("the OIDC issuer cannot be reached: try again in a moment", Retry_After="15")
        self.reason = reason


class CrossSite(Refusal):
    """A change asked for with a cookie that is not shown to come from a page of our own origin."""

    code = "auth_cross_site"

    def __init__(self) -> None:
        super().__init__("with a cookie, changes are taken from pages of this origin only: others send a bearer token")


class NotPermitted(Refusal):
    """The token is valid and lacks the permission."""

    code = "auth_insufficient_permissions"

    def __init__(self, needed: str) -> None:
        super().__init__(
            Text("this needs the permission %(needed)s, which your token does not carry", needed=repr(needed))
        )


class BeyondOwnPermissions(Refusal):
    """The caller does not hold what they would give to somebody, or what the user or role they would change holds."""

    code = "auth_beyond_own_permissions"

    def __init__(self, missing: Sequence[str]) -> None:
        names = ", ".join(missing)
        super().__init__(
            Text("this takes somebody who holds %(names)s: give and change only what you hold yourself", names=names)
        )


class PasswordWrong(Refusal):
    """The current password that was sent with a new one is not the user's."""

    code = "users_password_wrong"

    def __init__(self) -> None:
        super().__init__("the current password is not the one you have: send it to choose another one")


class TooManyRequests(Refusal):
    """An actor made more changes than the limit allows; the headers say when there can be another one."""

    code = "server_too_many_requests"

    def __init__(self, limit: int, headers: Mapping[str, str]) -> None:
        super().__init__(f"at most {limit} changes a minute: try again in {headers['Retry-After']} s", **headers)


class NotValid(Refusal):
    """A parameter of the request is not what it must be; the message names it."""

    code = "validation_failed"


class ContentTypeUnsupported(Refusal):
    """A body whose content type is not the one we read (RFC 9110 §15.5.16)."""

    code = "content_type_unsupported"

    def __init__(self, given: str) -> None:
        rule = "send it as 'Content-Type: application/json'"
        said = Text("the body is %(given)s: %(rule)s", given=repr(given[:100]), rule=rule)
        super().__init__(
            said if given else Text("the body has no content type: %(rule)s", rule=rule), Accept="application/json"
        )


class BodyTooLarge(Refusal):
    """A body of more bytes than we read; params have a limit of their own."""

    code = "body_too_large"

    def __init__(self, size: int, largest: int) -> None:
        super().__init__(
            Text(
                "the body has %(size)s bytes, more than %(largest)s: store what is large elsewhere, send its id",
                size=size,
                largest=largest,
            )
        )


class PreconditionFailed(Refusal):
    """What is to be changed is not what the caller saw: its If-Match names something else (RFC 9110 §15.5.13)."""

    code = "precondition_failed"

    def __init__(self, etag: str) -> None:
        super().__init__("it has changed since you looked: look again, and send the ETag you then see", ETag=etag)


class AlreadyFinished(Refusal):
    """An execution that has ended cannot be cancelled; the message names how it ended."""

    code = "executions_already_finished"

    def __init__(self, execution_id: uuid.UUID, status: str) -> None:
        super().__init__(
            Text(
                "execution %(execution)s has ended as '%(status)s': only what waits or runs can be cancelled",
                execution=execution_id,
                status=Text(status),
            )
        )


class NotRetryable(Refusal):
    """An execution that has not ended as failed, lost, cancelled or missed is not run again; the message says why."""

    code = "executions_not_retryable"


class NotReschedulable(Refusal):
    """An execution that cannot be given another time: it has started, or nobody enqueued it; the message says why."""

    code = "executions_not_reschedulable"


class RouteNotFound(Refusal):
    """Nothing is at this path."""

    code = "not_found"

    def __init__(self) -> None:
        super().__init__("nothing is at this path: see the list of endpoints")


class MethodNotAllowed(Refusal):
    """The path exists with other methods, which the Allow header names (RFC 9110 §15.5.6)."""

    code = "method_not_allowed"

    def __init__(self, method: str, allowed: Iterable[str]) -> None:
        names = ", ".join(sorted(allowed))
        super().__init__(
            Text("%(method)s is not possible here: use %(names)s", method=method, names=names), Allow=names
        )
