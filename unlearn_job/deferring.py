"""Let a step end before a signal ends the process, so that what is saved is whole.

A handler may run between any two instructions: in the middle of an optimiser's step the parameters are half
the old and half the new ones, and no state of a training.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Deferred:
    """What came in while signals were deferred."""

    def __init__(self) -> None:
        self.came: int | None = None

    @property
    def asked(self) -> bool:
        """Whether somebody wants the process to end."""
        return self.came is not None


@contextmanager
def deferred() -> Iterator[Deferred]:
    """Note Ctrl-C and SIGTERM inside instead of obeying; obey at the end. The second one is obeyed at once.

    Outside the main thread, and where nobody handles signals in Python, nothing is changed.
    """
    found = Deferred()
    if threading.current_thread() is not threading.main_thread():
        yield found
        return
    before: dict[int, Any] = {number: signal.getsignal(number) for number in SIGNALS}
    ours = [number for number, handler in before.items() if callable(handler)]

    def note(number: int, frame: FrameType | None) -> None:
        if found.asked:
            before[number](number, frame)
        found.came = number

    for number in ours:
        signal.signal(number, note)
    try:
        yield found
    finally:
        for number in ours:
            signal.signal(number, before[number])
    if found.came is not None:
        before[found.came](found.came, None)
