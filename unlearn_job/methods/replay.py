"""Run a part of an encoder again: layers below give what they gave, and what leaves a module may be changed.

By the modules' `forward` and not by hooks: transformers collects hidden states with hooks of its own, and one
that was there first would see what a module gave before the change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import torch
from torch import Tensor, nn

from unlearn_job.methods.states import Layer, States, hidden_states, layers

Output = Tensor | tuple[Any, ...]
"""What a module returns: states of shape (B, S, D), alone or first in a tuple."""


def states_of(output: Output) -> Tensor:
    """Return the states in what a module gave, shape (B, S, D)."""
    states: Tensor = output[0] if isinstance(output, tuple) else output
    return states


def with_states(output: Output, states: Tensor) -> Output:
    """Return a module's output with other states, shape (B, S, D)."""
    return (states, *output[1:]) if isinstance(output, tuple) else states


@contextmanager
def changed(module: nn.Module, change: Callable[[Output], Output]) -> Iterator[None]:
    """Let a module give something else: inside, `change` gets what it would have given."""
    forward = module.forward
    with _forward(module, lambda *args, **kwargs: change(forward(*args, **kwargs))):
        yield


@contextmanager
def replayed(blocks: Sequence[Layer], output: Output | None) -> Iterator[None]:
    """Let layers cost nothing: each gives `output`, which is what the last of them gave before.

    None lets them run.
    """
    with ExitStack() as stack:
        for layer in blocks if output is not None else ():
            stack.enter_context(_forward(layer.block, lambda *_args, **_kwargs: output))
        yield


@contextmanager
def _forward(module: nn.Module, forward: Callable[..., Any]) -> Iterator[None]:
    """Set a module's own `forward`, and put back what was there: the class's, or an offloading hook's."""
    before = module.__dict__.get("forward")
    module.forward = forward
    try:
        yield
    finally:
        if before is None:
            del module.forward
        else:
            module.forward = before


class _Reached(Exception):  # noqa: N818 (no error: the way out of a forward pass)
    """The layer that was asked for has run; the rest of the encoder is not needed."""


class LowerLayers:
    """Remember what leaves the layers that a method does not edit: each prompt runs through them once.

    Parameters
    ----------
    count
        Number of layers below the first edited one; all encoders that are asked have the same weights there.
    budget
        Bytes that may be kept, on the encoder's device. What does not fit is computed again, to the same
        bits.

    """

    def __init__(self, count: int, budget: int) -> None:
        self._count = count
        self._left = budget
        self._kept: dict[object, Output] = {}

    def states(
        self, batch: object, encoder: nn.Module, index: int, ids: Tensor, embeddings: Tensor | None = None
    ) -> States:
        """Return what a layer sees, as `layer_states` does.

        Parameters
        ----------
        batch
            Name of the batch: one name, one set of ids and embeddings.
        encoder, index
            The encoder and the number of its layer, at least `count`.
        ids, embeddings
            Token ids, shape (B, S), and token embeddings in place of their own, shape (B, S, D).

        """
        among = layers(encoder)
        layer, below = among[index], among[: self._count]
        known = self._kept.get(batch)
        seen: dict[str, Tensor] = {}

        def remember(output: Output) -> Output:
            size = _bytes(output)
            if size <= self._left:
                self._left -= size
                self._kept[batch] = output
            return output

        def projected(_module: nn.Module, args: tuple[Any, ...]) -> None:
            seen["inputs"] = args[0]

        def left(output: Output) -> Output:
            seen["residual"] = states_of(output)
            raise _Reached

        with ExitStack() as stack:
            stack.enter_context(replayed(below, known))
            if below and known is None:
                stack.enter_context(changed(below[-1].block, remember))
            stack.callback(layer.projection.register_forward_pre_hook(projected).remove)
            stack.enter_context(changed(layer.block, left))
            with suppress(_Reached):
                hidden_states(encoder, ids, embeddings)
        return States(seen["inputs"], seen["residual"])


def _bytes(output: Output) -> int:
    """Return the size of an output's tensors."""
    parts = output if isinstance(output, tuple) else (output,)
    return sum(part.numel() * part.element_size() for part in parts if isinstance(part, torch.Tensor))
