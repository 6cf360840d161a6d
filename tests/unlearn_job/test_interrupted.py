"""Ctrl-C in the middle of a training, and the same command again: the bytes of a run that nobody stopped."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import torch

from tests.unlearn_job import folders
from unlearn_job.cli import app
from unlearn_job.contract.method import MethodSpec
from unlearn_job.contract.result import JobResult
from unlearn_job.progress import show_progress
from unlearn_job.shell import INTERRUPTED, entered

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]
STEPS = 12
STOP_AT = 7
"""Optimiser step in the middle of which the key is pressed."""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("UNLEARN_CACHE_DIR", str(tmp_path / "cache"))
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    show_progress(on=False)


def pressing(monkeypatch: pytest.MonkeyPatch, *, at: int | None) -> list[int]:
    """Press Ctrl-C once, while Adam takes a step; return the steps that it takes."""
    steps: list[int] = []
    step = torch.optim.Adam.step

    def interrupted(adam: torch.optim.Adam, *arguments: Any) -> Any:
        steps.append(len(steps) + 1)
        if steps[-1] == at:
            os.kill(os.getpid(), signal.SIGINT)
        return step(adam, *arguments)

    monkeypatch.setattr(torch.optim.Adam, "step", interrupted)
    return steps


Build = Callable[[str, str], tuple[int, str]]
"""From a method and a folder for releases to exit code and output."""


@pytest.fixture
def build(tiny_models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Build:
    def built(method: str, where: str) -> tuple[int, str]:
        parameters = {"steps": STEPS, "warmUp": 2, "driftBelow": 100, "abortAbove": 1000}
        spec = MethodSpec(name=method, parameters=parameters)
        document = folders.document(tiny_models, f"file://{tmp_path / where}", method=spec)
        code = entered(app, ["run", str(folders.write(document, tmp_path)), "-o", "json"])
        output = capsys.readouterr()
        assert code in {0, INTERRUPTED}, output.err
        return code, output.out

    return built


def test_what_was_trained_is_not_trained_again_after_a_probe_that_was_stopped(
    build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_arguments: object, **_more: object) -> None:
        raise KeyboardInterrupt

    _, whole = build("redirect", "whole")
    steps = pressing(monkeypatch, at=None)
    with monkeypatch.context() as patch:
        patch.setattr("unlearn_job.run.probe", stopped)
        assert build("redirect", "interrupted") == (INTERRUPTED, "")
    assert len(steps) == STEPS
    code, resumed = build("redirect", "interrupted")
    assert code == 0
    assert len(steps) == STEPS
    assert JobResult.from_json(resumed).encoder_sha256 == JobResult.from_json(whole).encoder_sha256
    assert not [*tmp_path.glob("cache/states/*")]


@pytest.mark.parametrize("method", ["redirect", "bounded"])
def test_the_same_command_goes_on_and_gives_the_same_bytes(
    method: str, build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, whole = build(method, "whole")
    steps = pressing(monkeypatch, at=STOP_AT)
    assert build(method, "interrupted") == (INTERRUPTED, "")
    assert len(steps) == STOP_AT
    assert not [*tmp_path.glob("interrupted/**/manifest.json")]
    assert [*tmp_path.glob("cache/states/*/training.safetensors")]
    code, resumed = build(method, "interrupted")
    assert code == 0
    # It went on, and did not start anew.
    assert len(steps) == STEPS
    expected, found = (JobResult.from_json(text) for text in (whole, resumed))
    assert found.encoder_sha256 == expected.encoder_sha256
    weights = [
        next(tmp_path.glob(f"{where}/**/model.safetensors")).read_bytes()
        for where in ("whole", "interrupted")
    ]
    assert weights[0] == weights[1]
    assert not [*tmp_path.glob("cache/states/*")]
