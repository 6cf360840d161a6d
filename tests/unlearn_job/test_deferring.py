from __future__ import annotations

import os
import signal
import threading

import pytest

from unlearn_job.deferring import deferred
from unlearn_job.ending import TerminatedFailure, stopping_on_sigterm


def steps_of(*signals: int, ends_with: type[BaseException] | None = None) -> list[bool]:
    """Send signals one after another; return what was noted after each that did not end the work."""
    noted = []
    try:
        with deferred() as stop:
            for number in signals:
                os.kill(os.getpid(), number)
                noted.append(stop.asked)
    except KeyboardInterrupt:
        assert ends_with is KeyboardInterrupt
        return noted
    assert ends_with is None
    return noted


def test_ctrl_c_is_obeyed_when_the_step_is_over() -> None:
    assert steps_of(signal.SIGINT, ends_with=KeyboardInterrupt) == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_second_one_is_obeyed_at_once() -> None:
    assert steps_of(signal.SIGINT, signal.SIGINT, ends_with=KeyboardInterrupt) == [True]


def test_sigterm_keeps_its_meaning() -> None:
    def work() -> list[bool]:
        with stopping_on_sigterm():
            return steps_of(signal.SIGTERM)

    with pytest.raises(TerminatedFailure):
        work()


def test_without_a_signal_nothing_is_raised_and_nothing_is_left() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with deferred() as stop:
        pass
    assert not stop.asked
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_another_thread_works_without_it() -> None:
    found = []

    def work() -> None:
        with deferred() as stop:
            found.append(stop.asked)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert found == [False]
