"""`python -m lab.demo`, which `make demo` calls."""

from __future__ import annotations

import sys

from rich.console import Console

from lab.demo import on_cluster, on_machine
from lab.errors import LabError
from lab.opening import open_site, why_no_site
from lab.stage import ROOT

OUT = ROOT / "demo-out"


def main() -> int:
    """Show the main job on a cluster, or on this machine alone where there is none.

    Returns
    -------
    int
        0 when it was shown to the end, 1 otherwise.
    """
    console = Console()
    OUT.mkdir(exist_ok=True)
    try:
        if reason := why_no_site():
            console.print(f"[yellow]{reason}[/]")
            on_machine.run(console, OUT)
        else:
            on_cluster.run(open_site(console), console, OUT)
    except LabError as error:
        console.print(f"[red]The demo ended early: {error}[/]")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
