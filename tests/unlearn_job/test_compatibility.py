from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers.normalizers import Replace
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from tests.unlearn_job import tiny
from tests.unlearn_job.families import texts
from unlearn_job.compatibility import (
    check_same_encoder,
    check_same_tokenizer,
    check_same_tokens,
    difference,
)
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.encoder import EncoderMismatchError

pytestmark = pytest.mark.torch
TEXTS = ("captain comet", "a photo of a cat")
WEIGHT = "encoder.layers.1.mlp.fc2.weight"


def changed(*names: str, by: float = 0.01) -> torch.nn.Module:
    other = tiny.encoder()
    with torch.no_grad():
        for name in names:
            other.get_parameter(name)[0, 0] += by
    return other


def test_rounding_is_no_difference() -> None:
    encoder = tiny.encoder()
    check_same_encoder(encoder, copy.deepcopy(encoder).half())


def test_bf16_is_one() -> None:
    """It keeps 8 bits: its rounding is above the bound, and what was trained in it is another encoder."""
    encoder = tiny.encoder()
    with pytest.raises(EncoderMismatchError):
        check_same_encoder(encoder, copy.deepcopy(encoder).bfloat16().float())


def test_the_bound_is_a_thousandth_of_the_largest_value() -> None:
    base = torch.tensor([4.0, 1.0, 0.0])
    assert difference(base, base + torch.tensor([0.0, 0.0, 0.0039])) is None
    assert difference(base, base + torch.tensor([0.0, 0.0, 0.0041])) == "0.001"
    assert difference(base, base + torch.tensor([0.0, 0.0, 0.4])) == "0.1"
    assert difference(base, base[:2]) == "3 and 2"
    assert difference(base, torch.tensor([4.0, 1.0, torch.nan])) == "nan"
    # Beyond fp16 both are infinite, and the same.
    assert difference(torch.tensor([1e6, 1.0]), torch.tensor([1e6, 1.0])) is None
    assert difference(torch.zeros(2), torch.zeros(2)) is None
    assert difference(torch.arange(3), torch.arange(3)) is None


@pytest.mark.parametrize("amount", [0.01, float("nan")])
def test_another_value_is_named_with_its_difference(amount: float) -> None:
    expected = rf"1 of \d+ tensors, .*: {WEIGHT} \((0\.0\d+|nan)\)"
    with pytest.raises(EncoderMismatchError, match=expected) as caught:
        check_same_encoder(tiny.encoder(), changed(WEIGHT, by=amount))
    assert isinstance(caught.value, PermanentFailure)


def test_the_first_three_of_many_are_named() -> None:
    names = [f"encoder.layers.{number}.mlp.{part}.weight" for number in (0, 1) for part in ("fc1", "fc2")]
    with pytest.raises(
        EncoderMismatchError, match=r"differ in 4 of .*layers\.1\.mlp\.fc1\S+ \(.*\) and 1 more"
    ):
        check_same_encoder(tiny.encoder(), changed(*names))


def test_a_missing_layer_is_named() -> None:
    with pytest.raises(EncoderMismatchError, match=r"encoder\.layers\.2\..* and \d+ more.*only one of them"):
        check_same_encoder(tiny.encoder(layers=3), tiny.encoder(layers=2))


def test_the_prefix_of_another_layout_is_no_difference() -> None:
    """Spelt as transformers before 5.6 did: the class that keeps the prefix, without its projection."""
    inner, wrapped = tiny.encoder(), CLIPTextModelWithProjection(tiny.encoder().config)
    wrapped.text_model = inner
    del wrapped.text_projection
    check_same_encoder(inner, wrapped)


def test_the_same_tensors_with_another_activation_are_another_encoder() -> None:
    other = tiny.encoder()
    other.config.hidden_act = "gelu"
    with pytest.raises(EncoderMismatchError, match=r"configuration: hidden_act \(quick_gelu and gelu\)"):
        check_same_encoder(tiny.encoder(), other)


def test_a_tokenizer_equals_its_copy(tmp_path: Path) -> None:
    tiny.tokenizer().save_pretrained(tmp_path)
    check_same_tokenizer(tiny.tokenizer(), CLIPTokenizer.from_pretrained(tmp_path), TEXTS)
    unigram = texts.t5_tokenizer(tmp_path / "t5")
    check_same_tokenizer(unigram, texts.t5_tokenizer(tmp_path / "other"), TEXTS)


def loaded(folder: Path, **changes: Any) -> CLIPTokenizer:
    tiny.tokenizer().save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return CLIPTokenizer.from_pretrained(folder)


def told(other: object, what: str) -> None:
    with pytest.raises(EncoderMismatchError, match=what):
        check_same_tokenizer(tiny.tokenizer(), other, TEXTS)


def test_another_length_is_told(tmp_path: Path) -> None:
    told(loaded(tmp_path, model_max_length=8), r"lengths \(\d+ and 8 tokens\)")


def test_another_padding_is_told(tmp_path: Path) -> None:
    told(loaded(tmp_path, pad_token="!"), r"special tokens: pad_token \('<\|endoftext\|>' and '!'\)")


def test_another_word_is_told() -> None:
    other = copy.deepcopy(tiny.tokenizer())
    other.add_tokens(["newword"])
    told(other, r"vocabularies \(\d+ and \d+ tokens\): 'newword'")


def test_another_order_of_merges_is_told(tmp_path: Path) -> None:
    tiny.tokenizer().save_pretrained(tmp_path)
    path = tmp_path / "tokenizer.json"
    content = json.loads(path.read_text())
    merges = content["model"]["merges"]
    merges[0], merges[1] = merges[1], merges[0]
    path.write_text(json.dumps(content))
    told(CLIPTokenizer.from_pretrained(tmp_path), r"2 of their \d+ merges")


def test_another_score_of_a_piece_is_told(tmp_path: Path) -> None:
    first = texts.t5_tokenizer(tmp_path / "a")
    first.save_pretrained(tmp_path / "b")
    path = tmp_path / "b" / "tokenizer.json"
    content = json.loads(path.read_text())
    content["model"]["vocab"][5][1] -= 1
    path.write_text(json.dumps(content))
    with pytest.raises(EncoderMismatchError, match=r"1 of their \d+ merges or scores"):
        check_same_tokenizer(first, type(first).from_pretrained(tmp_path / "b"), TEXTS)


def test_another_split_of_a_name_is_told() -> None:
    other = copy.deepcopy(tiny.tokenizer())
    other.backend_tokenizer.normalizer = Replace("comet", "cat")
    told(other, "tokens of 'captain comet'")


def test_encoders_that_are_edited_together_may_pad_differently_and_no_more(tmp_path: Path) -> None:
    padded = loaded(tmp_path / "pad", pad_token="!")
    check_same_tokens({"text_encoder": tiny.tokenizer()}, TEXTS)
    check_same_tokens({"text_encoder": tiny.tokenizer(), "text_encoder_2": padded}, TEXTS)
    unigram = texts.t5_tokenizer(tmp_path / "t5")
    with pytest.raises(
        EncoderMismatchError,
        match="text_encoder and text_encoder_2 cannot be edited together: their tokenizers differ in their "
        "vocabularies",
    ):
        check_same_tokens({"text_encoder": tiny.tokenizer(), "text_encoder_2": unigram}, TEXTS)
