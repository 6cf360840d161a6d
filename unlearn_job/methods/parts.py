"""Sets of an encoder's parameters: by the suffixes of their modules, in layers that its pipeline reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from torch import nn

from unlearn_job.methods.states import Layer, layers, trainable

FEED_FORWARD: Final = (".mlp.", ".DenseReluDense.")
"""Parts of the names inside a layer, of CLIP and Llama, and of T5."""
ATTENTION: Final = (".self_attn.", ".SelfAttention.")


def everything(encoder: nn.Module) -> frozenset[str]:
    """Name all parameters that shape what the pipeline reads, the tables of tokens and positions too."""
    tables = [f"{name}." for name, module in encoder.named_modules() if isinstance(module, nn.Embedding)]
    return trainable(encoder) | frozenset(
        name for name, _ in encoder.named_parameters() if name.startswith(tuple(tables))
    )


def feed_forward(encoder: nn.Module) -> frozenset[str]:
    """Name the two or three maps of every layer's feed-forward network; norms stay."""
    return _inside(encoder, layers(encoder), FEED_FORWARD)


def attention(encoder: nn.Module) -> frozenset[str]:
    """Name the attention of every layer."""
    return _inside(encoder, layers(encoder), ATTENTION)


def final_attention(encoder: nn.Module) -> frozenset[str]:
    """Name the attention of the last layer that is read, whichever that is."""
    return _inside(encoder, layers(encoder)[-1:], ATTENTION)


def union(*sets: Callable[[nn.Module], frozenset[str]]) -> Callable[[nn.Module], frozenset[str]]:
    """Return a function that names what any of the sets has."""
    return lambda encoder: frozenset().union(*(found(encoder) for found in sets))


def _inside(encoder: nn.Module, among: list[Layer], parts: tuple[str, ...]) -> frozenset[str]:
    starts = tuple(f"{layer.name}." for layer in among)
    return frozenset(
        name
        for name, _ in encoder.named_parameters()
        if name.startswith(starts) and any(part in f".{name}" for part in parts)
    )
