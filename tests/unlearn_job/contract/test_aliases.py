from __future__ import annotations

import pytest

from unlearn_job.contract.aliases import FoundAlias
from unlearn_job.contract.figures import Tally

SHOWN = [
    # hits of 12, needed; joins, alone
    (7, False, True, False),
    (6, False, False, False),
    (12, True, False, True),
    (3, True, False, False),
]


@pytest.mark.parametrize(("hits", "needed", "joins", "alone"), SHOWN)
def test_a_word_that_draws_the_concept_goes_everywhere_or_alone(
    hits: int, needed: bool, joins: bool, alone: bool
) -> None:
    found = FoundAlias(digest="a" * 64, name="comet", shown=Tally(hits=hits, samples=12), needed=needed)
    assert (found.joins, found.alone) == (joins, alone)
