"""Whether two pipelines share an encoder: tensors, configuration and tokenizer, and in what they differ.

Never by class or file hash: the same encoder comes as fp16 and fp32, with and without a prefix, and under
names of two versions of a library.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import torch
from torch import Tensor
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from unlearn_job.encoder import EncoderMismatchError, cast, named_tensors

MAX_RELATIVE_DIFFERENCE: Final = 1e-3
"""Of two tensors of the same encoder after a cast to fp16: rounding on the way through another precision."""
SHAPING: Final = (
    *("hidden_act", "num_attention_heads", "layer_norm_eps", "use_attention_mask"),
    *("feed_forward_proj", "num_heads", "layer_norm_epsilon", "relative_attention_max_distance"),
)
"""Keys of a configuration that change what the same tensors compute: CLIP's, then T5's."""
NAMED: Final = 3
"""How many differences a message names."""


def check_same_encoder(first: PreTrainedModel, second: PreTrainedModel) -> None:
    """Compare two encoders tensor by tensor after a cast to fp16, and what they do with them.

    Classes and files may differ; the largest difference in a tensor, relative to its largest magnitude, may
    be `MAX_RELATIVE_DIFFERENCE`.

    Parameters
    ----------
    first
        The surrogate's.
    second
        The pipeline's.

    Raises
    ------
    EncoderMismatchError
        Names, shapes, values or configurations differ; the message names the first tensors with their
        differences.

    """
    start = "the text encoders of the surrogate and of the pipeline differ in"
    ours, theirs = named_tensors(first), named_tensors(second)
    lone = sorted(ours.keys() ^ theirs.keys())
    if lone:
        raise EncoderMismatchError(f"{start} {_some(lone)}, which only one of them has")
    unequal = [
        f"{name} ({why})"
        for name in sorted(ours)
        if (why := difference(ours[name], theirs[name])) is not None
    ]
    if unequal:
        raise EncoderMismatchError(
            f"{start} {len(unequal)} of {len(ours)} tensors, by more than {MAX_RELATIVE_DIFFERENCE:g} of the "
            f"largest value: {_some(unequal)}; an erasure in one would not be one in the other"
        )
    keys = [
        f"{key} ({one} and {two})"
        for key in SHAPING
        # False and absent are the same: old files lack newer keys.
        if (one := getattr(first.config, key, None) or None)
        != (two := getattr(second.config, key, None) or None)
    ]
    if keys:
        raise EncoderMismatchError(f"{start} their configuration: {_some(keys)}")


def difference(first: Tensor, second: Tensor) -> str | None:
    """Say how two tensors of one name differ; None where they are the same after a cast to fp16."""
    if first.shape != second.shape:
        return " and ".join("x".join(map(str, tensor.shape)) for tensor in (first, second))
    one, two = (cast(tensor, torch.float16).float() for tensor in (first, second))
    largest = max(one.abs().max().item(), two.abs().max().item(), torch.finfo(torch.float16).tiny)
    # Equal ones first: values beyond fp16 become infinite in both, and inf - inf is no number.
    apart = torch.where(one == two, 0.0, (one - two).abs()).max().item()
    # "not <=", because a NaN is a difference.
    return None if apart <= MAX_RELATIVE_DIFFERENCE * largest else f"{apart / largest:.2g}"


def check_same_tokenizer(
    first: PreTrainedTokenizerBase, second: PreTrainedTokenizerBase, texts: Iterable[str]
) -> None:
    """Compare two tokenizers: vocabulary, merges, special tokens, length, and what they make of texts.

    Parameters
    ----------
    first, second
        The surrogate's and the pipeline's, perhaps of different classes (fast and slow).
    texts
        Names and prompts of the Job: they must give the same ids in both.

    Raises
    ------
    EncoderMismatchError
        They differ; the message says in what.

    """
    for what in _tokenizer_differences(first, second, texts):
        raise EncoderMismatchError(f"the tokenizers of the surrogate and of the pipeline differ in {what}")


def check_same_tokens(tokenizers: Mapping[str, PreTrainedTokenizerBase], texts: Iterable[str]) -> None:
    """Compare the tokenizers of encoders that are edited together: they may pad differently, and no more.

    Other names of a concept and anchors are chosen once for all encoders, by words that each must read alike.

    Parameters
    ----------
    tokenizers
        By the component that they are for; of one alone nothing is asked.
    texts
        Names and prompts of the Job.

    Raises
    ------
    EncoderMismatchError
        Two differ; the message says in what.

    """
    (name, first), *others = tokenizers.items()
    for other, second in others:
        for what in _tokenizer_differences(first, second, texts, padding=False):
            raise EncoderMismatchError(
                f"{name} and {other} cannot be edited together: their tokenizers differ in {what}; "
                "edit each with a document of its own"
            )


def _tokenizer_differences(
    first: PreTrainedTokenizerBase,
    second: PreTrainedTokenizerBase,
    texts: Iterable[str],
    *,
    padding: bool = True,
) -> Iterator[str]:
    """Yield the differences, the plainest first."""
    ours, theirs = first.get_vocab(), second.get_vocab()
    if ours != theirs:
        odd = sorted(token for token in {*ours, *theirs} if ours.get(token) != theirs.get(token))
        yield f"their vocabularies ({len(ours)} and {len(theirs)} tokens): {_some(map(repr, odd))}"
    one, two = _rules(first), _rules(second)
    if one is not None and two is not None and one != two:
        count = sum(a != b for a, b in zip(one, two, strict=False)) + abs(len(one) - len(two))
        yield f"{count} of their {max(len(one), len(two))} merges or scores"
    names = [
        f"{name} ({one!r} and {two!r})"
        for name in ("bos_token", "eos_token", "unk_token", *(("pad_token",) if padding else ()))
        if (one := getattr(first, name, None)) != (two := getattr(second, name, None))
    ]
    if names:
        yield f"their special tokens: {_some(names)}"
    if first.model_max_length != second.model_max_length:
        yield f"their lengths ({first.model_max_length} and {second.model_max_length} tokens)"
    for text in texts:
        if first(text).input_ids != second(text).input_ids:
            yield f"the tokens of {text!r}"


def _rules(tokenizer: PreTrainedTokenizerBase) -> list[Any] | None:
    """Return the merges of BPE, or the scored pieces of a unigram model; None for a slow tokenizer."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        return None
    model = json.loads(backend.to_str())["model"]
    found: list[Any] | None = model.get("merges") or (model["vocab"] if model["type"] == "Unigram" else None)
    return found


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:NAMED]) + (f" and {len(listed) - NAMED} more" if len(listed) > NAMED else "")
