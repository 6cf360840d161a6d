"""What all commands share: how they compute, what they print, how they end."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from unlearn_job.log import configure_logging

ARITHMETIC: Final = {
    # Sums do not depend on where tensors lie in memory (Intel MKL, conditional numerical reproducibility):
    # without it the same document gives encoders that differ in their last digits.
    "MKL_CBWR": "AVX2,STRICT",
    # Idle threads sleep instead of spinning, which on a node shared with others takes a third of the time.
    "OMP_WAIT_POLICY": "PASSIVE",
}
"""Environment of the CPU's arithmetic, unless it is set. Read when torch loads or at its first product."""

Output = Annotated[Literal["text", "json"], Parameter(name=["--output", "-o"])]
"""What stdout gets. Logs go to stderr."""

INTERRUPTED: Final = 130
"""Exit code after Ctrl-C, as of a shell."""


def prepare() -> None:
    """Set the log and the arithmetic. Before torch loads."""
    configure_logging()
    for name, value in ARITHMETIC.items():
        os.environ.setdefault(name, value)


def guarded(build: Callable[[], int], *, output: str, debug: bool, termination_log: Path | None) -> int:
    """Run a command, and turn what it raises into a sentence, a termination message and an exit code."""
    from unlearn_job.ending import (  # noqa: PLC0415
        UNEXPECTED,
        exit_code_of,
        failure_of,
        fitting,
        job_error,
        leave_message,
        stopping_on_sigterm,
    )

    try:
        with stopping_on_sigterm():
            return build()
    except KeyboardInterrupt:
        print("stopped; nothing was published, and the same command starts again", file=sys.stderr)  # noqa: T201
        return INTERRUPTED
    except Exception as exc:  # noqa: BLE001 (the edge of the process)
        failure = failure_of(exc)
        if failure is None:
            if debug:
                traceback.print_exc()
            print(f"unexpected {type(exc).__name__}; run again with --debug", file=sys.stderr)  # noqa: T201
            return UNEXPECTED
        message = job_error(failure)
        print(f"{message.reason}: {message.message}", file=sys.stderr)  # noqa: T201
        if output == "json":
            show(message.to_json())
        if termination_log is not None:
            leave_message(fitting(message), termination_log)
        return int(exit_code_of(failure))


def show(text: str) -> None:
    """Print a result."""
    print(text, flush=True)  # noqa: T201 (results go to stdout)
