"""Text encoders on disk: loading, digests, comparison, and saving for every reader.

transformers 5.6 flattened `CLIPTextModel`: its tensors lost the prefix `text_model.`. Both layouts are in
use, in files and in memory, so names are compared and hashed without it, and written with it: newer versions
take it away while they load, older ones need it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch
import transformers
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from unlearn_job.contract.errors import PermanentFailure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

MAX_RELATIVE_DIFFERENCE: Final = 1e-3
"""Of two tensors of the same encoder after a cast to fp16: rounding on the way through another precision."""
WEIGHTS_NAME: Final = "model.safetensors"
_PREFIX: Final = "text_model."
_PREFIXED_CLASS: Final = "CLIPTextModel"
"""The class whose layout changed. `CLIPTextModelWithProjection` kept its own."""

UNREADABLE: Final = (OSError, ValueError, KeyError, RuntimeError, TypeError, ImportError, SafetensorError)
"""What transformers and diffusers raise on a folder that is not what its configuration says."""


class ModelUnreadableError(PermanentFailure):
    """A folder is not the model that it should be."""

    reason = "ModelUnreadable"


class EncoderMismatchError(PermanentFailure):
    """Two models that should share an encoder do not."""

    reason = "EncoderMismatch"


def load_encoder(folder: Path, class_name: str) -> PreTrainedModel:
    """Load an encoder in the precision of its file, in eval mode, without gradients.

    Parameters
    ----------
    folder
        `config.json` and safetensors.
    class_name
        Class of transformers, as model_index.json names it.

    Raises
    ------
    ModelUnreadableError
        The class is unknown, or the weights do not fill it.

    """
    kind: Any = getattr(transformers, class_name, None)
    if not named_class(kind, PreTrainedModel):
        raise ModelUnreadableError(f"{class_name} of {folder.name} is no model of transformers")
    try:
        # The annotation of from_pretrained does not know output_loading_info.
        loaded: Any = kind.from_pretrained(
            folder, use_safetensors=True, local_files_only=True, dtype="auto", output_loading_info=True
        )
        encoder: PreTrainedModel = loaded[0]
        loading: dict[str, Any] = loaded[1]
    except UNREADABLE as exc:
        raise ModelUnreadableError(
            f"{folder.name} cannot be loaded as {class_name}: {first_line(exc)}"
        ) from exc
    # transformers fills what a file lacks with random numbers, and only warns.
    lacking = sorted({*loading["missing_keys"], *(key for key, *_ in loading["mismatched_keys"])})
    if lacking:
        raise ModelUnreadableError(
            f"{folder.name} lacks {len(lacking)} tensors of {class_name}: {lacking[0]}"
        )
    return frozen(encoder)


def save_encoder(encoder: PreTrainedModel, folder: Path, dtype: torch.dtype) -> None:
    """Write config.json and model.safetensors so that transformers before and after 5.6 load them.

    Parameters
    ----------
    encoder
        The encoder; it is not changed.
    folder
        Created where it is missing.
    dtype
        Precision of the floating-point tensors in the file.

    """
    folder.mkdir(parents=True, exist_ok=True)
    # By the library first: it knows which tensors are tied and must be left out.
    encoder.save_pretrained(folder, max_shard_size="1TB")
    tensors = load_file(folder / WEIGHTS_NAME)
    prefix = _PREFIX if type(encoder).__name__ == _PREFIXED_CLASS else ""
    save_file(
        {
            prefix + name.removeprefix(prefix): _cast(tensor, dtype)
            for name, tensor in sorted(tensors.items())
        },
        folder / WEIGHTS_NAME,
        metadata={"format": "pt"},
    )
    config = json.loads((folder / "config.json").read_text())
    # "dtype" since transformers 4.56, "torch_dtype" before: both, or an older reader doubles the memory.
    config["dtype"] = config["torch_dtype"] = str(dtype).removeprefix("torch.")
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def tensor_digest(encoder: PreTrainedModel) -> str:
    """Hash an encoder's tensors: names without `text_model.`, shapes, and values cast to fp16.

    The digest depends neither on the layout, nor on the precision of the file (fp32 and its fp16 copy
    agree), nor on the device.

    Returns
    -------
    str
        SHA-256 as 64 hexadecimal digits.

    """
    digest = hashlib.sha256()
    for name, tensor in sorted(_tensors(encoder).items()):
        shape = "x".join(str(size) for size in tensor.shape)
        digest.update(f"{name}:{shape}\n".encode())
        digest.update(_cast(tensor, torch.float16).numpy().tobytes())
    return digest.hexdigest()


def check_same_encoder(first: PreTrainedModel, second: PreTrainedModel) -> None:
    """Compare two encoders tensor by tensor after a cast to fp16.

    Classes and files may differ; the largest difference in a tensor, relative to its largest magnitude, may
    be `MAX_RELATIVE_DIFFERENCE`.

    Raises
    ------
    EncoderMismatchError
        Names, shapes or values differ; the message names the tensors.

    """
    ours, theirs = _tensors(first), _tensors(second)
    lone = sorted(ours.keys() ^ theirs.keys())
    if lone:
        raise EncoderMismatchError(
            f"the text encoders of the surrogate and of the pipeline differ in {_some(lone)}, "
            "which only one of them has"
        )
    unequal = [name for name in sorted(ours) if not _alike(ours[name], theirs[name])]
    if unequal:
        raise EncoderMismatchError(
            f"the text encoders of the surrogate and of the pipeline differ in {len(unequal)} of {len(ours)} "
            f"tensors: {_some(unequal)}; an erasure in one would not be one in the other"
        )


def named_class(found: object, base: type) -> bool:
    """Say whether what a library has under a name is a class of the kind wanted."""
    return isinstance(found, type) and issubclass(found, base)


def frozen(encoder: PreTrainedModel) -> PreTrainedModel:
    """Put an encoder into eval mode and take the gradients away, in place."""
    encoder.eval()
    encoder.requires_grad_(requires_grad=False)
    return encoder


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, short enough for a sentence."""
    text = str(error).strip()
    line = text.splitlines()[0] if text else type(error).__name__
    return line if len(line) <= 300 else f"{line[:297]}..."


def _tensors(encoder: PreTrainedModel) -> dict[str, Tensor]:
    return {name.removeprefix(_PREFIX): tensor for name, tensor in encoder.state_dict().items()}


def _cast(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    plain = tensor.detach().cpu()
    return (plain.to(dtype) if plain.is_floating_point() else plain).contiguous()


def _alike(first: Tensor, second: Tensor) -> bool:
    if first.shape != second.shape:
        return False
    one, two = (_cast(tensor, torch.float16).float() for tensor in (first, second))
    scale = max(one.abs().max().item(), two.abs().max().item(), torch.finfo(torch.float16).tiny)
    return (one - two).abs().max().item() <= MAX_RELATIVE_DIFFERENCE * scale


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:3]) + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")
