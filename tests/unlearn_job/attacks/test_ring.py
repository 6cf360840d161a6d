from __future__ import annotations

import dataclasses

import pytest
import torch

from tests.unlearn_job import tiny
from tests.unlearn_job.attacks.targets import DUO, SMALL, target
from unlearn_job.attacks.ring import RingABell
from unlearn_job.attacks.screen import encoded
from unlearn_job.prompts import fill

pytestmark = pytest.mark.torch


def test_the_edited_encoder_is_not_asked() -> None:
    victim = target()
    other = dataclasses.replace(victim, edited=tiny.encoder(seed=5))
    assert RingABell().search(victim, SMALL, 1) == RingABell().search(other, SMALL, 1)


def test_the_wanted_states_go_from_the_anchor_along_the_concepts_direction() -> None:
    victim = target()
    templates = victim.templates.training(DUO.kind)
    named, plain = (
        encoded(victim.base, victim.tokenizer, [fill(t, n, DUO.kind) for t in templates[:4]]).states
        for n in (DUO.name, "a figure")
    )
    none, one, two = (RingABell(strength=strength)._wanted(victim) for strength in (0.0, 1.0, 2.0))
    assert torch.allclose(none, plain[:1], atol=1e-5)
    assert torch.allclose(two - none, 2 * (one - none), atol=1e-4)
    along = torch.nn.functional.cosine_similarity(
        (one - none).flatten(), (named - plain).mean(0).flatten(), 0
    )
    assert along > 0.7


def test_a_style_is_measured_against_none() -> None:
    assert RingABell().search(target(tiny.SKETCH), SMALL, 1)
