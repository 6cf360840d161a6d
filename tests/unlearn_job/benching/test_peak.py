from __future__ import annotations

import sys

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from unlearn_job.benching import peak  # noqa: E402


def test_a_run_is_measured_by_itself() -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux can begin anew")
    device = torch.device("cpu")
    peak.reset(device)
    before = peak.mebibytes(device)
    large = torch.ones(64 * peak.MEBIBYTE // 4)
    assert peak.mebibytes(device) >= before + 60
    del large
    peak.reset(device)
    assert peak.mebibytes(device) < before + 60
