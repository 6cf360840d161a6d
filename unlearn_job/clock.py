"""How long each step takes, and one log line for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog


class Clock:
    """Wall time of the steps of one Job."""

    def __init__(self) -> None:
        self._log = structlog.get_logger()
        self._seconds: dict[str, float] = {}

    @property
    def seconds(self) -> dict[str, int]:
        """Whole seconds of each step that ended, in their order."""
        return {name: round(seconds) for name, seconds in self._seconds.items()}

    @contextmanager
    def step(self, name: str, **fields: object) -> Iterator[dict[str, Any]]:
        """Measure a step; what is put into the yielded dict goes to its log line.

        Parameters
        ----------
        name
            The design's word for the step.
        fields
            For both log lines.

        """
        self._log.info("step started", step=name, **fields)
        figures: dict[str, Any] = {}
        start = time.monotonic()
        yield figures
        self._seconds[name] = time.monotonic() - start
        self._log.info("step ended", step=name, seconds=round(self._seconds[name], 1), **fields, **figures)
