from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
import torch
from torch import nn

from tests.unlearn_job import tiny
from tests.unlearn_job.methods.test_states import IDS, PROMPT, reading, tiny_llama, tiny_t5
from unlearn_job.methods.replay import Prefix, changed, replayed, states_of
from unlearn_job.methods.states import States, hidden_states, layer_states, layers, token_table
from unlearn_job.methods.tokens import Tokens
from unlearn_job.retain import Reading, as_batch

pytestmark = pytest.mark.torch

PLENTY = 10**9


def skipping() -> nn.Module:
    return reading(tiny.encoder(4), skipped=1, normed=False)


ANY = pytest.mark.parametrize(
    ("build", "ids"), [(tiny.encoder, IDS), (skipping, IDS), (tiny_t5, PROMPT), (tiny_llama, PROMPT)]
)


def prompts(ids: torch.Tensor, embeddings: torch.Tensor | None = None) -> list[Reading]:
    """Return readings of whole rows; every token soft where embeddings are given."""
    return [
        Reading(
            Tokens(tuple(row), 1, 2, 3, 1, len(row), pad=0),
            {} if embeddings is None else dict(enumerate(embeddings[at])),
        )
        for at, row in enumerate(ids.tolist())
    ]


def seen(prefix: Prefix, encoder: nn.Module, index: int, asked: Sequence[Reading]) -> States:
    batch = as_batch(asked, token_table(encoder).weight)
    with prefix.through(encoder, asked):
        return layer_states(encoder, layers(encoder)[index], batch.ids, batch.embeddings)


@ANY
@pytest.mark.parametrize("budget", [PLENTY, 0])
@torch.no_grad()
def test_states_are_those_of_a_whole_pass(
    build: Callable[[], nn.Module], ids: torch.Tensor, budget: int
) -> None:
    encoder = build()
    found = layers(encoder)
    prefix = Prefix(1, budget)
    embeddings = 1.5 * token_table(encoder).weight[ids]
    for given in (None, embeddings):
        asked = prompts(ids, given)
        for index, layer in enumerate(found[1:], 1):
            expected = layer_states(encoder, layer, ids, given)
            for _ in range(2):
                states = seen(prefix, encoder, index, asked)
                assert torch.equal(states.inputs, expected.inputs)
                assert torch.equal(states.residual, expected.residual)
    assert not [name for name, module in encoder.named_modules() if "forward" in module.__dict__]


@pytest.fixture
def runs() -> list[int]:
    return []


@pytest.fixture
def counted(runs: list[int]) -> Iterator[nn.Module]:
    """An encoder that tells how many prompts run through its first layer."""
    encoder = tiny.encoder()
    with changed(layers(encoder)[0].block, lambda output: runs.append(len(states_of(output))) or output):
        yield encoder


@torch.no_grad()
def test_a_layer_below_runs_once_for_each_prompt_whatever_batch_it_is_in(
    counted: nn.Module, runs: list[int]
) -> None:
    prefix = Prefix(1, PLENTY)
    long, short, soft = IDS, IDS[:, :6], 1.5 * token_table(counted).weight[IDS]
    both = [*prompts(long), *prompts(short)]
    seen(prefix, counted, 1, both)
    seen(prefix, counted, 1, prompts(long, soft))
    assert runs == [2, 1]
    for asked, length in ((prompts(short), 6), (both[::-1], IDS.shape[1])):
        states = seen(prefix, counted, 2, asked)
        assert runs == [2, 1]
        expected = seen(Prefix(1, 0), counted, 2, asked)
        own = len(asked[0].tokens.ids)
        assert states.residual.shape[1] == length
        assert torch.allclose(states.residual[0, :own], expected.residual[0, :own], atol=1e-6)
        runs[:] = [2, 1]


@torch.no_grad()
def test_other_vectors_in_place_of_a_token_are_another_prompt(counted: nn.Module, runs: list[int]) -> None:
    prefix = Prefix(1, PLENTY)
    for factor in (1.5, 2.0):
        asked = prompts(IDS, factor * token_table(counted).weight[IDS])
        expected = seen(Prefix(1, 0), counted, 1, asked)
        assert torch.equal(seen(prefix, counted, 1, asked).residual, expected.residual)
    assert len(runs) == 4


@torch.no_grad()
def test_a_batch_of_which_one_prompt_is_new_runs_whole(counted: nn.Module, runs: list[int]) -> None:
    prefix = Prefix(1, PLENTY)
    seen(prefix, counted, 1, prompts(IDS))
    seen(prefix, counted, 1, [*prompts(IDS), *prompts(IDS[:, :6])])
    assert runs == [1, 2]


@torch.no_grad()
def test_what_does_not_fit_is_computed_again(counted: nn.Module, runs: list[int]) -> None:
    prefix = Prefix(1, IDS.numel() * tiny.WIDTH * 4)
    other = IDS[:, :6]
    for _ in range(3):
        for ids in (IDS, other):
            seen(prefix, counted, 1, prompts(ids))
    assert len(runs) == 1 + 3


@torch.no_grad()
def test_a_deeper_prefix_is_noted_on_the_way(counted: nn.Module, runs: list[int]) -> None:
    asked, deeper = prompts(IDS), Prefix(2, PLENTY)
    with deeper.noting(counted, asked):
        hidden_states(counted, IDS)
    expected = layer_states(counted, layers(counted)[2], IDS)
    assert torch.equal(seen(deeper, counted, 2, asked).residual, expected.residual)
    assert runs == [1, 1]


@ANY
@torch.no_grad()
def test_replayed_layers_give_what_they_gave(build: Callable[[], nn.Module], ids: torch.Tensor) -> None:
    encoder, other = build(), (ids - 1).clamp(min=0)
    found, outputs = layers(encoder), []
    with changed(found[0].block, lambda output: outputs.append(output) or output):
        expected = hidden_states(encoder, ids)
    with replayed(found[:1], outputs[0]):
        assert torch.equal(hidden_states(encoder, other), expected)
    assert not torch.equal(hidden_states(encoder, other), expected)


@torch.no_grad()
def test_a_change_is_seen_by_those_who_collect_hidden_states() -> None:
    """transformers collects by hooks that stay once they are there."""
    encoder = skipping()
    before = hidden_states(encoder, IDS)
    with changed(layers(encoder)[-1].block, lambda output: 2 * output):
        assert torch.equal(hidden_states(encoder, IDS), 2 * before)


@torch.no_grad()
def test_a_forward_that_was_set_before_comes_back() -> None:
    module = nn.Linear(2, 2)
    own = module.forward
    module.forward = own  # as an offloading hook does
    with changed(module, lambda output: 0 * output):
        assert not module(torch.ones(1, 2)).any()
    assert module.__dict__["forward"] == own
