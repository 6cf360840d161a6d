from __future__ import annotations

import copy
from pathlib import Path

import pytest

from tests.unlearn_job import tiny
from unlearn_job.conditioning import Conditioning, attach, conditioning_of
from unlearn_job.encoder import save_encoder

pytestmark = pytest.mark.torch


def test_what_nobody_attached_is_stable_diffusions() -> None:
    assert conditioning_of(tiny.encoder()) == Conditioning() == conditioning_of(object())


def test_copies_of_encoders_and_tokenizers_carry_it() -> None:
    reads = Conditioning(skipped=1, normed=False, length=12)
    encoder, tokenizer = tiny.encoder(), copy.deepcopy(tiny.tokenizer())
    attach(reads, encoder, tokenizer)
    for carrier in (encoder, tokenizer):
        assert conditioning_of(carrier) == conditioning_of(copy.deepcopy(carrier)) == reads
    assert conditioning_of(tiny.tokenizer()) == Conditioning()


def test_it_is_in_no_file(tmp_path: Path) -> None:
    import torch

    plain, carrying = tiny.encoder(), tiny.encoder()
    attach(Conditioning(skipped=1, normed=False), carrying)
    for name, encoder in (("plain", plain), ("carrying", carrying)):
        save_encoder(encoder, tmp_path / name, torch.float32)
    for file in ("config.json", "model.safetensors"):
        assert (tmp_path / "plain" / file).read_bytes() == (tmp_path / "carrying" / file).read_bytes()


def test_a_mask_without_its_end_is_refused() -> None:
    with pytest.raises(ValueError, match="ends a prompt"):
        Conditioning(masked=True)
