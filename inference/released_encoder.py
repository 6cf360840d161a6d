"""What a release brought, checked against the pipeline that it is to serve in and against its manifest.

A wrong encoder does not fail while it generates: it draws something else. So everything is checked before the
first request, and any doubt ends the process: the pod does not become Ready and the old pods go on serving.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from transformers import PretrainedConfig, PreTrainedModel

from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.manifest import ENCODER_FOLDER, MANIFEST_NAME, Manifest, ManifestFile
from unlearn_job.encoder import first_line, joint_digest, load_encoder
from unlearn_job.pipelines import PipelineIndex
from unlearn_job.store.release import encoder_files, sha256_of

_MAY_DIFFER: Final = frozenset(
    {"architectures", "dtype", "torch_dtype", "transformers_version", "_name_or_path"}
)
"""Keys of a configuration that change no shape and no value."""


class EncoderRefusedError(PermanentFailure):
    """The encoder is not one for this pipeline, or not the one that its manifest vouches for."""

    reason = "EncoderRefused"


def load_released_encoders(
    folder: Path, index: PipelineIndex, component: str
) -> tuple[dict[str, PreTrainedModel], Manifest | None]:
    """Load the encoder in a folder, or the encoders in its folders, if they may serve in a pipeline.

    Parameters
    ----------
    folder
        `config.json` and safetensors, or for several encoders a folder of that kind for each, named like the
        component that it replaces; beside or above the files the manifest of their release, if any.
    index
        The pipeline.
    component
        Component of the pipeline that one encoder alone replaces, such as "text_encoder".

    Returns
    -------
    tuple
        The encoders by component in the precision of their files, and the manifest, None where there is none.

    Raises
    ------
    EncoderRefusedError
        An encoder differs in its configuration from the pipeline's, or in a file from the manifest; the
        release was built from another base encoder, or not all of its encoders are there.
    ModelUnreadableError
        The folder holds no encoder.

    """
    places = _places(folder, index) or {component: folder}
    manifest = _manifest(folder, places)
    if manifest is not None:
        _check_files(folder, places, manifest)
    encoders = {name: load_encoder(place, index.class_of(name)) for name, place in places.items()}
    for name, encoder in encoders.items():
        wanted = type(encoder).config_class.from_pretrained(index.folder / name)
        _check_config(encoder.config, wanted, places[name])
    if manifest is not None:
        base = joint_digest(
            {name: load_encoder(index.folder / name, index.class_of(name)) for name in places}
        )
        if base != manifest.base_sha256:
            raise EncoderRefusedError(
                f"release {manifest.key[:10]} was built from the base encoder {manifest.base_sha256[:10]}, "
                f"and the {' and '.join(places)} of {index.folder} is {base[:10]}; serve the pipeline it was "
                "built for"
            )
    return encoders, manifest


def _places(folder: Path, index: PipelineIndex) -> dict[str, Path]:
    """Find encoders in folders of their components; none where the folder itself is an encoder."""
    if (folder / "config.json").exists():
        return {}
    return {name: folder / name for name in index.text_encoders if (folder / name / "config.json").exists()}


def _manifest(folder: Path, places: Mapping[str, Path]) -> Manifest | None:
    """Read the manifest: fetch-encoder puts it beside the files, a release has it above its folders.

    Raises
    ------
    EncoderRefusedError
        One cannot be read, two differ, or it is that of other encoders.

    """
    beside = [place / MANIFEST_NAME for place in places.values()]
    inside = folder not in places.values()
    above = folder.parent if folder.name == ENCODER_FOLDER and not inside else folder
    found = [path for path in beside if path.is_file()]
    if not found and (above / MANIFEST_NAME).is_file():
        found = [above / MANIFEST_NAME]
    elif len(found) not in {0, len(places)}:
        raise EncoderRefusedError(f"not every encoder in {folder} has the manifest that {found[0]} is")
    manifests = [_read_manifest(path) for path in found]
    if any(manifest != manifests[0] for manifest in manifests):
        raise EncoderRefusedError(f"the encoders in {folder} are of different releases")
    if not manifests:
        return None
    several = manifests[0].encoders
    if len(places) > 1 if several is None else set(several) != (set(places) if inside else set()):
        raise EncoderRefusedError(
            f"release {manifests[0].key[:10]} has {' and '.join(several or ('one encoder',))}, and {folder} "
            f"holds {' and '.join(places) if inside else 'one encoder'}"
        )
    return manifests[0]


def _read_manifest(path: Path) -> Manifest:
    try:
        return Manifest.from_json(path.read_bytes())
    except (OSError, ValueError) as exc:
        raise EncoderRefusedError(f"{path} is not the manifest of a release: {first_line(exc)}") from exc


def _check_files(folder: Path, places: Mapping[str, Path], manifest: Manifest) -> None:
    """Compare the files of every encoder with those that the manifest lists."""
    root = folder if manifest.encoders else next(iter(places.values()))
    listed = {root / place: file for place, file in encoder_files(manifest).items()}
    found = {path for place in places.values() for path in place.iterdir() if path.is_file()}
    found -= {path for path in found if path.name == MANIFEST_NAME}
    if found != listed.keys():
        odd = min(found ^ listed.keys())
        state = (
            "holds a file that the manifest does not list" if odd in found else "lacks a file of the manifest"
        )
        raise EncoderRefusedError(f"{odd.parent} {state}: {odd.name}")
    for path, file in sorted(listed.items()):
        if not _is(path, file):
            raise EncoderRefusedError(f"{path.name} in {path.parent} is not the file that the manifest lists")


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
