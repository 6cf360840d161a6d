"""Progress of what takes long: a bar on a terminal, a line now and then elsewhere, nothing in a library.

Free of torch. Nobody is told anything before `show_progress`: who calls the API decides what is printed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from rich.progress import Progress

EVERY_SECONDS: Final = 15.0
"""Between two lines of a log."""

Advance = Callable[[int], None]
"""Tells how many more of the work are done."""

log = structlog.get_logger()


class _Shown:
    """Whether and how progress is shown in this process."""

    on = False
    bars: Progress | None = None


def show_progress(*, on: bool = True) -> None:
    """Turn progress on for this process: bars if stderr is a terminal, else lines."""
    _Shown.on = on


@contextmanager
def progress(what: str, total: int, *, clock: Callable[[], float] = time.monotonic) -> Iterator[Advance]:
    """Follow a piece of work.

    Parameters
    ----------
    what
        What is done, such as "images".
    total
        How many there are.
    clock
        Seconds, for tests.

    Yields
    ------
    Callable
        To be called with the number of further ones that are done.

    """
    if not _Shown.on:
        yield lambda _count: None
    elif sys.stderr.isatty():
        with _bars() as bars:
            task = bars.add_task(what, total=total)
            try:
                yield lambda count: bars.advance(task, count)
            finally:
                bars.remove_task(task)
    else:
        yield _lines(what, total, clock)


def _bars() -> AbstractContextManager[Progress]:
    """Return the bars of this process; the outermost piece of work owns them."""
    if _Shown.bars is not None:
        return nullcontext(_Shown.bars)
    return _opened()


@contextmanager
def _opened() -> Iterator[Progress]:
    from rich.console import Console  # noqa: PLC0415 (0.1 s that nobody needs in a pod)
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Transient: what stays on the terminal is the log.
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bars:
        _Shown.bars = bars
        try:
            yield bars
        finally:
            _Shown.bars = None


def _lines(what: str, total: int, clock: Callable[[], float]) -> Advance:
    done, said = 0, clock()

    def advance(count: int) -> None:
        nonlocal done, said
        done += count
        # The end has a line of its step.
        if clock() - said >= EVERY_SECONDS and done < total:
            said = clock()
            log.info("progress", of=what, done=done, total=total)

    return advance
