from __future__ import annotations

import copy

import pytest
import torch

from tests.unlearn_job import tiny
from tests.unlearn_job.methods.robust.erased import erasing, trained
from unlearn_job.attacks.soft import STARTS
from unlearn_job.erasing import Vectors
from unlearn_job.methods.robust import soft
from unlearn_job.methods.robust.soft import soft_tokens
from unlearn_job.methods.states import hidden_states, token_table
from unlearn_job.prompts import Prompt
from unlearn_job.retain import as_batch, as_reading

pytestmark = pytest.mark.torch
COMET = Prompt("a picture of", "captain comet", "")


def _apart(encoder: torch.nn.Module, vectors: Vectors) -> float:
    """Return how far soft tokens are from what the name gives in the parent, where the name is known."""
    models = trained()
    readings = [as_reading(models.tokenizer, COMET, some) for some in (vectors, ())]
    batches = [as_batch([one], token_table(encoder).weight) for one in readings]
    with torch.no_grad():
        now = hidden_states(encoder, batches[0].ids, batches[0].embeddings)
        wanted = hidden_states(models.start_encoder, batches[1].ids)
    return float((now - wanted)[:, readings[0].tokens.start :].norm())


def test_they_are_read_as_the_name_was_by_an_encoder_that_lost_it(monkeypatch: pytest.MonkeyPatch) -> None:
    models = trained()
    lost = copy.deepcopy(models.start_encoder)
    with torch.no_grad():
        table = token_table(lost).weight
        comet, fish = (models.tokenizer(w, add_special_tokens=False).input_ids[0] for w in ("comet", "fish"))
        table[comet] = table[fish]
    before = tiny.weights(lost)
    prompts = [pair.own for pair in erasing().pairs[:4]]
    found = list(soft_tokens(lost, models.start_encoder, models.tokenizer, prompts, seed=3))
    assert len(found) == len(set(found)) == len(STARTS)
    assert {len(vectors) for vectors in found} == {2}
    assert min(_apart(lost, vectors) for vectors in found) < 0.3 * _apart(lost, ())
    assert found == list(soft_tokens(lost, models.start_encoder, models.tokenizer, prompts, seed=3))
    assert all(torch.equal(before[name], value) for name, value in tiny.weights(lost).items())
    monkeypatch.setattr(soft, "STEPS", 1)
    barely = list(soft_tokens(lost, models.start_encoder, models.tokenizer, prompts, seed=3))
    assert all(_apart(lost, a) < _apart(lost, b) for a, b in zip(found, barely, strict=True))
