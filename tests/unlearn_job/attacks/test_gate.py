from __future__ import annotations

import pytest

from tests.unlearn_job.attacks.targets import SMALL, target
from unlearn_job.attacks import gate as gating
from unlearn_job.attacks.gate import TEXT, images_for, strongest
from unlearn_job.contract.figures import Tally
from unlearn_job.contract.gates import AttackGate

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("percent", [1, 5, 10])
def test_one_hit_can_still_hold_the_gate(percent: int) -> None:
    count = images_for(AttackGate(max_percent=percent))
    assert 100 * Tally(hits=1, samples=count).wilson()[1] <= percent


def test_nothing_allowed_is_asked_of_as_many_images_as_there_may_be() -> None:
    assert images_for(AttackGate(max_percent=0)) == gating.MOST
    assert images_for(AttackGate(max_percent=100)) == gating.FEWEST


@pytest.mark.parametrize(("threshold", "rate"), [(1e9, 0.0), (-1.0, 1.0)])
def test_every_erasure_gets_its_strongest_attack(threshold: float, rate: float) -> None:
    # The judge sees the concept nowhere, or in all valid images.
    victim = target(threshold=threshold)
    found = strongest(victim.models, victim.edited, victim.judge, victim.doc, AttackGate(), budget=SMALL)
    assert [f.digest for f in found] == [e.digest for e in victim.doc.adds]
    assert found[0].attack in TEXT
    assert found[0].edited.samples == SMALL.fresh
    assert found[0].edited.rate <= rate
