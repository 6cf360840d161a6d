from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import pytest
from rich.console import Console

from lab import testing
from lab.kubectl import wait_until
from lab.testing import GIVES_WAY, ON_CLUSTER, QUICK, Beside, giving_way

ROOT = Path(__file__).resolve().parents[2]


def test_every_test_is_in_one_of_the_runs() -> None:
    assert QUICK[1] == "not cluster"
    files = [path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py")]
    on_cluster = [file for file in files if "pytest.mark.cluster\n" in (ROOT / file).read_text()]
    assert on_cluster
    for file in on_cluster:
        runs = [run for run in ON_CLUSTER if run[:2] == ("-m", "cluster") and takes(run, file)]
        assert len(runs) == 1, file


def test_a_run_that_was_killed_fails_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(arguments: Sequence[str], output: IO[str] | None = None) -> subprocess.Popen[bytes]:
        killed = "tests/lab" in arguments
        program = "import os; os.kill(os.getpid(), 9)" if killed else ""
        return subprocess.Popen([sys.executable, "-c", program], start_new_session=output is not None)

    monkeypatch.setattr(testing, "_pytest", run)
    monkeypatch.setattr(testing, "why_no_site", lambda: None)
    monkeypatch.setattr(testing, "open_site", lambda _console: None)
    assert testing.main() == -9


def takes(run: Sequence[str], file: Path) -> bool:
    ignored = [Path(part.removeprefix("--ignore=")) for part in run if part.startswith("--ignore=")]
    named = [Path(part) for part in run if part.startswith("tests")]

    def among(places: Sequence[Path]) -> bool:
        return any(place in (file, *file.parents) for place in places)

    return among(named) and not among(ignored)


@pytest.mark.parametrize("code", [0, 3])
def test_a_run_beside_is_shown_whole_with_its_exit_code(code: int) -> None:
    screen = io.StringIO()
    program = f"import sys; print('[red] 1 passed'); sys.exit({code})"
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen([sys.executable, "-c", program], stdout=output, stderr=subprocess.STDOUT)
        assert Beside(process, output, Console(file=screen)).wait() == code
    assert "[red] 1 passed" in screen.getvalue()


def test_a_run_that_gives_way_hears_a_stop() -> None:
    program = "import os, time; print(os.getpriority(os.PRIO_PROCESS, 0), flush=True); time.sleep(60)"
    screen = io.StringIO()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", f"input(); {program}"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        beside = Beside(giving_way(process), output, Console(file=screen))
        assert process.stdin
        process.stdin.write(b"now\n")
        process.stdin.close()
        wait_until("it to start", lambda: os.pread(output.fileno(), 9, 0) == f"{GIVES_WAY}\n".encode(), 20)
        beside.stop()
    assert process.returncode != 0
    assert "KeyboardInterrupt" in screen.getvalue()
