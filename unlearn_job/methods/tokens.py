"""Token ids of a prompt, with the place of its phrase, and which position answers which in another prompt.

A name is rarely one token: "captain comet" is two words, "lantern" two pieces. Attention is causal, so
every position from the first token of the name on knows of the name: the end-of-text and the padding
behind it too, and the U-Net reads them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from unlearn_job.prompts import Prompt


@dataclass(frozen=True)
class Tokens:
    """One tokenised prompt.

    Attributes
    ----------
    ids: token ids, length S (the tokenizer's maximum), start, end and padding included.
    start, stop: positions of the phrase, half open; equal where the phrase is empty or cut off.
    end: position of the end-of-text.

    """

    ids: tuple[int, ...]
    start: int
    stop: int
    end: int


def word_ids(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[int, ...]:
    """Return the ids of a text without start and end."""
    return tuple(tokenizer(text, add_special_tokens=False).input_ids) if text else ()


def assemble(
    tokenizer: PreTrainedTokenizerBase, before: Sequence[int], phrase: Sequence[int], after: Sequence[int]
) -> Tokens:
    """Put ids together as the pipelines do: start, content cut to the maximum, end, padding."""
    length = int(tokenizer.model_max_length)
    content = [*before, *phrase, *after][: length - 2]
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    ids = [tokenizer.bos_token_id, *content, tokenizer.eos_token_id]
    end = len(ids) - 1
    ids += [pad] * (length - len(ids))
    start = min(1 + len(before), end)
    return Tokens(tuple(ids), start, min(start + len(phrase), end), end)


def tokenise(tokenizer: PreTrainedTokenizerBase, prompt: Prompt) -> Tokens:
    """Tokenise a prompt. CLIP's tokenizer splits at spaces, so its parts may be tokenised alone."""
    before, phrase, after = (word_ids(tokenizer, t) for t in (prompt.before, prompt.phrase, prompt.after))
    return assemble(tokenizer, before, phrase, after)


def answering(own: Tokens, other: Tokens) -> list[int]:
    """For every position of `own` from its phrase on, return the position of `other` that it shall equal.

    The phrases are matched from their last tokens backwards, because the last one has seen the whole
    phrase; so are the words behind them. What has no counterpart, such as a style that turns into
    nothing, answers to the other's end-of-text. Padding answers to padding.
    """
    found = []
    for position in range(own.start, len(own.ids)):
        if position < own.stop and other.stop > other.start:
            answer = max(other.start, other.stop - (own.stop - position))
        elif position <= own.end:
            answer = other.end - (own.end - position)
            if answer < other.stop or position < own.stop:
                answer = other.end
        else:
            answer = min(max(position, other.end + 1), len(other.ids) - 1)
        found.append(answer)
    return found


def stack(prompts: Sequence[Tokens]) -> Tensor:
    """Return the ids of prompts as one tensor, shape (N, S)."""
    return torch.tensor([prompt.ids for prompt in prompts], dtype=torch.long)
