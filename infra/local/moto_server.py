"""AWS on this machine: moto's HTTP server inside our process, with a Lambda that really runs functions."""

from __future__ import annotations

import importlib
import os
import re
import socket
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import BaseWSGIServer, make_server

from functions.errors import JobsError
from infra.local import cloudformation_types as cloudformation_types  # importing it registers the types
from infra.local.cloudformation_services import import_cloudformation
from infra.local.executor import Executor
from infra.local.lambda_attributes import lambda_remembers
from infra.local.lambda_backend import lambda_runs_functions
from infra.local.packages import Packages
from infra.local.shared_loaders import shared_loaders

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ACCOUNT_ID = DEFAULT_ACCOUNT_ID
"""The account everything on this server belongs to."""

# The largest zip Lambda takes ("Lambda quotas"): moto's S3 keeps what is larger than 5 MB in a file, and reads it again
# for each function that is made of it.
_KEPT_IN_MEMORY_BYTES = 50 * 1024 * 1024
_OUR_HOSTS = re.compile(r"(127\.0\.0\.1|localhost)(:\d+)?")


class MotoServer:
    """moto on 127.0.0.1, from `start` to `stop`. Its state is this process's: in memory, and one server at a time.

    `port` 0 takes a free one. `state_dir` receives `packages/`, the unpacked code of the functions.
    """

    def __init__(self, *, executor: Executor, state_dir: Path, port: int = 0) -> None:
        self._executor = executor
        self._packages = Packages(state_dir / "packages")
        self._port = port
        self._running = ExitStack()

    def start(self) -> str:
        """Serves requests; returns the endpoint's URL. Raises JobsError: the port is taken, or moto is another one."""
        os.environ.setdefault("MOTO_S3_DEFAULT_KEY_BUFFER_SIZE", str(_KEPT_IN_MEMORY_BYTES))
        with ExitStack() as started:
            server = _listen(self._port)
            started.callback(server.server_close)
            endpoint_url = f"http://127.0.0.1:{server.port}"
            started.enter_context(shared_loaders())
            started.enter_context(lambda_remembers())
            started.enter_context(
                lambda_runs_functions(executor=self._executor, packages=self._packages, endpoint_url=endpoint_url)
            )
            threading.Thread(target=server.serve_forever, name="moto", daemon=True).start()
            started.callback(server.shutdown)
            self._running = started.pop_all()
        threading.Thread(target=_import_cloudformation, name="moto-imports", daemon=True).start()
        return endpoint_url

    def reset(self) -> None:
        """Forgets everything in every account and region, as if the server had just started."""
        BackendDict.reset()
        reset_model_data()

    def stop(self) -> None:
        """Stops serving and puts moto back as it was; the executor is its owner's. May be called twice."""
        self._running.close()

    def __enter__(self) -> MotoServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _QuietHandler(MotoRequestHandler):
    disable_nagle_algorithm = True  # a kept connection would wait 40 ms for a delayed ACK on each request

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Silent: requests are the product talking to itself."""


def _listen(port: int) -> BaseWSGIServer:
    try:
        listener = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise JobsError(
            f"port {port} cannot be used for the local AWS ({error.strerror}): choose another, or 0"
        ) from error
    with listener:  # werkzeug duplicates it; given a port alone, it would exit the process when that is taken
        app = _refusing_browsers(DomainDispatcherApplication(create_backend_app))
        return make_server("127.0.0.1", port, app, threaded=True, request_handler=_QuietHandler, fd=listener.fileno())


def _refusing_browsers(app: WSGIApplication) -> WSGIApplication:
    """Only programs of this machine use our AWS: a web page that somebody reads here must not.

    A page reaches 127.0.0.1 under a name of its own (DNS rebinding), which Host shows, or from its own origin, which
    Origin or Sec-Fetch-Site shows (Fetch standard; W3C Fetch Metadata). The AWS SDKs send neither.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        foreign_host = not _OUR_HOSTS.fullmatch(environ.get("HTTP_HOST", ""))
        if foreign_host or "HTTP_ORIGIN" in environ or "HTTP_SEC_FETCH_SITE" in environ:
            start_response("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"This AWS is for programs on 127.0.0.1, not for web pages: use an AWS SDK or the AWS CLI.\n"]
        return app(environ, start_response)

    return answer


def _import_cloudformation() -> None:
    """What the first stack would wait for."""
    import_cloudformation()
    importlib.import_module("infra.local.cloudformation_templates")
    importlib.import_module("moto.cloudformation.responses")
