"""The command answers at once where it can, with an exit code that Kubernetes and people understand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def run(*args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    home = {"HOME": environment.pop("HOME", "/nonexistent"), "PATH": str(Path(sys.executable).parent)}
    return subprocess.run(
        [sys.executable, "-m", "inference.main", *args],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=home | environment,
        cwd=Path(__file__).parents[2],
    )


def test_help_names_the_options() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert "--text-encoder" in done.stdout


def test_without_a_pipeline_the_configuration_is_wrong() -> None:
    done = run()
    assert done.returncode == 78
    assert "PIPELINE_SOURCE" in done.stderr


def test_help_does_not_load_torch() -> None:
    code = "import sys, inference.main; sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0


@pytest.mark.torch
def test_a_pipeline_that_is_not_there_ends_it_with_one_sentence(tmp_path: Path) -> None:
    done = run("--pipeline", str(tmp_path / "nowhere"), HOME=str(tmp_path))
    assert done.returncode == 78
    assert "there is no model at file://" in done.stderr
    assert "Traceback" not in done.stderr


def test_sigterm_counts_before_anything_is_loaded() -> None:
    # Without a handler a container's first process ignores it; here it would end with -15.
    code = (
        "import signal, inference.main as command;"
        "command.app = lambda **_: signal.raise_signal(signal.SIGTERM);"
        "command.main()"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
