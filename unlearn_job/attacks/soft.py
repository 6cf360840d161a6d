"""Soft tokens: vectors that encoders get where a prompt has some of its tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import torch
from diffusers import DiffusionPipeline
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase

from unlearn_job.erasing import Vectors
from unlearn_job.methods.states import token_table
from unlearn_job.methods.tokens import tokenise
from unlearn_job.prompts import Prompt
from unlearn_job.retain import Reading, as_reading

Softs = Mapping[str, Reading]
"""One prompt as each encoder of a pipeline reads it, by component; its patches are the soft tokens."""
STARTS: Final = ("name", "mean", "noise")
"""From the name's own embeddings, from the mean word, and from noise around it."""
RATE: Final = 5e-2
"""Adam's. Embeddings of words are about as long as one step of ten."""


@dataclass(frozen=True)
class SoftTokens:
    """What one encoder gets in place of a name, to be trained.

    Attributes
    ----------
    encoder: what reads them.
    tokenizer: its own.
    vectors: shape (tokens of the name, D), float32.

    """

    encoder: nn.Module
    tokenizer: PreTrainedTokenizerBase
    vectors: Tensor

    @classmethod
    def of(
        cls,
        encoder: nn.Module,
        tokenizer: PreTrainedTokenizerBase,
        prompt: Prompt,
        generator: torch.Generator,
        start: str,
    ) -> SoftTokens:
        """Begin at one of `STARTS`."""
        table = token_table(encoder).weight.detach()
        tokens = tokenise(tokenizer, prompt)
        vectors = table[list(tokens.ids[tokens.start : tokens.stop])].float().clone()
        if start != "name":
            mean = table.float().mean(0, keepdim=True).expand_as(vectors).clone()
            spread = table.float().std(0, keepdim=True)
            noise = torch.randn(vectors.shape, generator=generator).to(vectors) if start == "noise" else 0.0
            vectors = mean + spread * noise
        return cls(encoder, tokenizer, vectors)

    def embedded(self, prompt: Prompt) -> tuple[Tensor, Tensor]:
        """Return a prompt's ids, shape (1, S), and its embeddings with the vectors in them, (1, S, D)."""
        table = token_table(self.encoder).weight.detach()
        tokens = tokenise(self.tokenizer, prompt)
        ids = torch.tensor([tokens.ids], device=table.device)
        place = torch.arange(tokens.start, tokens.stop, device=table.device)
        at = (torch.zeros_like(place), place)
        return ids, table[ids].index_put(at, self.vectors[: len(place)].to(table.dtype))

    @torch.no_grad()
    def shorten(self, longest: float) -> None:
        """Bound the vectors' norms, in multiples of the longest row of the token table."""
        limit = longest * float(token_table(self.encoder).weight.norm(dim=1).max())
        self.vectors.mul_((limit / self.vectors.norm(dim=1, keepdim=True)).clamp(max=1.0))

    def reading(self, prompt: Prompt) -> Reading:
        """Return a prompt with the vectors in it."""
        return as_reading(self.tokenizer, prompt, self.plain())

    def plain(self) -> Vectors:
        """Return the vectors as plain numbers."""
        return tuple(tuple(vector) for vector in self.vectors.detach().tolist())


@contextmanager
def softened(pipeline: DiffusionPipeline, softs: Softs) -> Iterator[None]:
    """Inside, the encoders of a pipeline get soft tokens wherever they read exactly these prompts.

    In their token tables, so that the pipeline's own call does the rest: pooled vectors, padding, guidance.

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
