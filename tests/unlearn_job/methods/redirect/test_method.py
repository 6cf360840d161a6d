from __future__ import annotations

import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.contract.concept import ConceptKind
from unlearn_job.methods.redirect.config import Config
from unlearn_job.methods.redirect.method import moves
from unlearn_job.methods.states import hidden_states
from unlearn_job.methods.stopping import DriftError
from unlearn_job.methods.tokens import stack, tokenise
from unlearn_job.prompts import fill
from unlearn_job.unlearn import unlearn

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]

SMALL = {"negatives": 8, "conceptPrompts": 8, "retainPrompts": 8}


def test_embeddings_do_not_move() -> None:
    named = moves(tiny.encoder(), Config())
    assert "encoder.layers.0.self_attn.q_proj.weight" in named
    assert not [name for name in named if "embedding" in name]


@torch.no_grad()
def _state(encoder: torch.nn.Module, name: str) -> torch.Tensor:
    tokens = tokenise(tiny.tokenizer(), fill("a picture of {}", name, ConceptKind.CHARACTER))
    return hidden_states(encoder, stack([tokens]))[0, tokens.stop - 1]


def test_the_name_comes_nearer_to_its_anchor() -> None:
    models = tiny.models()
    parameters = {"steps": 40, "driftBelow": "100", "abortAbove": "100", **SMALL}
    doc = tiny.document(tiny.erasure(tiny.COMET, tiny.WHALE), method="redirect", parameters=parameters)
    new = unlearn(models, doc)
    anchor = _state(models.base_encoder, "a figure")
    before = (_state(models.base_encoder, "captain comet") - anchor).norm()
    assert (_state(new, "captain comet") - anchor).norm() < 0.95 * before


def test_it_ends_as_soon_as_the_concept_counts_as_erased() -> None:
    ends = {"steps": 200, "checkEvery": 1, "erasedAt": "1", "driftBelow": "100", "abortAbove": "100"}
    models = tiny.models()
    doc = tiny.document(tiny.erasure(tiny.COMET, tiny.WHALE), method="redirect", parameters={**ends, **SMALL})
    once = {**doc.method.parameters, "steps": 1, "warmUp": 10}
    one = tiny.weights(unlearn(models, doc))
    other = tiny.weights(
        unlearn(models, doc.model_copy(update={"method": doc.method.model_copy(update={"parameters": once})}))
    )
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_bound_that_no_state_holds_is_an_error() -> None:
    parameters = {"steps": 4, "learningRate": "0.1", "driftBelow": "0.0001", "checkEvery": 1, **SMALL}
    doc = tiny.document(tiny.erasure(tiny.COMET, tiny.WHALE), method="redirect", parameters=parameters)
    with pytest.raises(DriftError, match="raise retainMass"):
        unlearn(tiny.models(), doc)
