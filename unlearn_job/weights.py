"""Whole models of transformers, which fills what a file lacks with random numbers, and only warns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from transformers import PreTrainedModel


def load_whole(kind: Any, folder: Path, *, spare: str | None = None, **options: Any) -> PreTrainedModel:  # noqa: ANN401
    """Load a model from `config.json` and safetensors.

    Parameters
    ----------
    kind
        Class of transformers, or one of its Auto classes.
    folder
        A local folder as `save_pretrained` writes it.
    spare
        Name of a module whose tensors nobody reads: it may lack them.
    options
        Further ones of `from_pretrained`.

    Raises
    ------
    ValueError
        The files lack tensors.
    OSError, KeyError, RuntimeError, SafetensorError
        As transformers raises them on a folder that is no model.

    """
    # The annotation of from_pretrained does not know output_loading_info.
    loaded: Any = kind.from_pretrained(
        folder, use_safetensors=True, local_files_only=True, output_loading_info=True, **options
    )
    model: PreTrainedModel = loaded[0]
    told: dict[str, Any] = loaded[1]
    missing = {*told["missing_keys"], *(key for key, *_ in told["mismatched_keys"])}
    lacking = sorted(key for key in missing if spare is None or not key.startswith(f"{spare}."))
    if lacking:
        raise ValueError(f"it lacks tensors of {type(model).__name__} ({len(lacking)}, such as {lacking[0]})")
    return model
