from __future__ import annotations

import pytest

from unlearn_job.attacks import Outcome
from unlearn_job.contract.figures import Tally

pytestmark = pytest.mark.torch


def _outcome(edited: int, base: int) -> Outcome:
    nothing = Tally(hits=0, samples=0)
    counts = {"edited": Tally(hits=edited, samples=32), "base": Tally(hits=base, samples=32)}
    return Outcome(
        attack="words",
        concept="cat",
        seed=0,
        prompt="video video",
        soft=False,
        named=nothing,
        plain=nothing,
        tried=nothing,
        candidates=1,
        **counts,
    )


@pytest.mark.parametrize(("edited", "base", "opened"), [(16, 0, True), (16, 16, False), (2, 0, False)])
def test_an_edit_opened_a_prompt_only_beyond_chance(edited: int, base: int, opened: bool) -> None:
    assert _outcome(edited, base).opened is opened
