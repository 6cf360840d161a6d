"""`unlearn-job`: build one encoder release from a document, on a laptop or in a pod."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from cyclopts import App

from unlearn_job.commands import benching, evidence, making, measuring
from unlearn_job.commands.measuring import JUDGES_OWN
from unlearn_job.composing import FeatureWish, Wish, compose
from unlearn_job.contract.document import JobInput, Probe
from unlearn_job.ending import fitting, leave_message
from unlearn_job.reading import read_document
from unlearn_job.settings import JobSettings
from unlearn_job.shell import AS_MUCH_AS_USUAL, Flat, Output, entered, guarded, importing, prepare, show
from unlearn_job.summary import summary

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
    return _build(lambda: read_document(document), output=output, debug=debug)


@app.command
def erase(
    *,
    wish: Annotated[Wish, Flat],
    probe: Annotated[Probe, Flat] = AS_MUCH_AS_USUAL,
    features: Annotated[FeatureWish, Flat] = JUDGES_OWN,
    parameters: dict[str, str] | None = None,
    output: Output = "text",
    debug: bool = False,
) -> int:
    """Unlearn concepts, prove it, and leave the release in a folder.

    It is the Job that a cluster would run, from a document made of the flags. Exit codes as of `run`. The
    same command again answers at once, because the release is there.

    Parameters
    ----------
    parameters
        Of the method, such as --parameters.retainMass 20.
    output
        What stdout gets. Logs go to stderr.
    debug
        Show the traceback of an unexpected error.

    """
    return _build(lambda: compose(wish, probe, parameters or {}, features), output=output, debug=debug)


app.command(measuring.identify)
app.command(measuring.probe)
app.command(measuring.attack)
app.command(evidence.report)
app.command(evidence.verify)
app.command(evidence.sign)
app.command(making.dataset)
app.command(benching.bench)


def _build(read: Callable[[], JobInput], *, output: str, debug: bool) -> int:
    prepare()
    settings = JobSettings()

    def build() -> int:
        document = read()
        # torch and diffusers load here, seconds: `--help` and a wrong document answer at once.
        with importing():
            from unlearn_job.run import run as build_release  # noqa: PLC0415

        result = build_release(document, settings)
        leave_message(fitting(result), settings.termination_log)
        concepts = {one.digest: one.concept.name for one in (*document.adds, *document.holds)}
        text = summary(result, concepts)
        if result.figures is not None:
            text += f"\n  in {document.storage.uri.rstrip('/')}/{document.release_prefix}"
        show(result.to_json() if output == "json" else text)
        return 0

    return guarded(build, output=output, debug=debug, termination_log=settings.termination_log)


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

    def check() -> int:
        read = read_document(document)
        names = ", ".join(erasure.concept.name for erasure in read.adds)
        show(read.to_json() if output == "json" else f"{document.name} is valid: erases {names}")
        return 0

    return guarded(check, output=output, debug=debug, termination_log=None)


def main() -> None:
    """Entry point of `unlearn-job`."""
    sys.exit(entered(app, sys.argv[1:]))


if __name__ == "__main__":
    main()
