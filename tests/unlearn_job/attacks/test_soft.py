from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.unlearn_job import tiny
from unlearn_job.attacks.soft import softened
from unlearn_job.methods.states import hidden_states, token_table
from unlearn_job.methods.tokens import Tokens, stack, tokenise
from unlearn_job.models import Models
from unlearn_job.prompts import Prompt
from unlearn_job.retain import Reading

pytestmark = pytest.mark.torch
COMET, WHALE = Prompt("a picture of", "captain comet", ""), Prompt("a picture of", "captain whale", "")


@pytest.fixture
def models() -> Models:
    return tiny.models()


def tokens(models: Models, prompt: Prompt = COMET) -> Tokens:
    return tokenise(models.tokenizer, prompt)


def read(models: Models, *prompts: Prompt) -> Tensor:
    """Return what the pipeline's encoder makes of a batch of prompts."""
    with torch.no_grad():
        return hidden_states(models.pipeline.text_encoder, stack([tokens(models, p) for p in prompts]))


def soft(models: Models, factor: float) -> Reading:
    own, table = tokens(models), token_table(models.base_encoder).weight
    return Reading(own, {at: factor * table[own.ids[at]] for at in range(own.start, own.stop)})


def test_the_own_embeddings_change_nothing_and_others_that_prompt_alone(models: Models) -> None:
    before = read(models, WHALE, COMET)
    with softened(models.pipeline, {"text_encoder": soft(models, 1.0)}):
        assert torch.equal(read(models, WHALE, COMET), before)
    with softened(models.pipeline, {"text_encoder": soft(models, 2.0)}):
        whale, comet = read(models, WHALE, COMET)
        short = hidden_states(models.pipeline.text_encoder, torch.tensor([[1, 2, 3]]))
    assert torch.equal(whale, before[0])
    first = tokens(models).start
    assert torch.equal(comet[:first], before[1, :first])
    assert not torch.equal(comet[first], before[1, first])
    assert torch.equal(read(models, WHALE, COMET), before)
    assert torch.equal(hidden_states(models.pipeline.text_encoder, torch.tensor([[1, 2, 3]])), short)


def test_a_prompt_that_was_never_read_is_a_bug(models: Models) -> None:
    with (
        pytest.raises(ValueError, match="text_encoder never read the prompt"),
        softened(models.pipeline, {"text_encoder": soft(models, 2.0)}),
    ):
        read(models, WHALE)
