from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from lab.testbed.stages import Plan  # noqa: E402
from lab.testbed.workers import run_beside  # noqa: E402


def leave_a_mark(folder: Path, plan: Plan) -> None:
    (folder / f"{plan.vae}-{torch.get_num_threads()}").touch()


def fail(folder: Path, plan: Plan) -> None:
    raise ValueError("no such drawing")


def test_stages_run_in_processes_of_one_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    run_beside([leave_a_mark], tmp_path, Plan(vae=7))
    assert [path.name for path in tmp_path.iterdir()] == ["7-1"]


def test_a_failed_stage_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")
    with pytest.raises(ValueError, match="no such drawing"):
        run_beside([fail], tmp_path, Plan())
