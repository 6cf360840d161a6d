from __future__ import annotations

import pytest

from unlearn_job.contract.figures import Tally
from unlearn_job.contract.neighbours import FoundNeighbour


@pytest.mark.parametrize(("hits", "known"), [(5, True), (4, False), (0, False)])
def test_what_the_base_does_not_draw_cannot_be_kept(hits: int, known: bool) -> None:
    shown = Tally(hits=hits, samples=8)
    one = FoundNeighbour(digest="a" * 64, name="fish", shown=shown, by_text=True, by_image=False)
    assert one.known is known
