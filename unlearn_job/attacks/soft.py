"""Soft tokens in a pipeline: its encoders get vectors where a prompt has some of its tokens.

In the token tables, so that the pipelines' own call does the rest: pooled vectors, padding, guidance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from diffusers import DiffusionPipeline
from torch import Tensor, nn

from unlearn_job.methods.states import token_table
from unlearn_job.retain import Reading

Softs = Mapping[str, Reading]
"""One prompt as each encoder of a pipeline reads it, by component; its patches are the soft tokens."""


@contextmanager
def softened(pipeline: DiffusionPipeline, softs: Softs) -> Iterator[None]:
    """Inside, the encoders of a pipeline get soft tokens wherever they read exactly these prompts.

    Raises
    ------
    ValueError
        One of them never did: its tokenizer reads the prompt otherwise, which is a bug.

    """
    patches = {component: _Patch(reading) for component, reading in softs.items()}
    with ExitStack() as stack:
        for component, patch in patches.items():
            table = token_table(getattr(pipeline, component))
            stack.callback(table.register_forward_hook(patch).remove)
        yield
    unread = [component for component, patch in patches.items() if not patch.rows]
    if unread:
        raise ValueError(f"{', '.join(unread)} never read the prompt of the soft tokens")


class _Patch:
    """A hook of a token table; counts the rows into which it put the vectors."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self.rows = 0

    def __call__(self, _table: nn.Module, args: tuple[Any, ...], output: Tensor) -> Tensor:
        """Change token embeddings, shape (B, S, D), in the rows whose ids are the prompt's."""
        own = torch.tensor(self._reading.tokens.ids, device=output.device)
        ids: Tensor = args[0]
        if ids.shape[1:] != own.shape:
            return output
        patched, rows = output.clone(), ids.eq(own).all(1)
        self.rows += int(rows.sum())
        for position, vector in self._reading.patches.items():
            patched[rows, position] = vector.to(output)
        return patched
