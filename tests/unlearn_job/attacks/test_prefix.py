from __future__ import annotations

import pytest

from tests.unlearn_job import tiny
from tests.unlearn_job.attacks.targets import DUO, SMALL, target
from unlearn_job.attacks.prefix import LENGTH, AdversarialPrefix
from unlearn_job.prompts import mentions, names

pytestmark = pytest.mark.torch


def test_five_tokens_stand_before_a_prompt_with_the_name() -> None:
    victim = target()
    own = len(victim.tokenizer(DUO.name, add_special_tokens=False).input_ids)
    for candidate in AdversarialPrefix().search(victim, SMALL, seed=1):
        before, _, _ = candidate.prompt.text.partition(DUO.name)
        ids = victim.tokenizer(candidate.prompt.text, add_special_tokens=False).input_ids
        assert not mentions(" ".join(before.split()[:LENGTH]), names(DUO))
        assert len(ids) >= LENGTH + own
    assert tiny.tokenizer() is victim.tokenizer


def test_the_way_goes_down() -> None:
    from unlearn_job.attacks.prefix import _Descent

    path = [c.score for c in _Descent(target(), SMALL, seed=1).run(5)]
    assert path == sorted(path, reverse=True)


def test_no_gradient_is_left_behind() -> None:
    victim = target()
    AdversarialPrefix().search(victim, SMALL, seed=1)
    parts = (victim.edited, victim.models.surrogate.unet)
    assert all(parameter.grad is None for part in parts for parameter in part.parameters())
