from __future__ import annotations

import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.attacks.screen import Read, Screen, distance, encoded, references
from unlearn_job.methods.states import hidden_states
from unlearn_job.methods.tokens import stack, tokenise
from unlearn_job.prompts import Prompt

pytestmark = pytest.mark.torch
OWN = Prompt("a picture of", "captain comet", "at night")


def test_prompts_are_read_as_a_pipeline_types_them() -> None:
    encoder, words = tiny.encoder(), tiny.tokenizer()
    assert torch.allclose(
        encoded(encoder, words, [OWN]).states,
        hidden_states(encoder, stack([tokenise(words, OWN)])),
        atol=1e-6,
    )


def test_a_reference_is_at_distance_zero_of_itself_and_others_are_not() -> None:
    encoder = tiny.encoder()
    screen = Screen(encoder, encoder, tiny.tokenizer(), [OWN])
    own, other = screen([OWN, Prompt("a picture of", "captain whale", "at night")]).tolist()
    assert own == pytest.approx(0.0, abs=1e-3)
    assert other > 0.1


def test_the_distance_is_that_of_its_formula() -> None:
    torch.manual_seed(0)
    states = torch.randn(2, 5, 3)
    parts = (torch.randn(1, 3), torch.randn(1, 3), torch.randn(3, 3))
    counts = torch.ones(2, 5, dtype=torch.bool)
    counts[:, 0] = False  # the start of text
    for row, found in zip(states, distance(Read(states, counts), [parts]), strict=True):
        expected = [torch.stack([(row[1:] - p).norm(dim=1).min() for p in part]).mean() for part in parts]
        assert found == pytest.approx(float(torch.stack(expected).mean()), rel=1e-4)


def test_padding_counts_once_however_long_it_is() -> None:
    short, long = (
        references(tiny.encoder(), tiny.tokenizer(), [Prompt("", text, "")])[0]
        for text in ("cat", " ".join(["cat"] * 30))
    )
    assert [len(part) for part in short] == [1, 1, tiny.tokenizer().model_max_length - 3]
    assert [len(part) for part in long] == [1, 1]  # a full prompt has no padding
