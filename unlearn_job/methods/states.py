"""Run a text encoder and look inside: what a layer's last projection gets, and what leaves the layer.

Layers are found by the suffix of their last projection and counted by the model's configuration: nothing
here knows a class, a prefix or a number of layers. Which of them count is what the pipeline reads
(`unlearn_job.conditioning`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn

from unlearn_job.conditioning import Conditioning, UnsupportedEncoderError, conditioning_of
from unlearn_job.contract.errors import PermanentFailure

__all__ = [
    "Conditions",
    "Layer",
    "NonFiniteWeightsError",
    "States",
    "UnsupportedEncoderError",
    "attention_mask",
    "conditions",
    "hidden_states",
    "layer_states",
    "layers",
    "require_finite",
    "token_table",
    "trainable",
]

PROJECTIONS: Final = (".mlp.fc2", ".layer.1.DenseReluDense.wo", ".mlp.down_proj")
"""Suffixes of the last linear map of a layer, which writes into the residual stream: CLIP, T5, Llama."""
TABLES: Final = ("token_embedding", "embed_tokens", "shared")
"""Suffixes of the token table. T5's `shared` comes last: it lends its weights to the one that runs."""
FINAL_NORMS: Final = ("final_layer_norm", "norm")


@dataclass(frozen=True)
class Layer:
    """One transformer layer.

    Attributes
    ----------
    name: of the layer's module, such as "encoder.layers.2".
    block: the layer.
    projection_name: of its last linear map, such as "encoder.layers.2.mlp.fc2".
    projection: that map.

    """

    name: str
    block: nn.Module
    projection_name: str
    projection: nn.Linear


def layers(encoder: nn.Module) -> list[Layer]:
    """Return the layers of a text encoder that reach what the pipeline reads, first to last.

    Raises
    ------
    UnsupportedEncoderError
        The number of layers found is not the configuration's, or fewer than the pipeline skips.

    """
    found = _all_layers(encoder)
    read = len(found) - conditioning_of(encoder).skipped
    if read < 1:
        raise UnsupportedEncoderError(f"the pipeline reads none of the {len(found)} layers of its encoder")
    return found[:read]


def _all_layers(encoder: nn.Module) -> list[Layer]:
    found = []
    for name, module in encoder.named_modules():
        suffix = next((s for s in PROJECTIONS if name.endswith(s)), None)
        if suffix is not None and isinstance(module, nn.Linear):
            block = name.removesuffix(suffix)
            found.append(Layer(block, encoder.get_submodule(block), name, module))
    expected = getattr(encoder.config, "num_hidden_layers", 0)
    if len(found) != expected or not found:
        raise UnsupportedEncoderError(
            f"{type(encoder).__name__} has {len(found)} layers with {', '.join(s[1:] for s in PROJECTIONS)} "
            f"and its configuration says {expected}; CLIP, T5 and Llama text encoders can be edited"
        )
    return found


@dataclass(frozen=True)
class States:
    """What a layer saw.

    Attributes
    ----------
    inputs: of the layer's last linear map, shape (B, S, F).
    residual: behind the layer, shape (B, S, D).

    """

    inputs: Tensor
    residual: Tensor


def layer_states(encoder: nn.Module, layer: Layer, ids: Tensor, embeddings: Tensor | None = None) -> States:
    """Run the encoder up to one of its layers and return that one's states.

    Parameters
    ----------
    encoder
        The encoder, on the device of `ids`.
    layer
        One of `layers(encoder)`.
    ids
        Token ids, shape (B, S).
    embeddings
        Token embeddings to use in place of the ids' own, shape (B, S, D); positions are added as usual.

    """
    seen: dict[str, Tensor] = {}

    def projected(_module: nn.Module, args: tuple[Any, ...]) -> None:
        seen["inputs"] = args[0]

    def left(_module: nn.Module, _args: tuple[Any, ...], output: Tensor | tuple[Tensor, ...]) -> None:
        seen["residual"] = output[0] if isinstance(output, tuple) else output
        raise _Reached

    with ExitStack() as stack:
        stack.callback(layer.projection.register_forward_pre_hook(projected).remove)
        stack.callback(layer.block.register_forward_hook(left).remove)
        with suppress(_Reached):
            hidden_states(encoder, ids, embeddings)
    return States(seen["inputs"], seen["residual"])


class _Reached(Exception):  # noqa: N818 (no error: the way out of a forward pass)
    """The layer that was asked for has run; the rest of the encoder is not needed."""


@dataclass(frozen=True)
class Conditions:
    """What a denoiser gets of prompts.

    Attributes
    ----------
    states: hidden states, shape (B, S, D).
    pooled: vector pooled over each text, shape (B, P); None where none is read.

    """

    states: Tensor
    pooled: Tensor | None = None

    def repeated(self, count: int) -> Conditions:
        """Return each prompt's so many times, one behind the other."""
        pooled = None if self.pooled is None else self.pooled.repeat_interleave(count, 0)
        return Conditions(self.states.repeat_interleave(count, 0), pooled)


def hidden_states(encoder: nn.Module, ids: Tensor, embeddings: Tensor | None = None) -> Tensor:
    """Return the hidden states that the pipeline reads, shape (B, S, D). Parameters as of `conditions`."""
    return conditions(encoder, ids, embeddings).states


def conditions(
    encoder: nn.Module,
    ids: Tensor,
    embeddings: Tensor | None = None,
    reads: Conditioning | None = None,
) -> Conditions:
    """Return all that the pipeline reads of an encoder, from one forward pass.

    Parameters
    ----------
    encoder
        The encoder, on the device of `ids`.
    ids
        Token ids, shape (B, S).
    embeddings
        Token embeddings to use in place of the ids' own, shape (B, S, D).
    reads
        Which state is read; None is what was attached to the encoder.

    """
    conditioning = reads or conditioning_of(encoder)
    asked: dict[str, Any] = {}
    if conditioning.masked:
        asked["attention_mask"] = attention_mask(ids, conditioning)
    last = conditioning.skipped == 0 and conditioning.normed
    if not last:
        asked["output_hidden_states"] = True
    with _embedded(encoder, embeddings):
        output = encoder(ids, **asked)
    pooled = _pooled(output) if conditioning.pooled else None
    if last:
        return Conditions(output.last_hidden_state, pooled)
    states: Tensor = output.hidden_states[-1 - conditioning.skipped]
    if conditioning.normed:
        states = _final_norm(encoder)(states)
    return Conditions(states, pooled)


def _pooled(output: Any) -> Tensor:  # noqa: ANN401 (any model's output)
    """Return the pooled vector behind its projection where the encoder has one, shape (B, P)."""
    projected: Tensor | None = getattr(output, "text_embeds", None)
    pooled: Tensor = projected if projected is not None else output.pooler_output
    return pooled


def attention_mask(ids: Tensor, conditioning: Conditioning) -> Tensor:
    """Return 1 up to the first end-of-text of each row and 0 behind it, shape (B, S), as tokenizers do.

    By the end and not by the padding's id: CLIP pads with its end-of-text.
    """
    ends = ids.eq(conditioning.end if conditioning.end is not None else -1).long()
    return (ends.cumsum(dim=1) - ends).eq(0).long()


def _final_norm(encoder: nn.Module) -> nn.Module:
    """Return the norm behind the layers, which `clip_skip` applies to an earlier state."""
    blocks = tuple(f"{layer.name}." for layer in _all_layers(encoder))
    modules: dict[str, nn.Module] = dict(encoder.named_modules())
    for name, module in modules.items():
        if name.rsplit(".", 1)[-1] in FINAL_NORMS and not name.startswith(blocks):
            return module
    raise UnsupportedEncoderError(f"{type(encoder).__name__} has no {' or '.join(FINAL_NORMS)}")


@contextmanager
def _embedded(encoder: nn.Module, embeddings: Tensor | None) -> Iterator[None]:
    """Replace the output of the token table: CLIP's forward takes no `inputs_embeds`."""
    if embeddings is None:
        yield
        return
    table = token_table(encoder)
    handle = table.register_forward_hook(lambda _module, _args, _output: embeddings)
    try:
        yield
    finally:
        handle.remove()


def token_table(encoder: nn.Module) -> nn.Embedding:
    """Return the table of token embeddings that runs, shape (V, D)."""
    modules = list(encoder.named_modules())
    for suffix in TABLES:
        for name, module in modules:
            if name.rsplit(".", 1)[-1] == suffix and isinstance(module, nn.Embedding):
                return module
    raise UnsupportedEncoderError(f"{type(encoder).__name__} has no {', '.join(TABLES)}")


def trainable(encoder: nn.Module) -> frozenset[str]:
    """Name the parameters that shape the states that are read, without tables of tokens and positions.

    Layers behind those states and the projection of a pooled vector stay: the vector is made from the states,
    so it moves with them.
    """
    conditioning = conditioning_of(encoder)
    every, read = _all_layers(encoder), layers(encoder)
    tables = tuple(f"{name}." for name, module in encoder.named_modules() if isinstance(module, nn.Embedding))
    inside = tuple(f"{layer.name}." for layer in read)
    behind = tuple(f"{layer.name}." for layer in every[len(read) :])
    return frozenset(
        name
        for name, _ in encoder.named_parameters()
        if not name.startswith((*tables, *behind))
        and "text_projection." not in name
        and (conditioning.normed or name.startswith(inside))
    )


def require_finite(encoder: nn.Module, what: str) -> None:
    """Refuse weights that hold NaN or infinity.

    Raises
    ------
    NonFiniteWeightsError
        A parameter does; the message names it.

    """
    for name, parameter in encoder.named_parameters():
        if not bool(torch.isfinite(parameter).all()):
            raise NonFiniteWeightsError(f"{what} has NaN or infinity in {name}; nothing is published")


class NonFiniteWeightsError(PermanentFailure):
    """Unlearning met or made numbers that are none."""

    reason = "NonFiniteWeights"
