"""botocore's data files, found and read once in this process instead of once for each session and service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from unittest.mock import patch

import botocore.session
import moto.core.utils


@contextmanager
def shared_loaders() -> Iterator[None]:
    """While this is entered, sessions share one loader, as the clients of a session do, and so do moto's services.

    moto makes a session wherever it needs a list of regions, and each would list hundreds of directories and read
    megabytes again: a fifth of what a start takes.
    """
    with ExitStack() as patches:
        for module in (botocore.session, moto.core.utils):
            patches.enter_context(patch.object(module, "create_loader", cache(module.create_loader)))
        yield
