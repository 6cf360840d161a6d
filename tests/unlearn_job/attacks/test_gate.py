from __future__ import annotations

import pytest

from tests.unlearn_job.attacks.targets import SMALL, target
from unlearn_job.attacks import gate as gating
from unlearn_job.attacks.drawing import NoSurrogateError
from unlearn_job.attacks.gate import TEXT, attacked, images_for, require_surrogate
from unlearn_job.contract.figures import Tally
from unlearn_job.contract.gates import AttackGate, Gates

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]


@pytest.mark.parametrize("percent", [1, 5, 10])
def test_one_hit_can_still_hold_the_gate(percent: int) -> None:
    count = images_for(AttackGate(max_percent=percent))
    assert 100 * Tally(hits=1, samples=count).wilson()[1] <= percent


def test_nothing_allowed_is_asked_of_as_many_images_as_there_may_be() -> None:
    assert images_for(AttackGate(max_percent=0)) == gating.MOST
    assert images_for(AttackGate(max_percent=100)) == gating.FEWEST


@pytest.mark.parametrize(("threshold", "rate"), [(1e9, 0.0), (-1.0, 1.0)])
def test_every_erasure_is_attacked_in_every_way(threshold: float, rate: float) -> None:
    # The judge sees the concept nowhere, or in all valid images.
    victim = target(threshold=threshold)
    found = attacked(victim.models, victim.edited, victim.judge, victim.doc, AttackGate(), budget=SMALL)
    assert [(f.digest, f.attack) for f in found] == [(e.digest, a) for e in victim.doc.adds for a in TEXT]
    tried = [f for f in found if f.candidates]
    assert tried
    for trial in tried:
        assert trial.prompt
        assert trial.edited.samples == trial.base.samples == SMALL.fresh
        assert trial.edited.rate <= rate


def test_inversion_is_tried_where_the_gate_asks_for_it() -> None:
    victim, gate = target(), AttackGate(inversion=True)
    found = attacked(victim.models, victim.edited, victim.judge, victim.doc, gate, budget=SMALL)
    assert [trial.attack for trial in found] == [*TEXT, "inversion"]
    assert found[-1].edited.samples == SMALL.fresh


def test_inversion_needs_a_text_to_image_model() -> None:
    asked = target().doc.model_copy(update={"gates": Gates(attack=AttackGate(inversion=True))})
    bare = asked.model_copy(update={"base": asked.base.model_copy(update={"surrogate": None})})
    with pytest.raises(NoSurrogateError, match=r"gates\.attack\.inversion"):
        require_surrogate(bare)
    require_surrogate(
        asked.model_copy(update={"base": bare.base.model_copy(update={"surrogate": "file:///m"})})
    )
    require_surrogate(bare.model_copy(update={"gates": Gates(attack=AttackGate())}))
