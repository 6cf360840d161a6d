"""Reading a published release: nothing is used that its manifest does not vouch for."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import ValidationError

from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.manifest import ENCODER_FOLDER, MANIFEST_NAME, Manifest
from unlearn_job.store.protocol import Store


class ReleaseDamagedError(PermanentFailure):
    """What lies in the storage is not what was published."""

    reason = "ReleaseDamaged"


def release_prefix(model: str, key: str) -> str:
    """Return the folder of a release below the storage's address."""
    return f"{model}/releases/{key}"


def read_manifest(store: Store, prefix: str, sha256: str | None = None) -> Manifest:
    """Read and check the manifest of a release.

    Parameters
    ----------
    store
        Where releases are.
    prefix
        Folder of the release, as `release_prefix` gives it.
    sha256
        Digest that manifest.json must have; None trusts the storage.

    Raises
    ------
    NotFoundError
        There is no such release, or it was never finished.
    ReleaseDamagedError
        The digest differs, the manifest cannot be parsed, or it is that of another release.

    """
    content = store.read(f"{prefix}/{MANIFEST_NAME}")
    where = f"{store.uri}/{prefix}/{MANIFEST_NAME}"
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256:
        raise ReleaseDamagedError(f"{where} has the digest {found[:10]}, expected {sha256[:10]}")
    try:
        manifest = Manifest.from_json(content)
    except ValidationError as exc:
        # Without pydantic's text: it quotes the input.
        raise ReleaseDamagedError(f"{where} is no manifest of version 1") from exc
    if release_prefix(manifest.model, manifest.key) != prefix:
        raise ReleaseDamagedError(f"{where} is the manifest of {manifest.model}/{manifest.key[:10]}")
    return manifest


def download_encoder(store: Store, prefix: str, manifest: Manifest, to: Path) -> None:
    """Download the encoder's files into a folder, and check size and digest of each.

    Files that the manifest does not list are not touched, wherever they lie.

    Parameters
    ----------
    store
        Where releases are.
    prefix
        Folder of the release.
    manifest
        Its manifest, already checked.
    to
        Local folder that becomes the encoder: `config.json` and `model.safetensors` lie directly in it.

    Raises
    ------
    ReleaseDamagedError
        A file is missing, or its size or digest differs. What was downloaded of it is removed.

    """
    listed = [file for file in manifest.files if file.path.startswith(f"{ENCODER_FOLDER}/")]
    if not listed:
        raise ReleaseDamagedError(f"the manifest of {prefix} lists no encoder")
    for file in listed:
        target = to / file.path.removeprefix(f"{ENCODER_FOLDER}/")
        store.download(f"{prefix}/{file.path}", target)
        if target.stat().st_size != file.size or sha256_of(target) != file.sha256:
            target.unlink()
            raise ReleaseDamagedError(f"{store.uri}/{prefix}/{file.path} is not the file that was published")


def sha256_of(path: Path) -> str:
    """Hash a file without reading it into memory at once."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
