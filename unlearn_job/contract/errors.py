"""The error tree of the project: everything is temporary or permanent.

::

    ErasureError
    ├── TemporaryFailure   try again later: exit code 75, a delayed reconcile
    └── PermanentFailure   a person must change something: exit code 78, Stalled

A third branch would leave a caller without an answer to its only question: retry or not?
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar


class ErasureError(Exception):
    """Anything this project raises on purpose. The message says what to do next."""

    reason: ClassVar[str] = "Unknown"
    """CamelCase reason of the condition or of the termination message."""


class TemporaryFailure(ErasureError):  # noqa: N818  (the field says failure, as Kopf and Kubernetes do)
    """The same call may work later."""

    reason = "TemporaryFailure"

    def __init__(self, message: str, *, retry_after: timedelta = timedelta(seconds=10)) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PermanentFailure(ErasureError):  # noqa: N818
    """The same call fails until somebody changes the input."""

    reason = "PermanentFailure"
