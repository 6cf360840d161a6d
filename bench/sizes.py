"""Models of real sizes with random weights, made on the spot: CLIP ViT-L/14's text model and SD 1.5's U-Net.

Random weights cost as much as trained ones, and nothing is downloaded. The tokenizer has as many entries as
CLIP's, 49,408. As there, words of prompts are one token each; the other merges are made up.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from string import ascii_lowercase
from typing import Final

import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.trainers import BpeTrainer
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from lab.testbed.concepts import CONCEPTS
from lab.testbed.tokenizer import END, START, byte_symbols
from unlearn_job.prompts import BUILT_IN, GENERIC

VOCABULARY: Final = 49_408
TOKENS: Final = 77


def clip_tokenizer(folder: Path) -> CLIPTokenizer:
    """Write and load a tokenizer of CLIP's size: bytes, words of the built-in prompts, made-up merges."""
    alphabet = byte_symbols()
    merges = [*_words()]
    letters = [*ascii_lowercase]
    ends = [letter + "</w>" for letter in letters]
    merges += [*itertools.product(letters, letters), *itertools.product(letters, ends)]
    pairs = [a + b for a, b in itertools.product(letters, letters)]
    tails = [a + b + "</w>" for a, b in itertools.product(letters, letters)]
    merges += [*itertools.product(pairs, letters), *itertools.product(pairs, ends)]
    merges += itertools.product(pairs, tails)
    unique: dict[str, tuple[str, str]] = {}
    for first, second in merges:
        unique.setdefault(first + second, (first, second))
    merges = [*itertools.islice(unique.values(), VOCABULARY - 2 * len(alphabet) - 2)]
    tokens = [*alphabet, *(symbol + "</w>" for symbol in alphabet), *(a + b for a, b in merges), START, END]
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {token: row for row, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), "utf-8")
    lines = "".join(f"{a} {b}\n" for a, b in merges)
    (folder / "merges.txt").write_text("#version: 0.2\n" + lines, "utf-8")
    special = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}
    config = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": TOKENS,
        "do_lower_case": True,
        **special,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    return CLIPTokenizer.from_pretrained(folder)


def _words() -> Iterator[tuple[str, str]]:
    """Yield merges that make each word of the built-in prompts and of the concepts one token."""
    texts = [text for templates in BUILT_IN.values() for text in templates]
    texts += [name for kind in GENERIC.values() for name in kind]
    found = re.findall("[a-z]+", " ".join([*texts, *(c.name for c in CONCEPTS)]).lower())
    tokenizer = Tokenizer(BPE(end_of_word_suffix="</w>"))
    tokenizer.pre_tokenizer = Whitespace()
    trainer = BpeTrainer(end_of_word_suffix="</w>", vocab_size=20_000, show_progress=False)
    tokenizer.train_from_iterator(sorted(set(found)), trainer)
    for merge in json.loads(tokenizer.to_str())["model"]["merges"]:
        first, second = merge
        yield first, second


def clip_encoder(tokenizer: CLIPTokenizer, seed: int = 0) -> CLIPTextModel:
    """Build the text model of CLIP ViT-L/14: 12 layers of width 768, 123 million weights."""
    torch.manual_seed(seed)
    config = CLIPTextConfig(
        vocab_size=VOCABULARY,
        hidden_size=768,
        intermediate_size=3072,
        projection_dim=768,
        num_hidden_layers=12,
        num_attention_heads=12,
        max_position_embeddings=TOKENS,
        hidden_act="quick_gelu",
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config).eval().requires_grad_(requires_grad=False)


def stable_diffusion(
    encoder: CLIPTextModel, tokenizer: CLIPTokenizer, seed: int = 0
) -> StableDiffusionPipeline:
    """Build a pipeline with the U-Net of Stable Diffusion 1.5, 860 million weights, for 64 x 64 latents.

    Its autoencoder has the real one's shapes and few weights: images are encoded once, and not what is timed.
    """
    torch.manual_seed(seed)
    unet = UNet2DConditionModel(
        sample_size=64,
        block_out_channels=(320, 640, 1280, 1280),
        layers_per_block=2,
        cross_attention_dim=768,
        attention_head_dim=8,
    )
    vae = AutoencoderKL(
        block_out_channels=(32, 32, 32, 32),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        sample_size=512,
        scaling_factor=0.18215,
    )
    schedule = DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, steps_offset=1
    )
    for module in (unet, vae):
        module.eval().requires_grad_(requires_grad=False)
    return StableDiffusionPipeline(
        vae=vae,
        text_encoder=encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=schedule,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def weights(module: nn.Module) -> int:
    """Count the weights of a model."""
    return sum(parameter.numel() for parameter in module.parameters())
