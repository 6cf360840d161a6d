"""How fast images and clips come: what a probe costs, and what fits into a budget."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Drawn:
    """Samples that were drawn, and the time that it took; judging is not in it."""

    count: int = 0
    seconds: float = 0.0

    @property
    def per_second(self) -> float | None:
        """Samples per second of wall time; None where nothing was drawn."""
        return self.count / self.seconds if self.count and self.seconds > 0 else None

    @contextmanager
    def drawing(self, count: int) -> Iterator[None]:
        """Measure the time in which `count` samples are drawn."""
        start = time.monotonic()
        yield
        self.seconds += time.monotonic() - start
        self.count += count


@dataclass
class Pace:
    """Images and clips of one step, with one encoder or several."""

    images: Drawn = field(default_factory=Drawn)
    clips: Drawn = field(default_factory=Drawn)
