"""How a Job ends: its exit code and the message it leaves for Kubernetes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from pydantic import ValidationError

from unlearn_job.contract.errors import ErasureError, PermanentFailure, TemporaryFailure
from unlearn_job.contract.result import TERMINATION_MESSAGE_LIMIT, ExitCode, JobError, JobResult
from unlearn_job.memory import is_out_of_memory
from unlearn_job.reading import DocumentError, first_error

UNEXPECTED: Final = 70
"""EX_SOFTWARE: a defect of ours. Like every unnamed code, it counts against backoffLimit."""
_MESSAGE_LIMIT: Final = 1000
_OF_PATHS: Final = (
    FileNotFoundError,
    FileExistsError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
)
_SENTENCE: Final = 100
"""Characters of the sentence for people that stay in any case."""


class OutOfMemoryFailure(TemporaryFailure):
    """Something else may have held the memory; the next attempt may find it free."""

    reason = "OutOfMemory"


class UnusablePathError(PermanentFailure):
    """A file or folder that somebody named, or the settings did, cannot be read or written."""

    reason = "UnusablePath"


class TerminatedFailure(TemporaryFailure):
    """The pod was asked to stop, by a drain or a preemption."""

    reason = "Terminated"


class _Stop(BaseException):
    """Leaves the steps from wherever they are. No `except Exception` of a library may swallow it."""


@contextmanager
def stopping_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into `TerminatedFailure`, so that `finally` blocks run and no half is published."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise _Stop

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except _Stop as exc:
        raise TerminatedFailure(
            "stopped by SIGTERM; nothing was published, the next attempt goes on from its cache"
        ) from exc
    finally:
        signal.signal(signal.SIGTERM, before)


def failure_of(error: Exception) -> ErasureError | None:
    """Return the failure that an error amounts to, or None if nobody foresaw it."""
    if isinstance(error, ErasureError):
        return error
    if isinstance(error, ValidationError):
        return DocumentError(first_error(error))
    if isinstance(error, _OF_PATHS) and error.filename:
        return UnusablePathError(f"cannot use {error.filename}: {error.strerror}; choose another path")
    if is_out_of_memory(error):
        return OutOfMemoryFailure(
            "out of memory; give the Job's template more, or probe with fewer frames or a smaller model"
        )
    return None


def exit_code_of(failure: ErasureError) -> ExitCode:
    """Return the exit code of a failure."""
    return ExitCode.CONFIGURATION if isinstance(failure, PermanentFailure) else ExitCode.TEMPORARY


def job_error(failure: ErasureError) -> JobError:
    """Return the message of a failure, cut to what the contract allows."""
    return JobError(reason=failure.reason[:64], message=_cut(str(failure), _MESSAGE_LIMIT))


def fitting(message: JobResult | JobError) -> str:
    """Serialise a message into at most 4096 bytes.

    Figures go first, as probe.json has them; then the sentence for people is cut, then the list of concepts
    that are not there. What the operator decides on always fits.
    """
    text = message.to_json()
    excess = len(text.encode()) - TERMINATION_MESSAGE_LIMIT
    if excess <= 0:
        return text
    if isinstance(message, JobResult) and message.figures is not None:
        return fitting(message.model_copy(update={"figures": None}))
    if len(message.message) > _SENTENCE:
        # A character takes at most six bytes, as an escape.
        shorter = max(_SENTENCE, len(message.message) - max(1, excess // 6))
        return fitting(message.model_copy(update={"message": _cut(message.message, shorter)}))
    if isinstance(message, JobResult) and len(message.not_present) > 1:
        # 64 digits, quotes and a comma.
        fewer = max(1, len(message.not_present) - 1 - excess // 67)
        return fitting(message.model_copy(update={"not_present": message.not_present[:fewer]}))
    raise ValueError("the rest of a message is bounded by the contract and fits")


def leave_message(text: str, termination_log: Path) -> None:
    """Write the termination message where Kubernetes reads it; without such a file do nothing.

    A failure to write is no reason to fail: the exit code says what matters.
    """
    try:
        # Kubernetes mounts the file. Creating one elsewhere would only litter, unless somebody asked for it.
        if termination_log.exists() or termination_log.parent != Path("/dev"):
            termination_log.write_text(text)
    except OSError:
        return


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 3]}..."
