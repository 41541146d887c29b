"""The admin API as Chalice knows it: its routes, and the document that Chalice itself would give API Gateway."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any


def find_api(project: Path) -> None:
    """Let the modules of this checkout's admin API be imported."""
    folder = str(project / "admin_api")
    if folder not in sys.path:
        sys.path.insert(0, folder)


def load_app(project: Path) -> Any:
    """The Chalice app of this checkout."""
    find_api(project)
    return importlib.import_module("app").app


def api_document(app: Any, *, function: str) -> dict[str, Any]:
    """The document of a REST API (OpenAPI 2.0 with AWS's extensions) whose routes all lead to the function.

    `function` is its logical id in the template. This is what `chalice package` writes, from where Chalice makes it.
    """
    from chalice.deploy.swagger import CFNSwaggerGenerator  # late: who needs only the routes does without

    class Generator(CFNSwaggerGenerator):
        """Chalice's own, which knows the function under a name that Chalice would give it."""

        def _uri(self, lambda_arn: str | None = None) -> dict[str, str]:  # noqa: ARG002 - Chalice's
            service = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"
            return {"Fn::Sub": f"{service}/${{{function}.Arn}}/invocations"}

    document: dict[str, Any] = Generator().generate_swagger(app)
    return document
