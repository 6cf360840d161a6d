"""`make test`: the quick tests first, then the lab, then all that needs it."""

from __future__ import annotations

import os
import subprocess
import sys

from rich.console import Console

from lab.opening import open_site, why_no_site

WITHOUT_CLUSTER = "not cluster"
ON_CLUSTER = "cluster"
IN_PARALLEL = ("-n", "logical", "--dist", "loadfile")
"""The quick tests share nothing but the processor; fixtures of a file are made once."""


def main() -> int:
    """Run all tests that can run here, and say which cannot and why.

    Returns
    -------
    int
        0 when every test passed; pytest's exit code otherwise.
    """
    console, reason = Console(stderr=True), why_no_site()
    for expression in expressions(reason):
        if expression == ON_CLUSTER:
            # Before pytest, so that building a Kubernetes for the first time shows its progress.
            open_site(console)
        command = [sys.executable, "-m", "pytest", "-m", expression]
        if expression == WITHOUT_CLUSTER:
            command += IN_PARALLEL
        # One thread each: two that share every small tensor are slower than two tests side by side.
        environment = {"OMP_NUM_THREADS": "1", **os.environ}
        if failed := subprocess.run(command, check=False, env=environment).returncode:
            return failed
    if reason:
        console.print(f"[yellow]The cluster tests were left out: {reason}[/]")
    return 0


def expressions(why_no_cluster: str | None) -> tuple[str, ...]:
    """Return the marker expressions to run, one after the other, the quick tests first.

    Parameters
    ----------
    why_no_cluster
        Why there is no cluster here; None where there is one.
    """
    return (WITHOUT_CLUSTER,) if why_no_cluster else (WITHOUT_CLUSTER, ON_CLUSTER)


if __name__ == "__main__":
    sys.exit(main())
