"""Time what a Job does before its first useful step: import and load, beside the libraries' import alone.

    python -m bench.start [--times 3] [--out bench/results/start.json]

The Job is that of examples/job, on the testbed's models. It runs until it says that its models are loaded,
and is then ended. `import torch, transformers, diffusers` runs in a process of its own, in turn with the
Job's, so that both meet the same machine: on a shared one the ratio says more than the seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

ROOT: Final = Path(__file__).parents[1]
EXAMPLE: Final = ROOT / "examples" / "job" / "captain-comet.json"
LIBRARIES: Final = ("-c", "import torch, transformers, diffusers; print('imported', flush=True); input()")
IMPORTED: Final = {"imported": ("imported",)}
STARTED: Final = {"imported": ('"step started"', '"load"'), "loaded": ('"step ended"', '"load"')}
"""What a line holds that tells of a moment. Importing ends where the Job's first step starts."""


@dataclass(frozen=True)
class Spent:
    """From the start of a process to a moment of it: seconds on the clock, and of all its threads."""

    wall: float
    cpu: float


def main() -> None:
    """Measure both in turn, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--times", type=int, default=3, help="of each; the median counts")
    parser.add_argument("--out", type=Path, help="also write the figures there")
    arguments = parser.parse_args()
    figures = measured(arguments.times)
    print(json.dumps(figures, indent=2))
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(figures, indent=2) + "\n")


def measured(times: int) -> dict[str, Any]:
    """Return medians of both, and the Job's ratios to the libraries."""
    found: dict[str, list[Spent]] = {"libraries": [], "imported": [], "loaded": []}
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = EXAMPLE.read_text().replace("$PWD/.releases", f"{folder}/releases").replace("$PWD", str(ROOT))
        (folder / "document.json").write_text(text)
        job = ("-m", "unlearn_job.cli", "run", str(folder / "document.json"))
        for _ in range(times):
            found["libraries"].append(moments(LIBRARIES, IMPORTED, folder)["imported"])
            for moment, spent in moments(job, STARTED, folder).items():
                found[moment].append(spent)
    medians = {
        of: Spent(statistics.median(s.wall for s in all_of), statistics.median(s.cpu for s in all_of))
        for of, all_of in found.items()
    }
    base = medians["libraries"]
    return {
        "times": times,
        "loadBefore": round(load, 1),
        **{
            of: {
                "seconds": round(spent.wall, 2),
                "cpuSeconds": round(spent.cpu, 2),
                "ratio": round(spent.wall / base.wall, 2),
                "cpuRatio": round(spent.cpu / base.cpu, 2),
            }
            for of, spent in medians.items()
        },
    }


def moments(arguments: Sequence[str], marks: Mapping[str, Sequence[str]], cache: Path) -> dict[str, Spent]:
    """Run Python until it has written the last of some lines, and end it.

    Parameters
    ----------
    arguments
        Of the interpreter.
    marks
        What a line holds that tells of a moment, by the moment's name, in their order.
    cache
        The Job's folder for downloads and states.

    """
    left, found = dict(marks), dict[str, Spent]()
    environment = {**os.environ, "UNLEARN_CACHE_DIR": str(cache)}
    started = time.monotonic()
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            for moment in [name for name, parts in left.items() if all(part in line for part in parts)]:
                times = psutil.Process(process.pid).cpu_times()
                found[moment] = Spent(time.monotonic() - started, times.user + times.system)
                del left[moment]
            if not left:
                break
        process.kill()
    if left:
        raise SystemExit(f"it ended before it had {', '.join(left)}: {''.join(lines)[-2000:]}")
    return found


if __name__ == "__main__":
    main()
