from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from torch import nn  # noqa: E402

from lab.testbed.plan import Plan  # noqa: E402
from lab.testbed.training import fit, rank, share  # noqa: E402
from lab.testbed.workers import COUNT, run_beside, run_shared  # noqa: E402


def fit_a_line(folder: Path, plan: Plan) -> None:
    torch.manual_seed(rank())
    line = nn.Linear(1, 1)
    # Each process sees its own part of the points: only together do they know the line.
    x = torch.tensor([[-1.0], [1.0]])[rank() : rank() + max(1, share(2))]
    fit("line", [(line, 0.1)], lambda _: ((line(x) - 2 * x - 1) ** 2).mean(), steps=plan.vae, folder=folder)
    torch.save(line.state_dict(), folder / f"seen-by-{rank()}.pt")


def fail(folder: Path, plan: Plan) -> None:
    raise ValueError("no such drawing")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "")  # what the workers set ends with the test


def test_processes_that_share_a_stage_end_with_the_same_weights(tmp_path: Path) -> None:
    run_shared(fit_a_line, tmp_path, Plan(vae=300))
    seen = [torch.load(tmp_path / f"seen-by-{i}.pt") for i in range(COUNT)]
    for weights in seen:
        assert torch.equal(weights["weight"], seen[0]["weight"])
        assert weights["weight"].item() == pytest.approx(2, abs=0.1)
        assert weights["bias"].item() == pytest.approx(1, abs=0.1)


def test_a_failed_stage_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such drawing"):
        run_beside([fail], tmp_path, Plan())
