"""Loading tokenizers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import transformers
from transformers import PreTrainedTokenizerBase

from unlearn_job.encoder import UNREADABLE, ModelUnreadableError, first_line, named_class


def tokenizer_name(encoder: str) -> str:
    """Return the component that holds an encoder's tokenizer: "tokenizer_2" for "text_encoder_2"."""
    return encoder.replace("text_encoder", "tokenizer")


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
