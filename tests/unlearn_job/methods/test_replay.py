from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from tests.unlearn_job import tiny
from tests.unlearn_job.methods.test_states import IDS, PROMPT, reading, tiny_llama, tiny_t5
from unlearn_job.methods.replay import LowerLayers, changed, replayed
from unlearn_job.methods.states import hidden_states, layer_states, layers, token_table

pytestmark = pytest.mark.torch

PLENTY = 10**9


def skipping() -> nn.Module:
    return reading(tiny.encoder(4), skipped=1, normed=False)


ANY = pytest.mark.parametrize(
    ("build", "ids"), [(tiny.encoder, IDS), (skipping, IDS), (tiny_t5, PROMPT), (tiny_llama, PROMPT)]
)


@ANY
@pytest.mark.parametrize("budget", [PLENTY, 0])
@torch.no_grad()
def test_states_are_those_of_a_whole_pass(
    build: Callable[[], nn.Module], ids: torch.Tensor, budget: int
) -> None:
    encoder = build()
    found = layers(encoder)
    lower = LowerLayers(1, budget)
    embeddings = 1.5 * token_table(encoder).weight[ids]
    for index, layer in enumerate(found[1:], 1):
        for name, given in (("own", None), ("soft", embeddings)):
            expected = layer_states(encoder, layer, ids, given)
            for _ in range(2):
                states = lower.states(name, encoder, index, ids, given)
                assert torch.equal(states.inputs, expected.inputs)
                assert torch.equal(states.residual, expected.residual)
    assert not [name for name, module in encoder.named_modules() if "forward" in module.__dict__]


@torch.no_grad()
def test_a_layer_below_runs_once_for_each_batch() -> None:
    encoder = tiny.encoder()
    found, runs = layers(encoder), []
    lower = LowerLayers(1, PLENTY)
    with changed(found[0].block, lambda output: runs.append(1) or output):
        for index in (1, 2):
            lower.states("own", encoder, index, IDS)
    assert len(runs) == 1


@torch.no_grad()
def test_what_does_not_fit_is_computed_again() -> None:
    encoder = tiny.encoder()
    found, runs = layers(encoder), []
    room = IDS.numel() * tiny.WIDTH * 4
    lower = LowerLayers(1, room)
    with changed(found[0].block, lambda output: runs.append(1) or output):
        for _ in range(3):
            for batch in ("first", "second"):
                lower.states(batch, encoder, 1, IDS)
    assert len(runs) == 1 + 3


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
