"""`make test`: the quick tests first, then the lab, then all that needs it."""

from __future__ import annotations

import subprocess
import sys

from rich.console import Console

from lab.opening import open_site, why_no_site

WITHOUT_CLUSTER = "not cluster"
ON_CLUSTER = "cluster"


def main() -> int:
    """Run all tests that can run here, and say which cannot and why.

    Returns
    -------
    int
        0 when every test passed; pytest's exit code otherwise.
    """
    console = Console(stderr=True)
    quick = _pytest(WITHOUT_CLUSTER)
    if quick:
        return quick
    if reason := why_no_site():
        console.print(f"[yellow]The cluster tests were left out: {reason}[/]")
        return 0
    # Before pytest, so that building a Kubernetes for the first time shows its progress.
    open_site(console)
    return _pytest(ON_CLUSTER)


def _pytest(expression: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", "-m", expression], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
