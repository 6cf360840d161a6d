"""`unlearn-job`: build one encoder release from a document, on a laptop or in a pod."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import App, Parameter

from unlearn_job.contract.result import JobResult, Outcome

ARITHMETIC: Final = {
    # Sums do not depend on where tensors lie in memory (Intel MKL, conditional numerical reproducibility):
    # without it the same document gives encoders that differ in their last digits.
    "MKL_CBWR": "AVX2,STRICT",
    # Idle threads sleep instead of spinning, which on a node shared with others takes a third of the time.
    "OMP_WAIT_POLICY": "PASSIVE",
}
"""Environment of the CPU's arithmetic, unless it is set. Read when torch loads or at its first product."""

Output = Annotated[Literal["text", "json"], Parameter(name=["--output", "-o"])]

app = App(
    name="unlearn-job",
    help="Unlearn concepts in a text encoder, prove it, publish it.",
    result_action="return_value",
)


@app.command
def run(document: Path, /, *, output: Output = "text", debug: bool = False) -> int:
    """Build one encoder release from a document.

    Exit codes: 0 when the Job ran to its end (the result says whether the gates held), 75 when trying again
    may help, 78 when somebody must change something, 70 for a defect.

    Parameters
    ----------
    document
        The Job's document, JSON.
    output
        What stdout gets. Logs go to stderr.
    debug
        Show the traceback of an unexpected error.

    """
    from unlearn_job.ending import fitting, leave_message  # noqa: PLC0415
    from unlearn_job.log import configure_logging  # noqa: PLC0415
    from unlearn_job.reading import read_document  # noqa: PLC0415
    from unlearn_job.settings import JobSettings  # noqa: PLC0415

    configure_logging()
    for name, value in ARITHMETIC.items():
        os.environ.setdefault(name, value)
    settings = JobSettings()

    def build() -> int:
        read = read_document(document)
        # torch and diffusers load here, 10 s: `--help` and a wrong document answer at once.
        from unlearn_job.run import run as build_release  # noqa: PLC0415

        result = build_release(read, settings)
        leave_message(fitting(result), settings.termination_log)
        _print(result.to_json() if output == "json" else summary(result))
        return 0

    return _guarded(build, output=output, debug=debug, termination_log=settings.termination_log)


@app.command
def validate(document: Path, /, *, output: Output = "text", debug: bool = False) -> int:
    """Check a document without loading or fetching anything.

    Parameters
    ----------
    document
        The Job's document, JSON.
    output
        What stdout gets.
    debug
        Show the traceback of an unexpected error.

    """
    from unlearn_job.reading import read_document  # noqa: PLC0415

    def check() -> int:
        read = read_document(document)
        names = ", ".join(erasure.concept.name for erasure in read.adds)
        _print(read.to_json() if output == "json" else f"{document.name} is valid: erases {names}")
        return 0

    return _guarded(check, output=output, debug=debug, termination_log=None)


def summary(result: JobResult) -> str:
    """Return a result as a few lines for a person."""
    lines = [f"{result.outcome.value}: release {result.key[:10]}"]
    if result.outcome is Outcome.NOT_PRESENT:
        return f"{lines[0]} not built: {result.message}"
    if result.figures is not None:
        for erasure in result.figures.erasures:
            images, clips, base = erasure.images, erasure.clips, erasure.base
            lines.append(
                f"  erasure {erasure.digest[:10]}: still shown by {images.hits} of {images.samples} images "
                f"(at most {100 * images.wilson()[1]:.1f} %) and {clips.hits} of {clips.samples} clips "
                f"(at most {100 * clips.wilson()[1]:.1f} %); base {base.hits} of {base.samples}"
            )
        for name in ("preserved", "holdout", "neighbours"):
            kept = getattr(result.figures, name)
            lines.append(f"  {name}: {kept.percent:.1f} % of {kept.base.hits} base images kept")
    lines.append("  seconds: " + ", ".join(f"{step} {seconds}" for step, seconds in result.seconds.items()))
    if result.message:
        lines.append(f"  {result.message}")
    return "\n".join(lines)


def _guarded(build: Callable[[], int], *, output: str, debug: bool, termination_log: Path | None) -> int:
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
            _print(message.to_json())
        if termination_log is not None:
            leave_message(fitting(message), termination_log)
        return int(exit_code_of(failure))


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 (results go to stdout)


def main() -> None:
    """Entry point of `unlearn-job`."""
    sys.exit(app())


if __name__ == "__main__":
    main()
