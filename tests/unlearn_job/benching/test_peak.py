from __future__ import annotations

import gc
import sys

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from unlearn_job.benching import peak  # noqa: E402


def test_a_run_is_measured_by_itself() -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux can begin anew")
    device = torch.device("cpu")
    # What other tests left may go at any time, and the system may take mapped files back: far less than this.
    gc.collect()
    peak.reset(device)
    before = peak.mebibytes(device)
    large = torch.ones(512 * peak.MEBIBYTE // 4)
    assert peak.mebibytes(device) >= before + 60
    del large
    peak.reset(device)
    assert peak.mebibytes(device) < before + 60
