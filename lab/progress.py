"""Show people what the lab is doing and how long it usually takes.

On a terminal one line lives while a step runs; elsewhere (a CI log) each
step is one line at its start, when it is long, and one at its end.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

__all__ = ["Progress"]

LONG_SECONDS = 5.0
"""A step that usually takes longer than this is announced in a plain log."""


class Progress:
    """Reports steps to standard error, so that standard output stays for results."""

    def __init__(self, console: Console | None = None, *, quiet: bool = False) -> None:
        self.console = console or Console(stderr=True, quiet=quiet)

    @contextmanager
    def step(self, title: str, usual_seconds: float) -> Iterator["Step"]:
        """Report one step.

        Parameters
        ----------
        title
            What is done, such as ``Building Kubernetes``.
        usual_seconds
            How long it took on two cores.
        """
        step = Step(title, usual_seconds)
        started = time.monotonic()
        hint = f"usually {duration(usual_seconds)}"
        if not self.console.is_terminal and usual_seconds >= LONG_SECONDS:
            self.console.print(f"… {escape(title)} ({hint})")
        try:
            if self.console.is_terminal:
                with self._live(step, started, hint):
                    yield step
            else:
                yield step
        except BaseException:
            self.console.print(f"[red]✗[/red] {escape(title)} ({duration(time.monotonic() - started)})")
            raise
        self.console.print(
            f"[green]✓[/green] {escape(title)} [dim]{duration(time.monotonic() - started)}[/dim]"
        )

    def note(self, text: str) -> None:
        """Print one sentence."""
        self.console.print(escape(text))

    @contextmanager
    def _live(self, step: "Step", started: float, hint: str) -> Iterator[None]:
        def line() -> str:
            detail = f" · {step.detail}" if step.detail else ""
            return escape(f"{step.title} {duration(time.monotonic() - started)} of {hint}{detail}")

        ended = threading.Event()
        with self.console.status(line()) as status:

            def refresh() -> None:
                while not ended.wait(0.5):
                    status.update(line())

            thread = threading.Thread(target=refresh, daemon=True)
            thread.start()
            try:
                yield
            finally:
                ended.set()
                thread.join()


class Step:
    """A step under way."""

    def __init__(self, title: str, usual_seconds: float) -> None:
        self.title = title
        self.usual_seconds = usual_seconds
        self.detail = ""
        """Where the step stands, such as ``812 packages``; shown beside the time."""


def duration(seconds: float) -> str:
    """Say a duration the way people do.

    >>> duration(0.31), duration(42), duration(432)
    ('0.3 s', '42 s', '7 min 12 s')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"
