"""How long each step of the demo took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console


class Clock:
    """Says each step when it starts, and keeps its seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step."""
        self._console.print(f"[bold]▸ {name}[/]")
        start = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - start
