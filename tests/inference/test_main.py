"""The command answers at once where it can, with an exit code that Kubernetes and people understand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from inference.main import serve
from unlearn_job.contract.document import Device


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
class TestRefusals:
    """In this process: what does not load torch again is tested above."""

    @pytest.fixture(autouse=True)
    def _log(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        for name in ("HF_HUB_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
            monkeypatch.setenv(name, "1")  # what the server sets ends with the test
        yield
        structlog.reset_defaults()

    def test_a_pipeline_that_is_not_there_is_one_sentence(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert serve(pipeline=str(tmp_path / "nowhere"), device=Device.CPU) == 78
        errors = capsys.readouterr().err
        assert "there is no model at file://" in errors
        assert "Traceback" not in errors

    def test_an_encoder_that_does_not_match_is_one_sentence(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from tests.inference import releases

        pipeline = releases.save_pipeline(tmp_path / "t2v")
        encoder = releases.save_release(tmp_path / "encoder", layers=2)
        assert serve(pipeline=str(pipeline), text_encoder=encoder, device=Device.CPU) == 78
        errors = capsys.readouterr().err
        last = json.loads(errors.strip().splitlines()[-1])
        assert last["reason"] == "EncoderRefused"
        assert "does not match the pipeline" in last["error"]
        assert "Traceback" not in errors


def test_sigterm_counts_before_anything_is_loaded() -> None:
    # Without a handler a container's first process ignores it; here it would end with -15.
    code = (
        "import signal, inference.main as command;"
        "command.app = lambda **_: signal.raise_signal(signal.SIGTERM);"
        "command.main()"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
