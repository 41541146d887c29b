"""Every running instance of every function: which is free, which is busy, which is out of date."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import timedelta

from infra.local.function import Function
from infra.local.invocation import InvocationRefused
from infra.local.sandbox import Sandbox


@dataclass(eq=False)
class Instance:
    """A sandbox and whether it runs something now; `idle_since` is on the monotonic clock, in seconds."""

    sandbox: Sandbox
    key: Hashable
    busy: bool = True
    idle_since: float = 0.0


class Instances:
    """The instances of all functions by function ARN; one invocation holds one of them at a time."""

    def __init__(self, create: Callable[[Function], Sandbox]) -> None:
        self._create = create
        self._lock = threading.Lock()
        self._closed = False
        self._by_arn: dict[str, list[Instance]] = {}
        self._current_key: dict[str, Hashable] = {}

    def acquire(self, function: Function) -> Instance:
        """A free instance of this code and configuration, or a new one.

        Raises InvocationRefused: TooManyRequestsException when the reserved concurrency is used up.
        """
        with self._lock:
            if self._closed:
                raise InvocationRefused("ServiceException", 500, "the executor is closed: start it again")
            retired = self._take_retired(function)
            instances = self._by_arn.setdefault(function.arn, [])
            _check_concurrency(function, busy=sum(instance.busy for instance in instances))
            instance = next((instance for instance in reversed(instances) if not instance.busy), None)
            if instance is None:
                instance = Instance(self._create(function), function.instance_key)
                instances.append(instance)
            instance.busy = True
        _kill(retired)
        return instance

    def release(self, instance: Instance) -> None:
        """The invocation is over: keep the instance warm, unless it ended or newer code is there."""
        arn = instance.sandbox.function.arn
        with self._lock:
            instance.busy, instance.idle_since = False, time.monotonic()
            keep = not instance.sandbox.ended and instance.key == self._current_key.get(arn)
            if not keep and instance in self._by_arn.get(arn, []):
                self._by_arn[arn].remove(instance)
        if not keep:
            _kill([instance])

    def retire_idle(self, *, idle_for: timedelta) -> None:
        """Ends instances that ran nothing for that long, or whose process died while it was idle."""
        limit = time.monotonic() - idle_for.total_seconds()
        with self._lock:
            retired = self._take(lambda instance: instance.idle_since < limit or instance.sandbox.ended)
        _kill(retired)

    def close(self) -> None:
        """Ends every instance, busy or not; nothing can be acquired afterwards."""
        with self._lock:
            self._closed = True
            retired = [instance for instances in self._by_arn.values() for instance in instances]
            self._by_arn.clear()
        _kill(retired)

    def _take_retired(self, function: Function) -> list[Instance]:
        self._current_key[function.arn] = function.instance_key
        return self._take(
            lambda instance: (
                instance.sandbox.function.arn == function.arn
                and (instance.sandbox.ended or instance.key != function.instance_key)
            )
        )

    def _take(self, is_retired: Callable[[Instance], bool]) -> list[Instance]:
        retired = [i for instances in self._by_arn.values() for i in instances if not i.busy and is_retired(i)]
        for instance in retired:
            self._by_arn[instance.sandbox.function.arn].remove(instance)
        return retired


def _check_concurrency(function: Function, *, busy: int) -> None:
    reserved = function.reserved_concurrency
    if reserved is not None and busy >= reserved:
        raise InvocationRefused(
            "TooManyRequestsException",
            429,
            f"Rate Exceeded: {busy} of {reserved} reserved concurrent executions of {function.name} are in use",
        )


def _kill(instances: list[Instance]) -> None:
    for instance in instances:
        instance.sandbox.kill()
