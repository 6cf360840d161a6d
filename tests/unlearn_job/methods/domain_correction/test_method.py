from __future__ import annotations

import pytest
import torch

from tests.unlearn_job import tiny
from tests.unlearn_job.methods import tasks
from unlearn_job.methods.domain_correction import method
from unlearn_job.methods.domain_correction.config import Config
from unlearn_job.methods.domain_correction.method import erase, moves
from unlearn_job.methods.drawn import Drawn
from unlearn_job.methods.training import chance

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]

SMALL = {"shots": 2, "batch": 4, "retainPrompts": 4, "negatives": 0, "retainImages": 0}
LOOSE = {"driftBelow": "100", "abortAbove": "100"}


def test_embeddings_do_not_move() -> None:
    assert not [name for name in moves(tiny.encoder(), Config()) if "embedding" in name]


def test_the_encoder_rests_while_the_discriminator_learns_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    task = tasks.task(tiny.COMET)
    seen = []

    def stop(*_: object) -> None:
        seen.append(all(torch.equal(p, q) for p, q in zip(*_parameters(task), strict=True)))
        raise KeyboardInterrupt

    monkeypatch.setattr(method, "combine", stop)
    with pytest.raises(KeyboardInterrupt):
        erase(task, Config.model_validate({"discriminatorSteps": 3, "steps": 1, **SMALL, **LOOSE}))
    assert seen == [True]


def _parameters(task: object) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    return tuple([p.detach() for p in e.parameters()] for e in (task.encoder, task.start))  # type: ignore[return-value,attr-defined]


def test_training_makes_a_trained_discriminator_take_the_concept_for_the_anchor() -> None:
    torch.manual_seed(0)
    task = tasks.task(tiny.COMET)
    drawn = Drawn(task, 2, negatives=False)
    # An untrained U-Net's domains are no pictures: distances between them say nothing of who fools whom.
    last = {"discriminatorSteps": 30, "steps": 16, "checkEvery": 1000}
    settings = Config.model_validate({**last, **SMALL, **LOOSE})
    judge = method._Judge(drawn, settings)
    for index in range(40):
        judge.learn(judge.draw(chance(1, index)))
    scenes = judge.draw(chance(2, 0))
    before = float(judge.fooling_loss(scenes).detach())
    erase(task, settings)
    assert float(judge.fooling_loss(scenes).detach()) < before
