"""Find a Go compiler: the machine's own, or the one that comes from PyPI with the lab's dependencies."""

import os
import re
import subprocess
import sys
from pathlib import Path

from lab.errors import LabError
from lab.versions import GO_MINIMUM

__all__ = ["environment", "find_go", "parse_version"]


def find_go() -> Path:
    """Return a Go that is new enough.

    Raises
    ------
    LabError
        There is none, or only older ones.
    """
    own = Path(sys.executable).parent
    folders = [Path(folder) for folder in os.environ.get("PATH", os.defpath).split(os.pathsep)]
    # The machine's own first: whoever has one has its build cache, too.
    for folder in (*(folder for folder in folders if folder != own), own):
        candidate = folder / "go"
        if not candidate.exists():
            continue
        asked = [str(candidate), "env", "GOVERSION"]
        done = subprocess.run(asked, check=False, capture_output=True, text=True, env=environment())
        if parse_version(done.stdout) >= GO_MINIMUM:
            return candidate
    wanted = ".".join(map(str, GO_MINIMUM))
    raise LabError(
        f"The lab needs Go {wanted} or newer: run `uv sync --group lab`, which brings it, or install it."
    )


def environment() -> dict[str, str]:
    """Return the environment for Go: static programs, and never another compiler than the one asked."""
    return {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-buildvcs=false -mod=readonly",
    }


def parse_version(text: str) -> tuple[int, int]:
    """Read the output of ``go env GOVERSION``.

    >>> parse_version("go1.26.8")
    (1, 26)
    >>> parse_version("devel")
    (0, 0)
    """
    match = re.match(r"go(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)
