"""Run a CLIP text encoder and look inside: what a layer's last projection gets, and what leaves the layer.

Layers are found by the suffix of their names, because transformers 5.6 took a prefix away, and counted by
the model's configuration: nothing here knows how many there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from unlearn_job.contract.errors import PermanentFailure

PROJECTION = ".mlp.fc2"
"""Suffix of the last linear map of a layer, which writes into the residual stream."""


class UnsupportedEncoderError(PermanentFailure):
    """The text encoder is none that these methods can edit."""

    reason = "UnsupportedEncoder"


@dataclass(frozen=True)
class Layer:
    """One transformer layer.

    Attributes
    ----------
    name: of the layer's module, such as "encoder.layers.2".
    block: the layer.
    projection: its `mlp.fc2`.

    """

    name: str
    block: nn.Module
    projection: nn.Linear


def layers(encoder: nn.Module) -> list[Layer]:
    """Return the layers of a CLIP text encoder, first to last.

    Raises
    ------
    UnsupportedEncoderError
        The number of `mlp.fc2` is not the configuration's number of layers.

    """
    found = []
    for name, module in encoder.named_modules():
        if name.endswith(PROJECTION) and isinstance(module, nn.Linear):
            block = name.removesuffix(PROJECTION)
            found.append(Layer(block, encoder.get_submodule(block), module))
    expected = getattr(encoder.config, "num_hidden_layers", 0)
    if len(found) != expected or not found:
        raise UnsupportedEncoderError(
            f"{type(encoder).__name__} has {len(found)} layers with mlp.fc2 and its configuration says "
            f"{expected}; only CLIP text encoders can be edited"
        )
    return found


@dataclass(frozen=True)
class States:
    """What a layer saw.

    Attributes
    ----------
    inputs: of `mlp.fc2`, shape (B, S, F).
    residual: behind the layer, shape (B, S, D).

    """

    inputs: Tensor
    residual: Tensor


def layer_states(encoder: nn.Module, layer: Layer, ids: Tensor, embeddings: Tensor | None = None) -> States:
    """Run the encoder and return the states of one of its layers.

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

    with ExitStack() as stack:
        stack.callback(layer.projection.register_forward_pre_hook(projected).remove)
        stack.callback(layer.block.register_forward_hook(left).remove)
        hidden_states(encoder, ids, embeddings)
    return States(seen["inputs"], seen["residual"])


def hidden_states(encoder: nn.Module, ids: Tensor, embeddings: Tensor | None = None) -> Tensor:
    """Return what the U-Net reads: `last_hidden_state`, shape (B, S, D)."""
    with _embedded(encoder, embeddings):
        output: Tensor = encoder(ids).last_hidden_state
    return output


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
    """Return the table of token embeddings, shape (V, D)."""
    for name, module in encoder.named_modules():
        if name.endswith("token_embedding") and isinstance(module, nn.Embedding):
            return module
    raise UnsupportedEncoderError(f"{type(encoder).__name__} has no token_embedding")


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
