from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import structlog.testing

from erasure_operator.queue import Backoff, WorkQueue
from unlearn_job.contract.errors import PermanentFailure, TemporaryFailure

SECOND = timedelta(seconds=1)
pytestmark = pytest.mark.looptime


class Recorder:
    """Work that takes its time and answers what it is told to; keeps (loop time, key) of each start."""

    def __init__(self, takes: float = 0.0) -> None:
        self.takes = takes
        self.starts: list[tuple[float, str]] = []
        self.answers: dict[str, deque[timedelta | Exception | None]] = {}
        self.running = 0
        self.most_running = 0
        self.during: Callable[[str], None] = lambda _: None

    def answer(self, key: str, *answers: timedelta | Exception | None) -> None:
        self.answers[key] = deque(answers)

    def times(self, key: str) -> list[float]:
        return [round(time, 3) for time, started in self.starts if started == key]

    async def __call__(self, key: str) -> timedelta | None:
        self.starts.append((asyncio.get_running_loop().time(), key))
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        self.during(key)
        await asyncio.sleep(self.takes)
        self.running -= 1
        waiting = self.answers.get(key)
        answer = waiting.popleft() if waiting else None
        if isinstance(answer, Exception):
            raise answer
        return answer


@asynccontextmanager
async def working(queue: WorkQueue[str]) -> AsyncIterator[None]:
    task = asyncio.create_task(queue.run())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_many_wakes_of_a_waiting_key_are_one_pass() -> None:
    work = Recorder()
    queue = WorkQueue(work)
    for _ in range(10):
        queue.wake("a")
    assert queue.depth == 1
    async with working(queue):
        await asyncio.sleep(1)
    assert work.times("a") == [0.0]


async def test_wakes_during_a_pass_are_one_more_pass_and_never_a_parallel_one() -> None:
    work = Recorder(takes=5)
    queue = WorkQueue(work)
    async with working(queue):
        queue.wake("a")
        for _ in range(4):
            await asyncio.sleep(1)
            queue.wake("a")
        await asyncio.sleep(60)
    assert work.times("a") == [0.0, 5.0]
    assert work.most_running == 1


async def test_different_keys_run_beside_each_other_up_to_the_number_of_workers() -> None:
    work = Recorder(takes=1)
    queue = WorkQueue(work, workers=3)
    async with working(queue):
        for number in range(7):
            queue.wake(f"key-{number}")
        await asyncio.sleep(10)
    assert work.most_running == 3
    assert [time for time, _ in work.starts] == [0, 0, 0, 1, 1, 1, 2]


async def test_a_pass_is_repeated_when_it_asked_to_be() -> None:
    work = Recorder()
    work.answer("a", 30 * SECOND, 5 * SECOND, None)
    queue = WorkQueue(work)
    async with working(queue):
        queue.wake("a")
        await asyncio.sleep(1000)
    assert work.times("a") == [0.0, 30.0, 35.0]


async def test_the_earlier_of_two_wishes_stands() -> None:
    work = Recorder()
    queue = WorkQueue(work)
    async with working(queue):
        queue.wake_after("a", 20 * SECOND)
        queue.wake_after("a", 50 * SECOND)
        queue.wake_after("b", 50 * SECOND)
        queue.wake_after("b", 20 * SECOND)
        await asyncio.sleep(1000)
    assert work.times("a") == work.times("b") == [20.0]


async def test_a_wake_replaces_the_alarm() -> None:
    work = Recorder()
    queue = WorkQueue(work)
    async with working(queue):
        queue.wake_after("a", 20 * SECOND)
        await asyncio.sleep(3)
        queue.wake("a")
        await asyncio.sleep(1000)
    assert work.times("a") == [3.0]


async def test_a_temporary_failure_is_repeated_when_it_says_and_then_less_and_less_often() -> None:
    work = Recorder()
    busy = [TemporaryFailure("busy", retry_after=3 * SECOND) for _ in range(4)]
    work.answer("a", *busy, None)
    queue = WorkQueue(work, backoff=Backoff(first=2 * SECOND, longest=10 * SECOND))
    async with working(queue):
        queue.wake("a")
        await asyncio.sleep(1000)
    # max(3, 2), max(3, 4), max(3, 8), max(3, 10)
    assert work.times("a") == [0.0, 3.0, 7.0, 15.0, 25.0]


async def test_success_forgets_earlier_failures() -> None:
    work = Recorder()
    busy = TemporaryFailure("busy", retry_after=timedelta(0))
    work.answer("a", busy, busy, 100 * SECOND, busy, None)
    queue = WorkQueue(work, backoff=Backoff(first=2 * SECOND))
    async with working(queue):
        queue.wake("a")
        await asyncio.sleep(1000)
    assert work.times("a") == [0.0, 2.0, 6.0, 106.0, 108.0]


async def test_a_permanent_failure_waits_for_the_next_wake() -> None:
    work = Recorder()
    work.answer("a", PermanentFailure("wrong"), None)
    queue = WorkQueue(work)
    with structlog.testing.capture_logs() as lines:
        async with working(queue):
            queue.wake("a")
            await asyncio.sleep(100_000)
            assert work.times("a") == [0.0]
            queue.wake("a")
            await asyncio.sleep(1)
    assert work.times("a") == [0.0, 100_000.0]
    assert [(line["log_level"], line["error"]) for line in lines] == [("error", "wrong")]


async def test_a_defect_is_logged_with_its_traceback_and_stops_no_other_key() -> None:
    work = Recorder()
    work.answer("a", ZeroDivisionError("oh"), None)
    queue = WorkQueue(work, workers=1, backoff=Backoff(first=2 * SECOND))
    with structlog.testing.capture_logs() as lines:
        async with working(queue):
            queue.wake("a")
            queue.wake("b")
            await asyncio.sleep(100)
    assert work.times("a") == [0.0, 2.0]
    assert work.times("b") == [0.0]
    assert [(line["log_level"], line["exc_info"]) for line in lines] == [("error", True)]


async def test_a_failing_pass_that_wakes_itself_does_not_spin() -> None:
    work = Recorder()
    queue = WorkQueue(work, backoff=Backoff(first=1 * SECOND))
    work.answer("a", *(TemporaryFailure("busy", retry_after=60 * SECOND) for _ in range(5)))
    work.during = lambda key: queue.wake(key) if len(work.starts) <= 5 else None
    async with working(queue):
        queue.wake("a")
        await asyncio.sleep(1000)
    assert work.times("a") == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


async def test_draining_ends_what_runs_and_starts_nothing_new() -> None:
    work = Recorder(takes=3)
    queue = WorkQueue(work, workers=1)
    async with working(queue):
        queue.wake("a")
        queue.wake("b")
        await asyncio.sleep(1)
        await queue.drain(10 * SECOND)
        assert asyncio.get_running_loop().time() == 3
        await asyncio.sleep(10)
    assert [key for _, key in work.starts] == ["a"]


async def test_draining_gives_up_on_a_pass_that_hangs() -> None:
    work = Recorder(takes=10_000)
    queue = WorkQueue(work)
    async with working(queue):
        queue.wake("a")
        await asyncio.sleep(1)
        assert queue.longest_pass == SECOND
        await queue.drain(10 * SECOND)
        assert asyncio.get_running_loop().time() == 11
    assert queue.longest_pass == timedelta(0)


async def test_work_goes_on_after_the_queue_was_stopped_for_a_while() -> None:
    work = Recorder(takes=5)
    queue = WorkQueue(work)
    async with working(queue):
        queue.wake("a")
        await asyncio.sleep(1)
    queue.wake("a")
    async with working(queue):
        await asyncio.sleep(10)
    assert work.times("a") == [0.0, 1.0]


@pytest.mark.parametrize(("failures", "seconds"), [(1, 0.5), (2, 1), (5, 8), (11, 300), (10_000, 300)])
async def test_backoff_doubles_up_to_a_bound(failures: int, seconds: float) -> None:
    assert Backoff().delay(failures) == timedelta(seconds=seconds)
