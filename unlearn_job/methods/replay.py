"""Run a part of an encoder again: layers below give what they gave, and what leaves a module may be changed.

By the modules' `forward` and not by hooks: transformers collects hidden states with hooks of its own, and one
that was there first would see what a module gave before the change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from unlearn_job.conditioning import conditioning_of
from unlearn_job.methods.states import Layer, layers
from unlearn_job.retain import Reading

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


class Prefix:
    """Remember what leaves the first layers of an encoder, prompt by prompt: each runs through them once.

    Where attention is causal, what is behind a prompt changes nothing in it, so a prompt is known in whatever
    batch it comes next. Elsewhere, and where a layer hands on more than states, whole batches are known.

    Parameters
    ----------
    depth
        Number of those layers; all encoders that are asked have the same weights there.
    budget
        Bytes that may be kept, on the encoder's device. What does not fit is computed again.

    """

    def __init__(self, depth: int, budget: int) -> None:
        self.depth = depth
        self._left = budget
        self._kept: dict[object, Output] = {}

    @contextmanager
    def through(self, encoder: nn.Module, prompts: Sequence[Reading]) -> Iterator[None]:
        """Inside, a pass over one batch begins behind these layers if all of it is known, else is noted."""
        known = self._known(prompts)
        if known is None:
            with self.noting(encoder, prompts):
                yield
        else:
            with replayed(layers(encoder)[: self.depth], known):
                yield

    @contextmanager
    def noting(self, encoder: nn.Module, prompts: Sequence[Reading]) -> Iterator[None]:
        """Inside, what leaves these layers in a pass over one batch is kept."""
        if not self.depth:
            yield
            return
        causal = conditioning_of(encoder).causal

        def note(output: Output) -> Output:
            size = _bytes(output)
            if size <= self._left:
                self._left -= size
                if causal and isinstance(output, Tensor):
                    self._kept |= zip(map(_key, prompts), output, strict=True)
                else:
                    self._kept[tuple(map(_key, prompts))] = output
            return output

        with changed(layers(encoder)[self.depth - 1].block, note):
            yield

    def _known(self, prompts: Sequence[Reading]) -> Output | None:
        keys = tuple(map(_key, prompts))
        if keys in self._kept:
            return self._kept[keys]
        rows = [self._kept.get(key) for key in keys]
        if not all(isinstance(row, Tensor) for row in rows):
            return None
        length = max(len(prompt.tokens.ids) for prompt in prompts)
        return pad_sequence([states_of(row)[:length] for row in rows if row is not None], batch_first=True)


def _key(prompt: Reading) -> tuple[object, ...]:
    """Return what makes two prompts the same input: token ids, and the very same vectors in place of some."""
    return (prompt.tokens.ids, *prompt.patches.items())


def _bytes(output: Output) -> int:
    """Return the size of an output's tensors."""
    parts = output if isinstance(output, tuple) else (output,)
    return sum(part.numel() * part.element_size() for part in parts if isinstance(part, Tensor))
