from __future__ import annotations

import asyncio
import time

import pytest

from erasure_operator.cluster import Cluster
from erasure_operator.leadership import Leadership, Tempo
from erasure_operator.lease_lock import LeaseLock

pytestmark = pytest.mark.cluster

FAST = Tempo(lease_seconds=4, renew_seconds=3, retry_seconds=1)


class Candidate:
    """An operator that does nothing but lead."""

    def __init__(self, cluster: Cluster, namespace: str, identity: str) -> None:
        lock = LeaseLock(cluster, namespace=namespace, name="lease", identity=identity)
        self.leadership = Leadership(lock, FAST)
        self.active = asyncio.Event()
        self.ended = asyncio.Event()
        self.task = asyncio.create_task(self.leadership.run(self._work))

    async def _work(self) -> None:
        self.active.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})


async def test_one_works_and_the_other_takes_over_at_once_when_it_stops(
    cluster: Cluster, namespace: str
) -> None:
    first = Candidate(cluster, namespace, "first")
    async with asyncio.timeout(30):
        await first.active.wait()
    second = Candidate(cluster, namespace, "second")
    done, _ = await asyncio.wait({asyncio.create_task(second.active.wait())}, timeout=FAST.lease_seconds + 2)
    assert not done
    stopped = time.monotonic()
    await first.stop()
    assert first.ended.is_set()
    assert not first.leadership.leading.is_set()
    async with asyncio.timeout(30):
        await second.active.wait()
    assert time.monotonic() - stopped < FAST.lease_seconds + FAST.retry_seconds
    await second.stop()


async def test_a_standby_takes_over_from_a_leader_that_died_and_the_old_one_stops_working(
    cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Candidate(cluster, namespace, "first")
    async with asyncio.timeout(30):
        await first.active.wait()

    async def unreachable(*args: object) -> bool:
        return False

    monkeypatch.setattr(first.leadership._lock, "update", unreachable)
    second = Candidate(cluster, namespace, "second")
    async with asyncio.timeout(60):
        await second.active.wait()
    assert first.ended.is_set()
    await first.stop()
    await second.stop()


async def test_a_defect_of_the_work_ends_the_operator(cluster: Cluster, namespace: str) -> None:
    leadership = Leadership(LeaseLock(cluster, namespace=namespace, name="lease", identity="a"), FAST)

    async def work() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await leadership.run(work)
