"""What keeps a process of the one-machine edition on this machine: no account, no server and no proxy of anybody's."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

# What would name an account (boto3) or fill in a server (libpq).
_FOREIGN = ("AWS_", "PG")
_HERE = ("127.0.0.1", "localhost", "::1")


def confine(environ: MutableMapping[str, str], *, region: str) -> None:
    """Take accounts and servers out of the environment, put in credentials that are none, and go round every proxy.

    Call it before any client is made. A proxy stays for what does leave the machine: pip, when it fetches wheels.
    """
    for name in [name for name in environ if name.startswith(_FOREIGN)]:
        del environ[name]
    environ.update(
        {
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    )
    exempt = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    if exempt != "*":  # which is everything only when it stands alone (urllib.request)
        exempt = ",".join(filter(None, (exempt, *_HERE)))
    environ["no_proxy"] = environ["NO_PROXY"] = exempt
