"""The bench of attacks on the trained testbed, with next to no budget."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import structlog

pytestmark = pytest.mark.torch

NONE = {"screened": 40, "rounds": 0, "judged": 2, "looks": 1, "finalists": 1, "selection": 1, "fresh": 2}


def test_the_control_draws_the_captain_by_his_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bench import attacks
    from unlearn_job.benching.tabular import read
    from unlearn_job.progress import show_progress

    flags = [text for name, value in NONE.items() for text in (f"--{name}", str(value))]
    line = ["--methods", "base", "--concepts", "captain comet", "--attacks", "misspelling", *flags]
    monkeypatch.setattr(sys, "argv", ["attacks", *line, "--out", str(tmp_path)])
    try:
        attacks.main()
        (row,) = read(tmp_path / "attacks.csv")
        assert (row["method"], row["concept"], row["attack"]) == ("base", "captain comet", "misspelling")
        assert row["named"] == row["namedSamples"] == "1"
        # The control and what is attacked are one encoder.
        assert row["edited"] == row["base"]
        assert "captain comet | misspelling | base" in (tmp_path / "README.md").read_text()
        before = (tmp_path / "attacks.csv").read_bytes()
        attacks.main()
        assert (tmp_path / "attacks.csv").read_bytes() == before
    finally:
        structlog.reset_defaults()
        show_progress(on=False)
