"""Token ids of a prompt, with the place of its phrase, and which position answers which in another prompt.

A name is rarely one token: "captain comet" is two words, "lantern" two pieces. In CLIP attention is causal,
so every position from the first token of the name on knows of the name: the end-of-text and the padding
behind it too, and the U-Net reads them all. In T5 every position of the prompt knows of it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from unlearn_job.conditioning import conditioning_of
from unlearn_job.prompts import Prompt


@dataclass(frozen=True)
class Tokens:
    """One tokenised prompt.

    Attributes
    ----------
    ids: token ids, length S, start, end and padding included. S is what the pipeline pads to; where it
        neither sees nor reads padding, the ids end with the end-of-text, which gives the same states.
    start, stop: positions of the phrase, half open; equal where the phrase is empty or cut off.
    end: position of the end-of-text.
    first, last: positions whose states know of the phrase and are read, half open.
    pad: id that fills up shorter prompts of a batch.

    """

    ids: tuple[int, ...]
    start: int
    stop: int
    end: int
    first: int
    last: int
    pad: int


def word_ids(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[int, ...]:
    """Return the ids of a text without start and end."""
    if conditioning_of(tokenizer).lowered:
        text = text.lower()
    return _ids(tokenizer, text) if text else ()


@functools.lru_cache(maxsize=1 << 17)
def _ids(tokenizer: PreTrainedTokenizerBase, text: str) -> tuple[int, ...]:
    # Prompts share their parts: names, and what templates have before and behind them. Searches go over all
    # words of a vocabulary again and again; CLIP's has 49,408.
    return tuple(tokenizer(text, add_special_tokens=False).input_ids)


def assemble(
    tokenizer: PreTrainedTokenizerBase, before: Sequence[int], phrase: Sequence[int], after: Sequence[int]
) -> Tokens:
    """Put ids together as the pipelines do: start, content cut to the maximum, end, padding."""
    conditioning = conditioning_of(tokenizer)
    opening, closing = _frame(tokenizer)
    length = conditioning.length or int(tokenizer.model_max_length)
    content = [*before, *phrase, *after][: length - len(opening) - len(closing)]
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    ids = [*opening, *content, *closing]
    end = len(ids) - 1
    if conditioning.padding or not conditioning.masked:
        ids += [pad] * (length - len(ids))
    start = min(len(opening) + len(before), end)
    return Tokens(
        tuple(ids),
        start,
        min(start + len(phrase), end),
        end,
        first=start if conditioning.causal else 0,
        last=len(ids) if conditioning.padding else end + 1,
        pad=pad,
    )


def tokenise(tokenizer: PreTrainedTokenizerBase, prompt: Prompt) -> Tokens:
    """Tokenise a prompt. CLIP's and T5's tokenizers split at spaces, so its parts may be tokenised alone."""
    before, phrase, after = (word_ids(tokenizer, t) for t in (prompt.before, prompt.phrase, prompt.after))
    return assemble(tokenizer, before, phrase, after)


def answering(own: Tokens, other: Tokens) -> list[int]:
    """For every position of `own` that counts, return the position of `other` that it shall equal.

    The phrases are matched from their last tokens backwards, because the last one has seen the whole
    phrase; so are the words behind them. What has no counterpart, such as a style that turns into
    nothing, answers to the other's end-of-text. Padding answers to padding, words before the phrase to
    themselves.
    """
    found = []
    for position in range(own.first, own.last):
        if position < own.start:
            answer = position if position < other.start else other.end
        elif position < own.stop and other.stop > other.start:
            answer = max(other.start, other.stop - (own.stop - position))
        elif position <= own.end:
            answer = other.end - (own.end - position)
            if answer < other.stop or position < own.stop:
                answer = other.end
        else:
            answer = min(max(position, other.end + 1), len(other.ids) - 1)
        found.append(answer)
    return found


def matched(pairs: Iterable[tuple[Tokens, Tokens]]) -> tuple[list[int], list[int], list[int]]:
    """Index a batch of pairs: rows of the batch, positions in `own`, and those that they answer to."""
    rows: list[int] = []
    here: list[int] = []
    there: list[int] = []
    for row, (own, other) in enumerate(pairs):
        answers = answering(own, other)
        rows += [row] * len(answers)
        here += range(own.first, own.last)
        there += answers
    return rows, here, there


def stack(prompts: Sequence[Tokens]) -> Tensor:
    """Return the ids of prompts as one tensor, shape (N, S), S that of the longest."""
    longest = max(len(prompt.ids) for prompt in prompts)
    return torch.tensor(
        [(*prompt.ids, *([prompt.pad] * (longest - len(prompt.ids)))) for prompt in prompts], dtype=torch.long
    )


def whole_words(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return the ids of tokens that are words by themselves, ascending.

    CLIP marks the end of a word. SentencePiece and byte-level BPE mark its beginning, so that a token may go
    on in the next one: it stands for a word where a space or the end follows, as it does here.
    """
    special = set(tokenizer.all_special_ids)
    entries = tokenizer.get_vocab().items()
    ends = [i for token, i in entries if token.endswith("</w>")]
    found = ends or [i for token, i in entries if token[:1] in {"▁", "Ġ"} and token[1:].isalpha()]
    # Sorted, because fast tokenizers return their vocabulary in another order each time.
    return sorted(i for i in found if i not in special)


@functools.lru_cache(maxsize=16)
def _frame(tokenizer: PreTrainedTokenizerBase) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the ids before and behind every text: CLIP has a start and an end, T5 an end alone."""
    inner = tokenizer("a", add_special_tokens=False).input_ids
    whole = tokenizer("a").input_ids
    at = next(at for at in range(len(whole)) if whole[at : at + len(inner)] == inner)
    return tuple(whole[:at]), tuple(whole[at + len(inner) :])
