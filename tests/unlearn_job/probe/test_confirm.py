from __future__ import annotations

import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.contract.figures import RetentionFigures, Tally
from unlearn_job.contract.gates import FEWEST_OF_ONE
from unlearn_job.generate import Pixels
from unlearn_job.models import Models
from unlearn_job.probe import identify, probe

pytestmark = pytest.mark.torch

DOC = tiny.document(tiny.erasure(tiny.COMET, tiny.WHALE, tiny.FISH))


class Blinded(tiny.Eyes):
    """Sees everything in the base's pictures; told so, it no longer sees the fish, or the last of them."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.hidden, self.after = hidden, False

    def look(self, images: Pixels) -> torch.Tensor:
        return torch.ones(len(images), 1)

    def decide(self, looks: torch.Tensor, concept: object, among: object) -> torch.Tensor:
        del among
        found = torch.ones(len(looks), dtype=torch.bool)
        if self.after and concept == tiny.FISH:
            found[: self.hidden] = False
        return found


def measured(models: Models, hidden: int) -> tuple[RetentionFigures | None, ...]:
    judge = Blinded(hidden)
    base = identify(models, judge, DOC)
    judge.after = True
    rows = {row.concept: row for row in probe(models, models.base_encoder, judge, DOC, base).rows}
    assert rows["fish"].images.samples == 8
    return rows["fish"].confirmed, rows["captain whale"].confirmed


def test_a_concept_that_seems_lost_is_drawn_until_it_can_be_held_to_the_gate() -> None:
    fish, whale = measured(tiny.models(), hidden=8)
    assert whale is None
    assert fish is not None
    assert fish.base.samples == fish.erased.samples == FEWEST_OF_ONE
    # The judge that hides the fish sees the base's further pictures too: what counts is that both are drawn.
    assert fish.erased == Tally(hits=8, samples=24)


def test_where_nothing_is_lost_nothing_more_is_drawn() -> None:
    assert measured(tiny.models(), hidden=0) == (None, None)
