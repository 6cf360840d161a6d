from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.contract.concept import KeptConcept
from unlearn_job.contract.document import ExtraWording
from unlearn_job.probe import identify

pytestmark = pytest.mark.torch

DOC = tiny.document(tiny.erasure(tiny.COMET, tiny.WHALE, tiny.FISH), holdout=(tiny.MOSAIC,))


class Blind(tiny.Eyes):
    """Sees the named concepts in every picture, and no others."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.names = names

    def decide(self, looks: torch.Tensor, concept: KeptConcept, among: object) -> torch.Tensor:
        del among
        return torch.full((len(looks),), concept.name in self.names)


def test_erased_and_kept_concepts_are_drawn_with_the_base() -> None:
    base = identify(tiny.models(), tiny.Eyes(), DOC)
    assert {name: len(seen.asked) for name, seen in base.seen.items()} == {
        "captain comet": 8,
        "captain whale": 5,
        "fish": 5,
        "mosaic": 5,
    }
    assert set(base.false_positives) == {"captain comet"}
    assert base.false_positives["captain comet"].samples == 10  # the style is no sibling


@pytest.mark.parametrize(
    "judge",
    [Blind(), Blind("captain comet")],
    ids=["never seen", "seen in every picture, its siblings' too"],
)
def test_a_concept_that_the_model_does_not_draw_is_not_present(judge: Blind) -> None:
    more = {"wordings": (ExtraWording.COMPOSITIONAL,)}
    doc = DOC.model_copy(update={"probe": DOC.probe.model_copy(update=more)})
    base = identify(tiny.models(), judge, doc)
    assert base.not_present == (DOC.adds[0].digest,)
    assert not base.extra
    # Whoever measures anybody's encoder wants all the same.
    whole = identify(tiny.models(), judge, doc, whole=True)
    assert (whole.not_present, [*whole.extra]) == (base.not_present, ["captain comet"])


class Sharp(Blind):
    """Sees a concept in its own pictures alone, told by their number: 8, and 5 of each other one."""

    def decide(self, looks: torch.Tensor, concept: KeptConcept, among: object) -> torch.Tensor:
        return super().decide(looks, concept, among) & (len(looks) == 8)


def test_a_concept_that_its_siblings_do_not_show_is_present() -> None:
    base = identify(tiny.models(), Sharp("captain comet"), DOC)
    assert base.false_positives["captain comet"].hits == 0
    assert base.seen["captain comet"].shown().hits == 8
    assert base.not_present == ()


def test_without_a_surrogate_frames_of_clips_stand_for_images() -> None:
    base = identify(tiny.models(surrogate=False), tiny.Eyes(), DOC)
    assert base.seen["captain comet"].pixels.shape == (8, 1, 16, 16, 3)


def test_a_concepts_images_stay_when_another_one_joins() -> None:
    more = tiny.document(
        *DOC.adds, tiny.erasure(tiny.CAT, tiny.FISH), holdout=(tiny.MOSAIC,), probe={"retention_images": 20}
    )
    one = identify(tiny.models(), tiny.Eyes(), DOC).seen["captain comet"].pixels
    other = identify(tiny.models(), tiny.Eyes(), more).seen["captain comet"].pixels
    assert np.abs(one.astype(int) - other.astype(int)).max() <= 1


def test_the_base_encoder_is_probed_and_not_the_parents() -> None:
    models = tiny.models()
    with_parent = dataclasses.replace(models, start_encoder=tiny.encoder(seed=4))
    one, other = (identify(m, tiny.Eyes(), DOC).seen["fish"].pixels for m in (models, with_parent))
    assert np.array_equal(one, other)
