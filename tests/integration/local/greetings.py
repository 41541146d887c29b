"""A job with params and a secret among them; a function process and the test that deploys it both import it."""

from __future__ import annotations

from dataclasses import dataclass

from functions.job import JobContext, Secret, job


@dataclass
class GreetParams:
    """Whom to greet, how often; and something nobody may see."""

    to: str
    times: int = 2
    pin: Secret[str] = ""


@job(id="greets", params=GreetParams)
def greets(ctx: JobContext[GreetParams]) -> dict[str, object]:
    """Writes its params down and returns what it made of them."""
    ctx.logger.info("greeting", extra={"params": ctx.params})
    return {"greeting": " ".join([ctx.params.to] * ctx.params.times), "pin_length": len(ctx.params.pin)}
