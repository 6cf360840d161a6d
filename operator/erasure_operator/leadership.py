"""Of all operators one works; the others keep their stores warm and wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from kubernetes.aio.leaderelection.electionconfig import Config
from kubernetes.aio.leaderelection.leaderelection import LeaderElection

from erasure_operator.lease_lock import LeaseLock

log = structlog.get_logger()


@dataclass(frozen=True)
class Tempo:
    """How fast a dead leader is replaced: at the latest after lease and retry."""

    lease_seconds: int = 10
    """A standby takes over when the lease was not renewed for so long."""
    renew_seconds: int = 7
    """A leader that could not renew for so long stops its work."""
    retry_seconds: int = 2
    """Pause between two attempts."""


class Leadership:
    """Compete for a lease, and work while holding it."""

    def __init__(self, lock: LeaseLock, tempo: Tempo | None = None) -> None:
        self._lock = lock
        self._tempo = tempo or Tempo()
        self._worker: asyncio.Task[Any] | None = None
        self._defect: asyncio.Future[None] | None = None
        self.leading = asyncio.Event()
        """Set while this operator works."""

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Compete until cancelled; whenever the lease is won, work until it is lost.

        Parameters
        ----------
        work
            Runs until cancelled.

        Raises
        ------
        Exception
            Whatever ends the work.

        """
        self._defect = asyncio.get_running_loop().create_future()
        contest = asyncio.create_task(self._compete(work), name="leader election")
        try:
            await asyncio.wait({contest, self._defect}, return_when=asyncio.FIRST_COMPLETED)
            if self._defect.done():
                self._defect.result()
            contest.result()
        finally:
            contest.cancel()
            if self._worker is not None:
                self._worker.cancel()
                await asyncio.wait({self._worker})
            await self._lock.release()

    async def _compete(self, work: Callable[[], Awaitable[None]]) -> None:
        async def lead() -> None:
            await self._lead(work)

        async def step_down() -> None:
            # The election has cancelled the worker; the next round must not begin before it has ended.
            if self._worker is not None:
                await asyncio.wait({self._worker})

        while True:
            election = LeaderElection(
                Config(
                    self._lock,
                    lease_duration=self._tempo.lease_seconds,
                    renew_deadline=self._tempo.renew_seconds,
                    retry_period=self._tempo.retry_seconds,
                    onstarted_leading=lead,
                    onstopped_leading=step_down,
                )
            )
            await election.run()
            log.warning("leadership lost", lease=self._lock.name, identity=self._lock.identity)

    async def _lead(self, work: Callable[[], Awaitable[None]]) -> None:
        self._worker = asyncio.current_task()
        log.info("leadership won", lease=self._lock.name, identity=self._lock.identity)
        self.leading.set()
        try:
            await work()
        except Exception as exc:  # noqa: BLE001  (handed on whole)
            # Nobody awaits this task in the election, so the defect takes its own way to `run`.
            if self._defect is not None and not self._defect.done():
                self._defect.set_exception(exc)
        finally:
            self.leading.clear()
