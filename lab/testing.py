"""`make test`: the lab with all that needs it, and beside it the quick tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import IO, Final

from rich.console import Console

from lab.errors import LabError
from lab.opening import open_site, why_no_site

QUICK: Final = ("-m", "not cluster", "-n", "logical", "--dist", "loadfile", "--no-loadscope-reorder")
"""Tests that share nothing but the processor; fixtures of a file are made once. In the order of
tests/conftest.py: by their number, files of one long test would come last."""
ON_CLUSTER: Final = (
    ("-m", "cluster", "tests/erasure_operator"),
    # Each file has a namespace of its own; the longest come first.
    (
        *("-m", "cluster", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"),
        *("tests/e2e/test_lifecycle.py", "tests/lab/demo", "tests/e2e"),
    ),
    ("-m", "cluster", "tests/lab", "--ignore=tests/lab/demo"),
)
"""One after the other: what lets an installed operator rest, what installs it, and what breaks the lab."""
GIVES_WAY: Final = 5
"""Niceness of the quick tests: a third of the weight of what runs beside them."""


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
        quick = Beside(giving_way(_pytest(QUICK, output)), output, console)
        try:
            # Before pytest, so that building a Kubernetes for the first time shows its progress.
            open_site(console)
            codes = [_pytest(arguments).wait() for arguments in ON_CLUSTER]
            # Not the largest: a run that was killed ends with less than 0.
            failed = next(filter(None, codes), 0)
        except LabError as error:
            console.print(f"[red]The cluster tests did not run: {error}[/]")
            failed = 1
        except KeyboardInterrupt:
            quick.stop()
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

    def stop(self) -> None:
        """End it, as Ctrl-C does: in a session of its own it hears none."""
        self.process.send_signal(signal.SIGINT)
        self._watch.join()

    def _show(self) -> None:
        self.process.wait()
        self.output.seek(0)
        self.console.print("\n" + self.output.read(), markup=False, highlight=False)


def _pytest(arguments: Sequence[str], output: IO[str] | None = None) -> subprocess.Popen[bytes]:
    # One thread each: two that share every small tensor are slower than two tests side by side.
    environment = {"OMP_NUM_THREADS": "1", **os.environ}
    return subprocess.Popen(
        [sys.executable, "-m", "pytest", *arguments],
        env=environment,
        stdout=output,
        stderr=output and subprocess.STDOUT,
        start_new_session=output is not None,
    )


def giving_way(run: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """Let a run in a session of its own have what others leave of the processor: the cluster's is longer."""
    os.setpriority(os.PRIO_PROCESS, run.pid, GIVES_WAY)
    # Where the kernel shares out by sessions first, the number above counts within the session alone.
    with suppress(OSError):
        Path(f"/proc/{run.pid}/autogroup").write_text(str(GIVES_WAY), "ascii")
    return run


if __name__ == "__main__":
    sys.exit(main())
