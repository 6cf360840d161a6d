"""One generation at a time, a few that wait, and a clear no to the rest.

Two at once on one GPU take longer than one after the other and may not fit its memory; an endless queue makes
every client wait for answers that nobody wants any more.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class BusyError(Exception):
    """Too many wait already."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(f"too many requests wait for their turn; try again in {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds


class Turns:
    """Runs work in one thread beside the event loop, in the order of arrival.

    Parameters
    ----------
    max_waiting
        Requests that may wait beside the one that runs.

    """

    def __init__(self, max_waiting: int) -> None:
        self._max_waiting = max_waiting
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="generate")
        self._present = 0
        self._typical_seconds = 1.0

    @property
    def present(self) -> int:
        """Requests that were accepted and are not done."""
        return self._present

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return max(0, self._present - 1)

    async def take(self, work: Callable[[], T]) -> T:
        """Wait for a turn and do the work.

        Raises
        ------
        BusyError
            Too many wait.

        """
        if self._present > self._max_waiting:
            raise BusyError(max(1, math.ceil(self._typical_seconds * self._present)))
        self._present += 1
        running = asyncio.get_running_loop().run_in_executor(self._thread, self._timed, work)
        # Counted until the thread is done with it, also when its client has gone.
        running.add_done_callback(self._left)
        return await asyncio.shield(running)

    def close(self) -> None:
        """Finish what was accepted, and take nothing more."""
        self._thread.shutdown(wait=True)

    def _timed(self, work: Callable[[], T]) -> T:
        started = time.monotonic()
        try:
            return work()
        finally:
            self._typical_seconds = 0.7 * self._typical_seconds + 0.3 * (time.monotonic() - started)

    def _left(self, _: object) -> None:
        self._present -= 1
