"""`make test`: the lab with all that needs it, and beside it the quick tests."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Thread
from typing import IO, Final

from rich.console import Console

from lab.errors import LabError
from lab.opening import open_site, why_no_site

QUICK: Final = ("-m", "not cluster", "-n", "logical", "--dist", "loadfile", "--no-loadscope-reorder")
"""Tests that share nothing but the processor; fixtures of a file are made once. In the order of
tests/conftest.py: by their number, files of one long test would come last."""
ON_CLUSTER: Final = ("-m", "cluster")


def main() -> int:
    """Run all tests that can run here, and say which cannot and why.

    Returns
    -------
    int
        0 when every test passed; pytest's exit code otherwise.
    """
    console, reason = Console(stderr=True), why_no_site()
    if reason:
        failed = _pytest(QUICK).wait()
        console.print(f"[yellow]The cluster tests were left out: {reason}[/]")
        return failed
    with tempfile.TemporaryFile("w+") as output:
        # Side by side: tests on a cluster mostly wait for pods, and leave the processor to the others.
        quick = Beside(_pytest(QUICK, output), output, console)
        try:
            # Before pytest, so that building a Kubernetes for the first time shows its progress.
            open_site(console)
            failed = _pytest(ON_CLUSTER).wait()
        except LabError as error:
            console.print(f"[red]The cluster tests did not run: {error}[/]")
            failed = 1
        except KeyboardInterrupt:
            quick.process.terminate()
            raise
        return quick.wait() or failed


@dataclass
class Beside:
    """A test run whose output is shown when it ends, so that two do not write into each other.

    Attributes
    ----------
    process: the run.
    output: where it writes.
    console: where the end is shown.

    """

    process: subprocess.Popen[bytes]
    output: IO[str]
    console: Console

    def __post_init__(self) -> None:
        self.console.print(
            "The tests that need no cluster run beside those that do; they report at their end."
        )
        self._watch = Thread(target=self._show, daemon=True)
        self._watch.start()

    def wait(self) -> int:
        """Wait until the output is shown; return the exit code."""
        self._watch.join()
        return self.process.returncode

    def _show(self) -> None:
        self.process.wait()
        self.output.seek(0)
        self.console.print("\n" + self.output.read(), markup=False, highlight=False)


def _pytest(arguments: Sequence[str], output: IO[str] | None = None) -> subprocess.Popen[bytes]:
    # One thread each: two that share every small tensor are slower than two tests side by side.
    environment = {"OMP_NUM_THREADS": "1", **os.environ}
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.Popen(command, env=environment, stdout=output, stderr=output and subprocess.STDOUT)


if __name__ == "__main__":
    sys.exit(main())
