"""Reading a published release: nothing is used that its manifest does not vouch for."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import ValidationError

from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.manifest import MANIFEST_NAME, Manifest, ManifestFile
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
    where = f"{store.uri}/{prefix}/{MANIFEST_NAME}"
    manifest = parse_manifest(store.read(f"{prefix}/{MANIFEST_NAME}"), where, sha256)
    if release_prefix(manifest.model, manifest.key) != prefix:
        raise ReleaseDamagedError(f"{where} is the manifest of {manifest.model}/{manifest.key[:10]}")
    return manifest


def parse_manifest(content: bytes, where: str, sha256: str | None = None) -> Manifest:
    """Check the content of a manifest, wherever it came from.

    Parameters
    ----------
    content
        Of manifest.json.
    where
        Its address, for the message.
    sha256
        Digest that it must have; None trusts the storage.

    Raises
    ------
    ReleaseDamagedError
        The digest differs, or it cannot be parsed.

    """
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256:
        raise ReleaseDamagedError(f"{where} has the digest {found[:10]}, expected {sha256[:10]}")
    try:
        return Manifest.from_json(content)
    except ValidationError as exc:
        # Without pydantic's text: it quotes the input.
        raise ReleaseDamagedError(f"{where} is no manifest of version 1 or 2") from exc


def encoder_files(manifest: Manifest) -> dict[str, ManifestFile]:
    """Return the files of a release's encoder by their places in the folder that is made of them.

    One encoder lies directly in it, as `from_pretrained` reads it; of several, each in a folder of its
    component, as in a pipeline.

    Raises
    ------
    ReleaseDamagedError
        An encoder has no file.

    """
    found: dict[str, ManifestFile] = {}
    for folder in manifest.encoder_folders:
        listed = [file for file in manifest.files if file.path.startswith(f"{folder}/")]
        if not listed:
            raise ReleaseDamagedError(f"the manifest of {manifest.key[:10]} lists no encoder in {folder}/")
        start = "" if manifest.encoders else f"{folder}/"
        found |= {file.path.removeprefix(start): file for file in listed}
    return found


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
        Local folder that becomes the encoder: `config.json` and `model.safetensors` lie directly in it, or,
        of several encoders, in a folder for each.

    Raises
    ------
    ReleaseDamagedError
        A file is missing, or its size or digest differs. What was downloaded of it is removed.

    """
    for place, file in encoder_files(manifest).items():
        download_file(store, f"{prefix}/{file.path}", file, to / place)


def download_file(store: Store, name: str, file: ManifestFile, to: Path) -> None:
    """Download one file that a manifest lists, and check its size and digest.

    Raises
    ------
    ReleaseDamagedError
        They differ. What was downloaded is removed.

    """
    store.download(name, to)
    if to.stat().st_size != file.size or sha256_of(to) != file.sha256:
        to.unlink()
        raise ReleaseDamagedError(f"{store.uri}/{name} is not the file that was published")


def sha256_of(path: Path) -> str:
    """Hash a file without reading it into memory at once."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
