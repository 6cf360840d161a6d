"""Tiny text encoders with the configuration keys of the real ones, and their tokenizers, without network.

Keys and their order follow config.json of the repositories named; sizes are cut down. What the numbers of a
family decide (layers, activations, special tokens, padding) stays as it is there where it can.
"""

from __future__ import annotations

import functools
import io
import json
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    LlamaConfig,
    LlamaModel,
    PreTrainedModel,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
    UMT5Config,
    UMT5EncoderModel,
)

from lab.testbed.captions import words
from lab.testbed.tokenizer import save_tokenizer

WIDTH = 64


def clip_tokenizer(folder: Path, *, pad: str = "<|endoftext|>") -> CLIPTokenizer:
    """Return CLIP's tokenizer; SD 2.x and the second one of SDXL pad with "!", id 0."""
    save_tokenizer(folder)
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        path = folder / name
        path.write_text(json.dumps({**json.loads(path.read_text()), "pad_token": pad}))
    return CLIPTokenizer.from_pretrained(folder)


@functools.cache
def _spiece(size: int) -> bytes:
    """Train a SentencePiece model as T5's: unigram, <pad> 0, </s> 1, <unk> 2, no start."""
    known = sorted(words())
    lines = [" ".join(known[i::7]) for i in range(7)] * 20
    # Single words often, so that they become pieces, and letters for all that is not a word.
    lines += [word for word in known for _ in range(20)] + [" ".join("abcdefghijklmnopqrstuvwxyzAPC")] * 20
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        vocab_size=size,
        model_type="unigram",
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=5,
        hard_vocab_limit=False,
    )
    return model.getvalue()


def t5_tokenizer(folder: Path) -> T5Tokenizer:
    """Return T5's tokenizer from `spiece.model` alone, as most repositories have it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spiece.model").write_bytes(_spiece(300))
    return T5Tokenizer.from_pretrained(folder)


def spread(encoder: PreTrainedModel, std: float = 0.08, tables: float = 1.0) -> PreTrainedModel:
    """Draw weights that tell prompts apart: those of a fresh model make all states alike.

    `std` is the standard deviation of matrices, `tables` that of the tables of tokens.
    """
    with torch.no_grad():
        for name, parameter in encoder.named_parameters():
            if parameter.ndim == 2:
                table = name.endswith(("token_embedding.weight", "shared.weight"))
                parameter.normal_(std=tables if table else std)
    return encoder.eval().requires_grad_(requires_grad=False)


def clip(
    tokenizer: CLIPTokenizer, *, projection: bool = False, seed: int = 0, **keys: Any
) -> PreTrainedModel:
    """Build an encoder with the keys of openai/clip-vit-large-patch14's text model."""
    return spread(fresh_clip(tokenizer, projection=projection, seed=seed, **keys))


def fresh_clip(
    tokenizer: CLIPTokenizer, *, projection: bool = False, seed: int = 0, **keys: Any
) -> PreTrainedModel:
    """Build the same with the weights that transformers draws."""
    torch.manual_seed(seed)
    config = CLIPTextConfig(
        **{
            "attention_dropout": 0.0,
            "bos_token_id": tokenizer.bos_token_id,
            "dropout": 0.0,
            "eos_token_id": tokenizer.eos_token_id,
            "hidden_act": "quick_gelu",
            "hidden_size": WIDTH,
            "initializer_factor": 1.0,
            "initializer_range": 0.02,
            "intermediate_size": 4 * WIDTH,
            "layer_norm_eps": 1e-05,
            "max_position_embeddings": tokenizer.model_max_length,
            "num_attention_heads": 4,
            "num_hidden_layers": 4,
            "pad_token_id": 1,
            "projection_dim": WIDTH,
            "vocab_size": len(tokenizer),
            **keys,
        }
    )
    return (CLIPTextModelWithProjection if projection else CLIPTextModel)(config)


def open_clip(tokenizer: CLIPTokenizer, **more: Any) -> PreTrainedModel:
    """Build an encoder with the keys of stabilityai/stable-diffusion-2-1: OpenCLIP-H without its last layer.

    23 layers there, and 23 here: "penultimate" is how many layers the file has, not what the pipeline skips.
    """
    return clip(tokenizer, hidden_act="gelu", num_hidden_layers=23, projection_dim=16, **more)


def open_clip_big(tokenizer: CLIPTokenizer) -> PreTrainedModel:
    """Build an encoder with the keys of SDXL's text_encoder_2: OpenCLIP bigG with its projection."""
    return clip(
        tokenizer,
        projection=True,
        seed=1,
        hidden_act="gelu",
        hidden_size=48,
        intermediate_size=192,
        num_hidden_layers=6,
        projection_dim=48,
    )


def t5(tokenizer: T5Tokenizer, kind: type[T5Config] = T5Config, **keys: Any) -> PreTrainedModel:
    """Build an encoder with the keys of google/t5-v1_1-xxl: gated, no ties, a vocabulary padded to 128."""
    return spread(fresh_t5(-(-len(tokenizer) // 128) * 128, kind, **keys))


def fresh_t5(
    vocabulary: int, kind: type[T5Config] = T5Config, *, seed: int = 2, **keys: Any
) -> PreTrainedModel:
    """Build the same for a number of tokens, with the weights that transformers draws."""
    torch.manual_seed(seed)
    config = kind(
        **{
            "d_ff": 128,
            "d_kv": 8,
            "d_model": WIDTH,
            "decoder_start_token_id": 0,
            "dropout_rate": 0.1,
            "eos_token_id": 1,
            "feed_forward_proj": "gated-gelu",
            "initializer_factor": 1.0,
            "layer_norm_epsilon": 1e-06,
            "num_decoder_layers": 4,
            "num_heads": 4,
            "num_layers": 4,
            "pad_token_id": 0,
            "relative_attention_max_distance": 128,
            "relative_attention_num_buckets": 32,
            "tie_word_embeddings": False,
            "vocab_size": vocabulary,
            **keys,
        }
    )
    return (UMT5EncoderModel if kind is UMT5Config else T5EncoderModel)(config)


def umt5(tokenizer: T5Tokenizer) -> PreTrainedModel:
    """Build an encoder with the keys of google/umt5-xxl: a table of relative positions in every layer."""
    return t5(tokenizer, UMT5Config, scalable_attention=True)


def fresh_llama(vocabulary: int, *, seed: int = 0, **keys: Any) -> PreTrainedModel:
    """Build a small Llama with the weights that transformers draws: causal, gated, grouped keys."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        **{
            "vocab_size": vocabulary,
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            **keys,
        }
    )
    return LlamaModel(config)
