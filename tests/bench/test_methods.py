"""The bench of methods on the trained testbed, as small as a probe may be."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import structlog

pytestmark = pytest.mark.torch

SMALL = ["--images", "8", "--clips", "4", "--kept", "24", "--threads", "1"]


def test_a_method_is_measured_once_and_summed_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bench import methods, testbed
    from tests.unlearn_job.few import make_few
    from unlearn_job.benching.tabular import read
    from unlearn_job.progress import show_progress

    monkeypatch.setattr(testbed, "FRAMES", 2)
    monkeypatch.setattr(testbed, "STEPS", 4)
    make_few(monkeypatch)
    line = ["--methods", "closed-form", "--concepts", "cat", *SMALL, "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["methods", *line])
    try:
        methods.main()
        (row,) = read(tmp_path / "runs.csv")
        assert (row["method"], row["concept"], row["seed"]) == ("closed-form", "cat", "0")
        # The cat is gone: by chance, an untouched encoder would show it in none of these once in 10^6 times.
        assert int(row["images"]) <= 1
        assert int(row["clips"]) <= 1
        assert int(row["preserved"]) >= 0.8 * int(row["preservedBase"])
        assert "cat | closed-form | 0" in (tmp_path / "README.md").read_text()
        before = (tmp_path / "runs.csv").read_bytes()
        methods.main()
        assert (tmp_path / "runs.csv").read_bytes() == before
    finally:
        structlog.reset_defaults()
        show_progress(on=False)


def test_the_papers_rate_is_replaced_on_the_testbed_alone() -> None:
    from bench.methods import PARAMETERS
    from unlearn_job.methods import configs

    for name, parameters in PARAMETERS.items():
        assert configs()[name].model_validate(parameters) != configs()[name]()
