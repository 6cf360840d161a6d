from __future__ import annotations

import pytest

from tests.unlearn_job import tiny
from unlearn_job.conditioning import Conditioning, attach
from unlearn_job.methods import parts

pytestmark = pytest.mark.torch


@pytest.mark.parametrize("count", [2, 4])
def test_the_final_attention_is_that_of_the_last_layer_whichever_it_is(count: int) -> None:
    named = parts.final_attention(tiny.encoder(count))
    assert {name.split(".self_attn.")[0] for name in named} == {f"encoder.layers.{count - 1}"}
    assert len(named) == 8


def test_the_final_attention_is_that_of_the_last_layer_that_is_read() -> None:
    encoder = tiny.encoder(4)
    attach(Conditioning(skipped=1, normed=False), encoder)
    assert {name.split(".self_attn.")[0] for name in parts.final_attention(encoder)} == {"encoder.layers.2"}


def test_feed_forward_networks_have_no_norms() -> None:
    named = parts.feed_forward(tiny.encoder(3))
    assert {name.split(".mlp.")[1] for name in named} == {
        f"{part}.{what}" for part in ("fc1", "fc2") for what in ("weight", "bias")
    }
    assert len(named) == 12


def test_everything_has_tables_and_norms() -> None:
    encoder = tiny.encoder(2)
    assert parts.everything(encoder) == {name for name, _ in encoder.named_parameters()}


def test_a_union_has_both() -> None:
    encoder = tiny.encoder(2)
    both = parts.union(parts.feed_forward, parts.attention)(encoder)
    assert both == parts.feed_forward(encoder) | parts.attention(encoder)
