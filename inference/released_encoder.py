"""The encoder that a release brought, checked against the pipeline it is to serve and against its manifest.

A wrong encoder does not fail while it generates: it draws something else. So everything is checked before the
first request, and any doubt ends the process: the pod does not become Ready and the old pods go on serving.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from transformers import PretrainedConfig, PreTrainedModel

from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.manifest import ENCODER_FOLDER, MANIFEST_NAME, Manifest, ManifestFile
from unlearn_job.encoder import first_line, load_encoder, tensor_digest
from unlearn_job.pipelines import PipelineIndex
from unlearn_job.store.release import sha256_of

_MAY_DIFFER: Final = frozenset(
    {"architectures", "dtype", "torch_dtype", "transformers_version", "_name_or_path"}
)
"""Keys of a configuration that change no shape and no value."""


class EncoderRefusedError(PermanentFailure):
    """The encoder is not one for this pipeline, or not the one that its manifest vouches for."""

    reason = "EncoderRefused"


def load_released_encoder(
    folder: Path, index: PipelineIndex, component: str
) -> tuple[PreTrainedModel, Manifest | None]:
    """Load the encoder in a folder, if it may serve in a pipeline.

    Parameters
    ----------
    folder
        `config.json` and safetensors, and beside or above them the manifest of their release, if any.
    index
        The pipeline.
    component
        Component of the pipeline that the encoder replaces, such as "text_encoder".

    Returns
    -------
    tuple
        The encoder in the precision of its file, and the manifest, None where there is none.

    Raises
    ------
    EncoderRefusedError
        The encoder differs in its configuration from the pipeline's, or in a file from its manifest, or its
        release was built from another base encoder.
    ModelUnreadableError
        The folder holds no encoder.

    """
    manifest = _manifest(folder)
    if manifest is not None:
        _check_files(folder, manifest)
    class_name = index.class_of(component)
    encoder = load_encoder(folder, class_name)
    _check_config(
        encoder.config, type(encoder).config_class.from_pretrained(index.folder / component), folder
    )
    if manifest is not None:
        base = tensor_digest(load_encoder(index.folder / component, class_name))
        if base != manifest.base_sha256:
            raise EncoderRefusedError(
                f"release {manifest.key[:10]} was built from the base encoder {manifest.base_sha256[:10]}, "
                f"and the {component} of {index.folder} is {base[:10]}; serve the pipeline it was built for"
            )
    return encoder, manifest


def _manifest(folder: Path) -> Manifest | None:
    """Read the manifest: fetch-encoder puts it beside the files, a release has it one folder above."""
    candidates = [folder / MANIFEST_NAME]
    if folder.name == ENCODER_FOLDER:
        candidates.append(folder.parent / MANIFEST_NAME)
    for path in candidates:
        if path.is_file():
            try:
                return Manifest.from_json(path.read_bytes())
            except (OSError, ValueError) as exc:
                raise EncoderRefusedError(
                    f"{path} is not the manifest of a release: {first_line(exc)}"
                ) from exc
    return None


def _check_files(folder: Path, manifest: Manifest) -> None:
    prefix = f"{ENCODER_FOLDER}/"
    listed = {file.path.removeprefix(prefix): file for file in manifest.files if file.path.startswith(prefix)}
    found = {path.name for path in folder.iterdir() if path.is_file()} - {MANIFEST_NAME}
    if found != listed.keys():
        odd = min(found ^ listed.keys())
        state = (
            "holds a file that the manifest does not list" if odd in found else "lacks a file of the manifest"
        )
        raise EncoderRefusedError(f"{folder} {state}: {odd}")
    for name, file in sorted(listed.items()):
        if not _is(folder / name, file):
            raise EncoderRefusedError(f"{name} in {folder} is not the file that the manifest lists")


def _is(path: Path, file: ManifestFile) -> bool:
    return path.stat().st_size == file.size and sha256_of(path) == file.sha256


def _check_config(found: PretrainedConfig, wanted: PretrainedConfig, folder: Path) -> None:
    ours, theirs = found.to_dict(), wanted.to_dict()
    for key in sorted((ours.keys() | theirs.keys()) - _MAY_DIFFER):
        if ours.get(key) != theirs.get(key):
            raise EncoderRefusedError(
                f"the encoder in {folder} does not match the pipeline: {key} is {ours.get(key)}, "
                f"the pipeline's encoder has {theirs.get(key)}"
            )
