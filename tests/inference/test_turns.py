"""One works, a few wait, the rest is told when to come back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from inference.turns import BusyError, Turns


class Gate:
    """Work that lasts until the test lets it end."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.running = 0
        self.most = 0

    def __call__(self) -> int:
        self.running += 1
        self.most = max(self.most, self.running)
        assert self.open.wait(30)
        self.running -= 1
        return 1


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.open.set()


async def until_waiting(turns: Turns, count: int) -> None:
    async with asyncio.timeout(30):
        while turns.waiting != count:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def test_work_is_done_one_at_a_time(gate: Gate) -> None:
    turns = Turns(max_waiting=4)
    tasks = [asyncio.create_task(turns.take(gate)) for _ in range(5)]
    await until_waiting(turns, 4)
    gate.open.set()
    assert await asyncio.gather(*tasks) == [1] * 5
    assert gate.most == 1
    assert turns.waiting == 0
    turns.close()


async def test_one_too_many_is_told_when_to_come_back(gate: Gate) -> None:
    turns = Turns(max_waiting=1)
    tasks = [asyncio.create_task(turns.take(gate)) for _ in range(2)]
    await until_waiting(turns, 1)
    with pytest.raises(BusyError) as busy:
        await turns.take(gate)
    assert busy.value.retry_after_seconds >= 1
    gate.open.set()
    await asyncio.gather(*tasks)
    assert await turns.take(gate) == 1
    turns.close()


async def test_work_whose_client_has_gone_still_counts_until_it_is_done(gate: Gate) -> None:
    turns = Turns(max_waiting=0)
    gone = asyncio.create_task(turns.take(gate))
    async with asyncio.timeout(30):
        while not gate.running:  # noqa: ASYNC110
            await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    with pytest.raises(BusyError):
        await turns.take(gate)
    gate.open.set()
    turns.close()


async def test_a_failure_reaches_its_client_and_nobody_else() -> None:
    def fail() -> None:
        raise RuntimeError("out of memory")

    turns = Turns(max_waiting=0)
    with pytest.raises(RuntimeError, match="out of memory"):
        await turns.take(fail)
    assert await turns.take(lambda: 2) == 2
    turns.close()
