"""Text encoders on disk: loading, digests, and saving for every reader.

transformers 5.6 flattened `CLIPTextModel`: its tensors lost the prefix `text_model.`. Both layouts are in
use, in files and in memory, so names are compared and hashed without it, and written with it: newer versions
take it away while they load, older ones need it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
import transformers
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import PreTrainedModel

from unlearn_job.contract.base import canonical_digest
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.manifest import encoder_folders
from unlearn_job.weights import load_whole

Encoders = PreTrainedModel | Mapping[str, PreTrainedModel]
"""What a release holds: the encoder of the one component that a document names, or several by component."""

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
        return frozen(load_whole(kind, folder, dtype="auto"))
    except UNREADABLE as exc:
        raise ModelUnreadableError(
            f"{folder.name} cannot be loaded as {class_name}: {first_line(exc)}"
        ) from exc


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
        {prefix + name.removeprefix(prefix): cast(tensor, dtype) for name, tensor in sorted(tensors.items())},
        folder / WEIGHTS_NAME,
        metadata={"format": "pt"},
    )
    config = json.loads((folder / "config.json").read_text())
    # "dtype" since transformers 4.56, "torch_dtype" before: both, or an older reader doubles the memory.
    config["dtype"] = config["torch_dtype"] = str(dtype).removeprefix("torch.")
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def save_encoders(
    encoders: Mapping[str, PreTrainedModel], folder: Path, dtypes: Mapping[str, torch.dtype]
) -> None:
    """Write the encoders of a release into its folder, each into the one that `encoder_folders` says.

    Parameters
    ----------
    encoders
        By component.
    folder
        Of the release.
    dtypes
        Precision of each encoder's file, by component.

    """
    for (name, encoder), place in zip(encoders.items(), encoder_folders([*encoders]), strict=True):
        save_encoder(encoder, folder / place, dtypes[name])


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
    for name, tensor in sorted(named_tensors(encoder).items()):
        shape = "x".join(str(size) for size in tensor.shape)
        digest.update(f"{name}:{shape}\n".encode())
        digest.update(cast(tensor, torch.float16).numpy().tobytes())
    return digest.hexdigest()


def joint_digest(encoders: Mapping[str, PreTrainedModel]) -> str:
    """Hash the encoders of a release by component; that of one alone is its `tensor_digest`.

    Returns
    -------
    str
        SHA-256 as 64 hexadecimal digits.

    """
    digests = {name: tensor_digest(encoder) for name, encoder in encoders.items()}
    return canonical_digest(digests) if len(digests) > 1 else next(iter(digests.values()))


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


def named_tensors(encoder: PreTrainedModel) -> dict[str, Tensor]:
    """Return an encoder's tensors by their names without `text_model.`."""
    return {name.removeprefix(_PREFIX): tensor for name, tensor in encoder.state_dict().items()}


def cast(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """Return a contiguous copy on the CPU in another precision; integers stay what they are."""
    plain = tensor.detach().cpu()
    return (plain.to(dtype) if plain.is_floating_point() else plain).contiguous()
