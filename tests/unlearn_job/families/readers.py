"""Encoders as pipelines read them, and an erasure to patch in them."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import PreTrainedTokenizerBase

from tests.unlearn_job import tiny
from tests.unlearn_job.families import texts
from unlearn_job.conditioning import Conditioning, attach
from unlearn_job.contract.concept import ConceptKind
from unlearn_job.erasing import Erasing, Pair
from unlearn_job.prompts import fill

CHARACTER = ConceptKind.CHARACTER
TEMPLATES = ("a picture of {}", "{} in a city", "a drawing of {} at night", "{}")
Encoder = tuple[torch.nn.Module, PreTrainedTokenizerBase]


def erasing(anchor: str = "a figure", templates: tuple[str, ...] = TEMPLATES) -> Erasing:
    pairs = tuple(
        Pair(fill(text, name, CHARACTER), fill(text, anchor, CHARACTER))
        for name in ("captain comet", "comet man")
        for text in templates
    )
    return Erasing(tiny.erasure(tiny.COMET), anchor, pairs)


def clip(_folder: Path) -> Encoder:
    return tiny.encoder(), tiny.tokenizer()


def sdxl(folder: Path) -> Encoder:
    """Reads the last but one state: transformers collects it with hooks of its own."""
    words = texts.clip_tokenizer(folder)
    encoder = texts.open_clip_big(words)
    attach(Conditioning(skipped=1, normed=False, pooled=True), encoder, words)
    return encoder, words


def t5(folder: Path) -> Encoder:
    words = texts.t5_tokenizer(folder)
    encoder = texts.t5(words)
    attach(Conditioning(causal=False, masked=True, padding=False, length=32, end=1), encoder, words)
    return encoder, words


def umt5(folder: Path) -> Encoder:
    words = texts.t5_tokenizer(folder)
    encoder = texts.umt5(words)
    attach(Conditioning(causal=False, length=32, end=1), encoder, words)
    return encoder, words
