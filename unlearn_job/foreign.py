"""An encoder that somebody made elsewhere: a release, a folder or a file, to be measured against the base."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from transformers import PreTrainedModel

from unlearn_job.contract.document import JobInput
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.manifest import MANIFEST_NAME
from unlearn_job.encoder import (
    EncoderMismatchError,
    Encoders,
    ModelUnreadableError,
    first_line,
    frozen,
    load_encoder,
    named_tensors,
)
from unlearn_job.models import Models
from unlearn_job.parent import BaseChangedError, check_components, load_release
from unlearn_job.sources import SourceMissingError, resolve
from unlearn_job.store import open_store
from unlearn_job.store.release import ReleaseDamagedError, download_encoder, read_manifest

_PREFIX: Final = "text_model."
_RELEASE_PARTS: Final = 3
"""A release lies in <storage>/<model>/releases/<key>."""


class NoEncoderError(PermanentFailure):
    """There is no encoder at the address."""

    reason = "NoEncoder"


def open_foreign(address: str, document: JobInput, models: Models, cache: Path) -> Encoders:
    """Load an encoder that anybody made, or several, in float32 on the Job's device.

    Parameters
    ----------
    address
        `file://`, `s3://` or `hf://`: a published release, a folder with `config.json` and safetensors, a
        pipeline with such a folder, or (on disk) one file of safetensors. Where the document names several
        encoders: a release of those, or a pipeline.
    document, models
        The Job's; an encoder must have the base's tensors by name and shape.
    cache
        Folder for downloads.

    Raises
    ------
    NoEncoderError, SourceMissingError
        There is none.
    ReleaseDamagedError, BaseChangedError, ParentMismatchError
        A release is not what was published, was built from another base encoder, or is of other components.
    ModelUnreadableError, EncoderMismatchError
        The files cannot be read, or are those of another encoder.
    TemporaryFailure
        The address cannot be reached now.

    """
    path = Path(unquote(address.removeprefix("file://"))) if address.startswith("file://") else None
    if path is not None and path.is_file():
        if models.beside:
            raise NoEncoderError(f"{path.name} is one encoder, and several are asked for: give a pipeline")
        return filled(models.base_encoder, _tensors_of(path), path.name)
    if path is not None and not path.is_dir():
        raise SourceMissingError(f"there is no encoder at {address}: no such file or folder")
    bases = {part.encoder_name: part.base_encoder for part in models.parts}
    classes = {name: type(base).__name__ for name, base in bases.items()}
    loaded = _release(address, document, models, classes, cache)
    if loaded is None:
        folder = resolve(address, cache, document.storage)
        places = {name: _folder(folder, name, address, alone=len(classes) == 1) for name in classes}
        loaded = {name: load_encoder(places[name], kind) for name, kind in classes.items()}
    found = {name: filled(base, named_tensors(loaded[name]), address) for name, base in bases.items()}
    return found if models.beside else found[models.encoder_name]


def filled(base: PreTrainedModel, tensors: Mapping[str, Tensor], where: str) -> PreTrainedModel:
    """Return a copy of an encoder with other tensors in it, by their names with or without `text_model.`.

    Raises
    ------
    EncoderMismatchError
        A tensor is missing, too many, or of another shape.

    """
    encoder = deepcopy(base)
    own = named_tensors(encoder)
    given = {name.removeprefix(_PREFIX): tensor for name, tensor in tensors.items()}
    # Tied tensors are in a file once.
    there = {own[name].data_ptr() for name in given if name in own}
    lacking = [name for name in own if name not in given and own[name].data_ptr() not in there]
    foreign = [name for name in given if name not in own]
    unlike = [name for name in given if name in own and given[name].shape != own[name].shape]
    for names, what in ((lacking, "lacks"), (foreign, "has, beyond the base,"), (unlike, "differs in")):
        if names:
            raise EncoderMismatchError(
                f"{where} is no version of the base encoder: it {what} {len(names)} tensors, "
                f"such as {names[0]}"
            )
    with torch.no_grad():
        for name, tensor in given.items():
            own[name].copy_(tensor)
    return frozen(encoder)


def _tensors_of(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError, ValueError) as exc:
        raise ModelUnreadableError(f"{path.name} holds no safetensors: {first_line(exc)}") from exc


def _folder(folder: Path, component: str, address: str, *, alone: bool) -> Path:
    for candidate in (folder, folder / component) if alone else (folder / component,):
        if (candidate / "config.json").exists():
            return candidate
    raise NoEncoderError(
        f"there is no encoder at {address}: neither a release nor config.json {'there or ' if alone else ''}"
        f"in {component}/"
    )


def _release(
    address: str, document: JobInput, models: Models, classes: Mapping[str, str], cache: Path
) -> dict[str, PreTrainedModel] | None:
    """Download, check and load the encoders of a published release; None where there is no release."""
    scheme, _, rest = address.rstrip("/").partition("://")
    parts = rest.split("/")
    if scheme not in {"file", "s3"} or len(parts) <= _RELEASE_PARTS:
        return None
    prefix = "/".join(parts[-_RELEASE_PARTS:])
    storage = f"{scheme}://{'/'.join(parts[:-_RELEASE_PARTS]) or '/'}"
    store = open_store(storage, endpoint=document.storage.endpoint, region=document.storage.region)
    if not store.exists(f"{prefix}/{MANIFEST_NAME}"):
        return None
    manifest = read_manifest(store, prefix)
    check_components(manifest, classes)
    if manifest.base_sha256 != models.base_sha256:
        raise BaseChangedError(
            f"release {manifest.key[:10]} was built from the base encoder {manifest.base_sha256[:10]}, and "
            f"the pipeline has {models.base_sha256[:10]}: nothing could be compared"
        )
    folder = cache / "parents" / manifest.key
    download_encoder(store, prefix, manifest, folder)
    return load_release(folder, manifest, classes)


__all__ = ["NoEncoderError", "ReleaseDamagedError", "filled", "open_foreign"]
