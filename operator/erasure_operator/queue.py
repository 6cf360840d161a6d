"""The work queue: each key is worked on by one task at a time, and every key waits for itself alone.

What wakes a key is forgotten on purpose. Ten events while a key waits are one pass, and an event during a
pass means one more: the pass reads the state of the world, not the event.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

import structlog

from unlearn_job.contract.errors import PermanentFailure, TemporaryFailure

log = structlog.get_logger()

KeyT = TypeVar("KeyT", bound=Hashable)

Work = Callable[[KeyT], Awaitable[timedelta | None]]
"""One pass over a key. Returns how long to wait before the next one; None: until something wakes it."""


@dataclass(frozen=True)
class Backoff:
    """Delay before the next attempt after failures in a row: doubled each time."""

    first: timedelta = timedelta(milliseconds=500)
    longest: timedelta = timedelta(minutes=5)

    def delay(self, failures: int) -> timedelta:
        """Return the delay after the given number of failures, at least 1."""
        # 2**20 half seconds are six days: enough to reach any bound, and no overflow.
        return min(self.first * (1 << min(failures - 1, 20)), self.longest)


class WorkQueue(Generic[KeyT]):
    """Keys that wait for a pass, now or later.

    Parameters
    ----------
    work
        One pass. A `TemporaryFailure` repeats it after `retry_after`, or after the key's backoff where that
        is longer. A `PermanentFailure` is logged and waits for the next change: whoever raises it has told
        the user. Anything else is a defect of ours: logged with its traceback, and repeated with backoff.
    workers
        Passes that run at the same time, over different keys.
    backoff
        Delays after failures.

    """

    def __init__(self, work: Work[KeyT], *, workers: int = 8, backoff: Backoff | None = None) -> None:
        self._work = work
        self._workers = workers
        self._backoff = backoff or Backoff()
        self._ready: asyncio.Queue[KeyT] = asyncio.Queue()
        self._waiting: set[KeyT] = set()
        self._running: dict[KeyT, float] = {}
        """Start of each pass, in loop time."""
        self._woken_while_running: set[KeyT] = set()
        self._failures: dict[KeyT, int] = {}
        self._wake_times: dict[KeyT, float] = {}
        self._alarms: list[tuple[float, int, KeyT]] = []
        self._alarm_numbers = itertools.count()
        self._alarms_changed = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False

    @property
    def depth(self) -> int:
        """Keys that wait for a worker; those that wait for their time do not count."""
        return self._ready.qsize()

    @property
    def longest_pass(self) -> timedelta:
        """How long the oldest of the running passes has been running; zero where none runs."""
        if not self._running:
            return timedelta(0)
        return timedelta(seconds=asyncio.get_running_loop().time() - min(self._running.values()))

    def wake(self, key: KeyT) -> None:
        """Ask for a pass as soon as possible."""
        self._wake_times.pop(key, None)
        if key in self._running:
            self._woken_while_running.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._ready.put_nowait(key)

    def wake_after(self, key: KeyT, delay: timedelta) -> None:
        """Ask for a pass after a delay. An earlier wish of the same key stands, a later one is replaced."""
        if delay <= timedelta(0):
            self.wake(key)
            return
        due = asyncio.get_running_loop().time() + delay.total_seconds()
        if key in self._waiting or self._wake_times.get(key, due + 1.0) <= due:
            return
        self._wake_times[key] = due
        heapq.heappush(self._alarms, (due, next(self._alarm_numbers), key))
        self._alarms_changed.set()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch_alarms(), name="work queue alarms")
            for number in range(self._workers):
                group.create_task(self._serve(), name=f"work queue {number}")

    async def drain(self, limit: timedelta) -> None:
        """Start no more passes and wait for those that run; what takes longer is cancelled with `run`."""
        self._stopping = True
        try:
            async with asyncio.timeout(limit.total_seconds()):
                await self._idle.wait()
        except TimeoutError:
            log.warning("passes still ran at shutdown", keys=[str(key) for key in self._running])

    async def _watch_alarms(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._alarms_changed.clear()
            while self._alarms and self._alarms[0][0] <= loop.time():
                due, _, key = heapq.heappop(self._alarms)
                # An alarm that a wake or an earlier alarm has replaced is still in the heap.
                if self._wake_times.get(key) == due:
                    self.wake(key)
            pause = self._alarms[0][0] - loop.time() if self._alarms else None
            try:
                async with asyncio.timeout(pause):
                    await self._alarms_changed.wait()
            except TimeoutError:
                continue

    async def _serve(self) -> None:
        while True:
            key = await self._ready.get()
            if self._stopping:
                return
            self._waiting.discard(key)
            self._running[key] = asyncio.get_running_loop().time()
            self._idle.clear()
            try:
                delay = await self._attempt(key)
            finally:
                del self._running[key]
                if not self._running:
                    self._idle.set()
            if key in self._woken_while_running:
                self._woken_while_running.discard(key)
                # After a failure soon, not at once: a pass that fails after a write of its own must not spin.
                delay = self._backoff.first if key in self._failures else timedelta(0)
            if delay is not None:
                self.wake_after(key, delay)

    async def _attempt(self, key: KeyT) -> timedelta | None:
        bound = log.bind(key=str(key))
        try:
            delay = await self._work(key)
        except TemporaryFailure as exc:
            delay = max(exc.retry_after, self._next_backoff(key))
            bound.warning(
                "pass failed for now", reason=exc.reason, error=str(exc), retry_seconds=_seconds(delay)
            )
        except PermanentFailure as exc:
            self._failures.pop(key, None)
            bound.error("pass failed until something changes", reason=exc.reason, error=str(exc))
            return None
        except Exception:  # noqa: BLE001  (the queue's edge: one key's defect must not stop the others)
            delay = self._next_backoff(key)
            bound.exception("pass failed unexpectedly", retry_seconds=_seconds(delay))
        else:
            self._failures.pop(key, None)
        return delay

    def _next_backoff(self, key: KeyT) -> timedelta:
        self._failures[key] = self._failures.get(key, 0) + 1
        return self._backoff.delay(self._failures[key])


def _seconds(delay: timedelta) -> float:
    return round(delay.total_seconds(), 1)
