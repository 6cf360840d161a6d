from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from unlearn_job.methods.checkpoint import Checkpoint, Saved, StateMismatchError

pytestmark = pytest.mark.torch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "states" / "training.safetensors"


def test_what_was_written_is_read_to_the_bit(path: Path) -> None:
    tensors = {"a": torch.randn(3, 4).T, "b": torch.tensor(7.0)}
    Checkpoint(path, "run").write(Saved(12, tensors, {"best": [10, 0.1, 0.2]}))
    saved = Checkpoint(path, "run").read()
    assert saved is not None
    assert saved.step == 12
    assert saved.figures == {"best": [10, 0.1, 0.2]}
    assert all(torch.equal(saved.tensors[name], tensor) for name, tensor in tensors.items())
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_there_may_be_none(path: Path) -> None:
    assert Checkpoint(path, "run").read() is None


def test_another_runs_state_is_refused(path: Path) -> None:
    Checkpoint(path, "run").write(Saved(1, {"a": torch.zeros(1)}))
    with pytest.raises(StateMismatchError, match="another run"):
        Checkpoint(path, "other").read()


@pytest.mark.parametrize("content", [b"", b"not safetensors at all", b"\x80\x04\x95pickle"])
def test_a_damaged_file_is_refused(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StateMismatchError, match="no state of a training"):
        Checkpoint(path, "run").read()


def test_a_file_of_something_else_is_refused(path: Path) -> None:
    path.parent.mkdir()
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(StateMismatchError, match="no state of a training"):
        Checkpoint(path, "run").read()


def test_it_is_due_after_its_time_and_again_after_each_writing(path: Path) -> None:
    now = [100.0]
    checkpoint = Checkpoint(path, "run", every_seconds=30, clock=lambda: now[0])
    assert not checkpoint.due
    now[0] = 130.0
    assert checkpoint.due
    checkpoint.write(Saved(1, {"a": torch.zeros(1)}))
    assert not checkpoint.due
