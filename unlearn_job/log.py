"""Logging: one line for each step, to stderr; JSON where nobody watches."""

from __future__ import annotations

import os
import sys

import structlog


def configure_logging() -> None:
    """Write events to stderr: readable on a terminal, one JSON object a line elsewhere."""
    for name in ("TRANSFORMERS_VERBOSITY", "DIFFUSERS_VERBOSITY"):
        # Read when the libraries load. Their warnings tell of optional packages, not of this Job.
        os.environ.setdefault(name, "error")
    terminal = sys.stderr.isatty()
    renderer = (
        structlog.dev.ConsoleRenderer()
        if terminal
        else structlog.processors.JSONRenderer(sort_keys=True, ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        # Asked for anew each time: while bars are shown, stderr is theirs, and lines go above them.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
