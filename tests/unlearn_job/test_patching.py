from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch

from tests.unlearn_job import tiny
from tests.unlearn_job.families.readers import Encoder, clip, erasing, sdxl, t5, umt5
from unlearn_job.localise import localise
from unlearn_job.methods.goal import token_pairs
from unlearn_job.methods.states import UnsupportedEncoderError
from unlearn_job.patching import Part, Patching, Positions

pytestmark = pytest.mark.torch

ANY = pytest.mark.parametrize("build", [clip, sdxl, t5, umt5])


@ANY
@torch.no_grad()
def test_everything_patched_is_the_anchor_and_nothing_patched_the_concept(
    build: Callable[[Path], Encoder], tmp_path: Path
) -> None:
    encoder, words = build(tmp_path)
    patching = Patching(encoder, token_pairs(words, erasing()))
    whole = [(layer, Part.RESIDUAL) for layer in range(patching.depth)]
    assert patching.recovered(whole, Positions.ALL) == 1.0
    assert patching.recovered(whole[-1:], Positions.ALL) == 1.0
    assert patching.recovered([], Positions.ALL) == 0.0


@ANY
@torch.no_grad()
def test_layers_below_a_patch_need_not_run(
    build: Callable[[Path], Encoder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder, words = build(tmp_path)
    patching = Patching(encoder, token_pairs(words, erasing()))
    places = [(layer, part) for layer in range(1, patching.depth) for part in Part]
    short = [patching.recovered([place], Positions.NAME) for place in places]
    monkeypatch.setattr("unlearn_job.patching.replayed", lambda *_args: nullcontext())
    assert short == [patching.recovered([place], Positions.NAME) for place in places]
    assert any(short)


def test_attention_under_another_name_is_refused() -> None:
    encoder = tiny.encoder()
    block = encoder.encoder.layers[1]
    block.gate = block._modules.pop("self_attn")
    with pytest.raises(UnsupportedEncoderError, match=r"encoder\.layers\.1 has no .*self_attn"):
        localise(encoder, tiny.tokenizer(), erasing())
