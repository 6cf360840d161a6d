"""Comparing tokenizers: the same weights behind another vocabulary are another encoder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import transformers
from transformers import PreTrainedTokenizerBase

from unlearn_job.encoder import (
    UNREADABLE,
    EncoderMismatchError,
    ModelUnreadableError,
    first_line,
    named_class,
)


def load_tokenizer(folder: Path, class_name: str) -> PreTrainedTokenizerBase:
    """Load a tokenizer.

    Raises
    ------
    ModelUnreadableError
        The class is unknown, or the files do not fit.

    """
    kind: Any = getattr(transformers, class_name, None)
    if not named_class(kind, PreTrainedTokenizerBase):
        raise ModelUnreadableError(f"{class_name} of {folder.name} is no tokenizer of transformers")
    try:
        tokenizer: PreTrainedTokenizerBase = kind.from_pretrained(folder, local_files_only=True)
    except UNREADABLE as exc:
        raise ModelUnreadableError(
            f"{folder.name} cannot be loaded as {class_name}: {first_line(exc)}"
        ) from exc
    return tokenizer


def check_same_tokenizer(
    first: PreTrainedTokenizerBase, second: PreTrainedTokenizerBase, texts: Iterable[str]
) -> None:
    """Compare two tokenizers by vocabulary, length and what they make of texts.

    Parameters
    ----------
    first, second
        The tokenizers, perhaps of different classes (fast and slow).
    texts
        Names and prompts of the Job: they must give the same ids in both.

    Raises
    ------
    EncoderMismatchError
        They differ; the message says in what.

    """
    start = "the tokenizers of the surrogate and of the pipeline differ in"
    if first.get_vocab() != second.get_vocab():
        raise EncoderMismatchError(f"{start} their vocabularies ({len(first)} and {len(second)} tokens)")
    if first.model_max_length != second.model_max_length:
        raise EncoderMismatchError(
            f"{start} their lengths ({first.model_max_length} and {second.model_max_length} tokens)"
        )
    for text in texts:
        if _ids(first, text) != _ids(second, text):
            raise EncoderMismatchError(f"{start} the tokens of {text!r}")


def _ids(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    return list(tokenizer(text, padding="max_length", truncation=True)["input_ids"])
