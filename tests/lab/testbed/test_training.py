from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from torch import nn  # noqa: E402

from lab.testbed import training  # noqa: E402


def fit_line(folder: Path, steps: int = 400, fail_at: int | None = None) -> nn.Linear:
    torch.manual_seed(0)
    line = nn.Linear(1, 1)
    x = torch.linspace(-1, 1, 16)[:, None]

    def loss_of(step: int) -> torch.Tensor:
        if step == fail_at:
            raise KeyboardInterrupt
        return ((line(x) - (2 * x + 1)) ** 2).mean()

    training.fit("line", [(line, 0.1)], loss_of, steps=steps, folder=folder, decay=0.9)
    return line


def test_a_line_is_learnt(tmp_path: Path) -> None:
    line = fit_line(tmp_path)
    assert line.weight.item() == pytest.approx(2, abs=0.05)
    assert line.bias.item() == pytest.approx(1, abs=0.05)
    assert not line.training


def test_a_broken_off_stage_ends_as_if_it_never_was(tmp_path: Path) -> None:
    whole = fit_line(tmp_path / "whole") if (tmp_path / "whole").mkdir() is None else None
    (tmp_path / "broken").mkdir()
    with pytest.raises(KeyboardInterrupt):
        fit_line(tmp_path / "broken", fail_at=350)
    assert (tmp_path / "broken" / "line.partial.pt").exists()
    again = fit_line(tmp_path / "broken")
    assert torch.equal(again.weight, whole.weight)
    assert not (tmp_path / "broken" / "line.partial.pt").exists()


def test_a_finished_stage_is_loaded(tmp_path: Path) -> None:
    first = fit_line(tmp_path)
    second = fit_line(tmp_path, fail_at=0)
    assert torch.equal(first.weight, second.weight)
    other = nn.Linear(1, 1)
    training.restore("line", [other], tmp_path)
    assert torch.equal(first.weight, other.weight)


def test_an_unfinished_stage_cannot_be_restored(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        training.restore("line", [nn.Linear(1, 1)], tmp_path)


def test_a_loss_that_is_not_finite_stops_the_stage(tmp_path: Path) -> None:
    line = nn.Linear(1, 1)
    with pytest.raises(FloatingPointError, match="step 0"):
        training.fit("bad", [(line, 0.1)], lambda _: line.weight.sum() / 0, steps=100, folder=tmp_path)


def test_alone_a_process_is_the_first_and_takes_whole_batches() -> None:
    assert training.rank() == 0
    assert training.share(64) == 64
