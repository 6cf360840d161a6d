from __future__ import annotations

import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.contract.concept import ConceptKind
from unlearn_job.methods.redirect.config import Config
from unlearn_job.methods.redirect.method import _rate, moves
from unlearn_job.methods.states import hidden_states
from unlearn_job.methods.tokens import stack, tokenise
from unlearn_job.prompts import fill
from unlearn_job.unlearn import unlearn

pytestmark = pytest.mark.torch


def test_the_rate_rises_and_falls_to_a_tenth() -> None:
    settings = Config(steps=40, warm_up=10)
    rates = [_rate(step, settings) for step in range(41)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == 1.0
    assert rates[40] == pytest.approx(0.1)


def test_embeddings_do_not_move() -> None:
    named = moves(tiny.encoder(), Config())
    assert "encoder.layers.0.self_attn.q_proj.weight" in named
    assert not [name for name in named if "embedding" in name]


@torch.no_grad()
def test_the_name_comes_nearer_to_its_anchor() -> None:
    models = tiny.models()
    parameters = {"steps": 40, "negatives": 8, "conceptPrompts": 8, "retainPrompts": 8}
    with torch.enable_grad():
        new = unlearn(
            models,
            tiny.document(tiny.erasure(tiny.COMET, tiny.WHALE), method="redirect", parameters=parameters),
        )

    def state(encoder: object, name: str) -> torch.Tensor:
        tokens = tokenise(tiny.tokenizer(), fill("a picture of {}", name, ConceptKind.CHARACTER))
        return hidden_states(encoder, stack([tokens]))[0, tokens.stop - 1]

    anchor = state(models.base_encoder, "a figure")
    before = (state(models.base_encoder, "captain comet") - anchor).norm()
    assert (state(new, "captain comet") - anchor).norm() < 0.95 * before
