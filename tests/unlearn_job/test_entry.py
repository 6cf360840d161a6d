from __future__ import annotations

import subprocess
import sys

import pytest

STOPPED = """
import sys, types
class Loading(types.ModuleType):
    def __getattr__(self, name):
        raise KeyboardInterrupt
sys.modules["unlearn_job.cli"] = Loading("unlearn_job.cli")
from unlearn_job.entry import main
main()
"""


def test_ctrl_c_while_it_loads_ends_without_a_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STOPPED], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.parametrize("line", [["--help"], ["validate", "/nowhere.json"]])
def test_it_runs_the_command_line(line: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "unlearn_job.entry", *line],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == (0 if line == ["--help"] else 78)
    assert "unlearn-job" in done.stdout or "cannot read" in done.stderr
