"""What all commands share: how they compute, what they print, how they end."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import App, CycloptsError, Parameter
from pydantic import ValidationError

from unlearn_job.contract.document import Probe
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.log import configure_logging
from unlearn_job.progress import show_progress

ARITHMETIC: Final = {
    # Sums do not depend on where tensors lie in memory (Intel MKL, conditional numerical reproducibility):
    # without it the same document gives encoders that differ in their last digits.
    "MKL_CBWR": "AVX2,STRICT",
    # Idle threads sleep instead of spinning, which on a node shared with others takes a third of the time.
    "OMP_WAIT_POLICY": "PASSIVE",
}
"""Environment of the CPU's arithmetic, unless it is set. Read when torch loads or at its first product."""

Flat = Parameter(name="*")
"""A model's fields as flags of their own."""

AS_MUCH_AS_USUAL: Final = Probe()

Output = Annotated[Literal["text", "json"], Parameter(name=["--output", "-o"])]
"""What stdout gets. Logs go to stderr."""


class UsageError(PermanentFailure):
    """The command line is none that there is."""

    reason = "Usage"


INTERRUPTED: Final = 130
"""Exit code after Ctrl-C, as of a shell."""


def prepare() -> None:
    """Set the log and the arithmetic. Before torch loads."""
    configure_logging()
    show_progress()
    for name, value in ARITHMETIC.items():
        os.environ.setdefault(name, value)


@contextmanager
def importing() -> Iterator[None]:
    """Import what is large inside: without the garbage collector, which walks it again and again in vain.

    A sixth of the time that torch, transformers and diffusers take to load.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


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
        print("stopped; nothing was published, and the same command goes on where it was", file=sys.stderr)  # noqa: T201
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


def entered(app: App, tokens: Sequence[str]) -> int:
    """Run what a command line asks for; a wrong line gets one sentence and the exit code of bad input."""
    try:
        code = app([*tokens], exit_on_error=False, print_error=False)
    except (CycloptsError, ValidationError) as exc:
        return guarded(partial(_refuse, exc), output=_output_of(tokens), debug=False, termination_log=None)
    return code if isinstance(code, int) else 0


def _refuse(error: CycloptsError | ValidationError) -> int:
    """Say in one sentence what is wrong with a command line, or with the settings in the environment."""
    from unlearn_job.reading import first_error  # noqa: PLC0415

    if isinstance(error, ValidationError):
        field, _, sentence = first_error(error).partition(": ")
        raise UsageError(f"environment variable UNLEARN_{field.upper()}: {sentence}") from error
    if isinstance(error.__cause__, ValidationError):
        field, _, sentence = first_error(error.__cause__).partition(": ")
        raise UsageError(f"--{field.replace('_', '-')}: {sentence}") from error
    raise UsageError(" ".join(str(error).split())) from error


def _output_of(tokens: Sequence[str]) -> str:
    """Return what a line that cannot be read asked to get on stdout."""
    pairs = {*pairwise(tokens)}
    json = {("-o", "json"), ("--output", "json")} & pairs or {"--output=json", "-o=json"} & {*tokens}
    return "json" if json else "text"


def show(text: str) -> None:
    """Print a result."""
    print(text, flush=True)  # noqa: T201 (results go to stdout)
