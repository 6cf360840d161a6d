"""The made-up models have the real ones' sizes, and their words cost what real words cost."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from transformers import CLIPTokenizer  # noqa: E402

from bench import sizes  # noqa: E402
from lab.testbed.concepts import CONCEPTS  # noqa: E402
from unlearn_job.prompts import BUILT_IN, SLOT  # noqa: E402


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> CLIPTokenizer:
    return sizes.clip_tokenizer(tmp_path_factory.mktemp("tokenizer"))


def test_the_tokenizer_is_as_large_as_clips_and_pads_as_far(tokenizer: CLIPTokenizer) -> None:
    assert len(tokenizer) == sizes.VOCABULARY
    assert len(tokenizer("a cat", padding="max_length").input_ids) == sizes.TOKENS


def test_words_of_prompts_are_one_token_each_and_others_are_not(tokenizer: CLIPTokenizer) -> None:
    def tokens(text: str) -> int:
        return len(tokenizer(text, add_special_tokens=False).input_ids)

    for concept in CONCEPTS:
        assert tokens(concept.name) == len(concept.name.split())
    plain = [text for texts in BUILT_IN.values() for text in texts if text.replace(SLOT, "x").isascii()]
    words = {word for text in plain for word in text.replace(SLOT, " ").split() if word.isalpha()}
    assert {word for word in words if tokens(word) != 1} == set()
    assert tokens("quixotic zyzzyva") > 2


def test_the_models_have_the_real_ones_weights(tokenizer: CLIPTokenizer, tmp_path: Path) -> None:
    # Shapes alone: four gigabytes of random numbers would prove no more.
    with torch.device("meta"):
        encoder = sizes.clip_encoder(tokenizer)
        pipeline = sizes.stable_diffusion(encoder, tokenizer)
    # As openai/clip-vit-large-patch14 and stable-diffusion-v1-5 have them.
    assert sizes.weights(encoder) == 123_060_480
    assert sizes.weights(pipeline.unet) == 859_520_964
    assert sizes.weights(pipeline.vae) < 1_000_000
    assert pipeline.vae_scale_factor == 8
