from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from unlearn_job.contract.figures import Tally  # noqa: E402
from unlearn_job.identifying import Identified  # noqa: E402


def test_the_answer_has_its_figures_beside_it() -> None:
    found = Identified(
        concept="cat",
        known=True,
        shown=Tally(hits=63, samples=64),
        false_positives=Tally(hits=1, samples=500),
        aliases=("tom", "puss"),
        neighbours=("fish",),
    )
    assert found.sentence() == (
        "cat is known: shown by 63 of 64 images [91.7, 99.7] %, and seen in 1 of 500 images of others; "
        "drawn by: tom, puss; near it: fish"
    )
    assert found.as_json()["falsePositives"]["samples"] == 500
