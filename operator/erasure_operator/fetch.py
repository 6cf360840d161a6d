"""Fetch a release's encoder into a folder, or fail: nothing is served that the manifest does not vouch for.

The order of steps is the safety: the manifest's digest comes from the cluster, the files' digests from the
manifest, all files are verified beside the destination before one of them gets its name (by their signature
too, where there is a public key), and the manifest moves last. A folder with the right manifest.json is
therefore complete.

Of several encoders each gets a folder of its component, with the manifest in every folder: a container may
see them apart, each mounted over one of its pipeline's.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from erasure_operator.fetch_signature import check_signature
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.manifest import MANIFEST_NAME, Manifest, ManifestFile
from unlearn_job.store.mapping import storage_errors
from unlearn_job.store.opening import open_store
from unlearn_job.store.protocol import Store
from unlearn_job.store.release import (
    ReleaseDamagedError,
    download_encoder,
    encoder_files,
    read_manifest,
    release_prefix,
    sha256_of,
)

_UNFINISHED: Final = ".unfinished-"
"""Start of the names of our own leftovers."""
_LOST_AND_FOUND: Final = "lost+found"
"""Volumes of some kinds come with it."""


class WrongAddressError(PermanentFailure):
    """The address is not that of a release, or of another one."""

    reason = "ReleaseAddressWrong"


class ForeignFilesError(PermanentFailure):
    """The destination holds something that is not of a release."""

    reason = "DestinationNotEmpty"


@dataclass(frozen=True)
class Wanted:
    """The release that must be in the destination."""

    uri: str
    """Folder of the release: `<storage>/<model>/releases/<key>`."""
    key: str
    manifest_sha256: str
    endpoint: str | None = None
    region: str | None = None
    public_key: str | None = None
    """Public keys in PEM, of which one must have signed the encoder; None asks for no signature."""


def fetch(wanted: Wanted, destination: Path) -> bool:
    """Make the destination hold exactly the release's encoder and its manifest, or a folder of each encoder.

    Parameters
    ----------
    wanted
        Which release.
    destination
        Folder that becomes the encoder, or holds a folder for each. It may hold an earlier release of the
        same components, whole or half, and nothing else.

    Returns
    -------
    bool
        False where everything was right already.

    Raises
    ------
    WrongAddressError
        The address does not end with the release's key.
    ReleaseDamagedError
        The manifest or a file is not what was published.
    SignatureInvalidError, SigningKeyError, SigningMissingError
        There are public keys, and the encoder is signed by none of them, or that cannot be told.
    ForeignFilesError
        Somebody else's files are in the destination, or it cannot be written.
    ErasureError
        What the storage raises.

    """
    store, prefix = _open(wanted)
    manifest = read_manifest(store, prefix, wanted.manifest_sha256)
    places = _encoder_files(manifest)
    with storage_errors(f"file://{destination}", "write the encoder"):
        if manifest.encoders is not None:
            _refuse_beside(destination, places)
        for folder, files in places.items():
            (destination / folder).mkdir(parents=True, exist_ok=True)
            _refuse_foreign(destination / folder, files)
        right = [_is_right(destination / at, files, wanted.manifest_sha256) for at, files in places.items()]
        # A folder does not tell whether anybody looked for a signature, so with a key it is fetched again.
        if wanted.public_key is None and all(right):
            return False
        with _beside(destination) as staging, _beside(destination) as aside:
            download_encoder(store, prefix, manifest, staging)
            if wanted.public_key is not None:
                check_signature(store, prefix, staging, wanted.public_key, aside)
            store.download(f"{prefix}/{MANIFEST_NAME}", aside / MANIFEST_NAME)
            if sha256_of(aside / MANIFEST_NAME) != wanted.manifest_sha256:
                raise ReleaseDamagedError(f"{wanted.uri}/{MANIFEST_NAME} changed while it was read")
            for folder, files in places.items():
                shutil.copyfile(aside / MANIFEST_NAME, staging / folder / MANIFEST_NAME)
                _move_in(staging / folder, destination / folder, files)
    return True


def _open(wanted: Wanted) -> tuple[Store, str]:
    parts = wanted.uri.rstrip("/").rsplit("/", 3)
    if len(parts) != 4 or parts[2] != "releases" or parts[3] != wanted.key:
        raise WrongAddressError(f"{wanted.uri} is not the folder of the release {wanted.key[:10]}")
    store = open_store(parts[0], endpoint=wanted.endpoint, region=wanted.region)
    return store, release_prefix(parts[1], parts[3])


def _encoder_files(manifest: Manifest) -> dict[str, dict[str, ManifestFile]]:
    """Return the files of each encoder by name, by the folder that it gets in the destination: "" for one.

    Raises
    ------
    ReleaseDamagedError
        The manifest lists none of an encoder, one twice, or one in a folder or under a name of ours.

    """
    found: dict[str, dict[str, ManifestFile]] = {folder: {} for folder in manifest.encoders or ("",)}
    for place, file in encoder_files(manifest).items():
        folder, _, name = place.rpartition("/")
        if folder not in found or name == MANIFEST_NAME or name.startswith("."):
            raise ReleaseDamagedError(
                f"the manifest of {manifest.key[:10]} lists {file.path}, which no encoder has"
            )
        found[folder][name] = file
    starts = tuple(f"{folder}/" for folder in manifest.encoder_folders)
    listed = [file.path for file in manifest.files if file.path.startswith(starts)]
    if len(set(listed)) < len(listed):
        raise ReleaseDamagedError(f"the manifest of {manifest.key[:10]} lists a file twice")
    return found


def _refuse_beside(destination: Path, folders: Iterable[str]) -> None:
    """Allow only the encoders' folders beside one another, and what a fetch of ours left unfinished."""
    for entry in destination.iterdir() if destination.exists() else ():
        if entry.name.startswith(_UNFINISHED) and entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
            continue
        if entry.name not in {*folders, _LOST_AND_FOUND} or not entry.is_dir() or entry.is_symlink():
            raise ForeignFilesError(
                f"{destination} holds {entry.name}, which is not of this release; empty it"
            )


def _refuse_foreign(destination: Path, files: dict[str, ManifestFile]) -> None:
    """Allow only what this release or an earlier one of ours can have left."""
    known = {*files, MANIFEST_NAME, _LOST_AND_FOUND} | _earlier_files(destination)
    for entry in destination.iterdir():
        if entry.name.startswith(_UNFINISHED) and entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
            continue
        regular = entry.is_file() and not entry.is_symlink()
        if entry.name == _LOST_AND_FOUND and not regular:
            continue
        if entry.name not in known or not regular:
            raise ForeignFilesError(
                f"{destination} holds {entry.name}, which is not of this release; empty it"
            )


def _earlier_files(destination: Path) -> set[str]:
    """Read what an earlier release put here from the manifest that it left."""
    path = destination / MANIFEST_NAME
    if path.is_symlink() or not path.is_file():
        return set()
    try:
        earlier = _encoder_files(Manifest.from_json(path.read_bytes()))
    except (ValueError, ReleaseDamagedError):
        return set()
    return {name for files in earlier.values() for name in files}


def _is_right(destination: Path, files: dict[str, ManifestFile], manifest_sha256: str) -> bool:
    manifest = destination / MANIFEST_NAME
    if not manifest.is_file() or hashlib.sha256(manifest.read_bytes()).hexdigest() != manifest_sha256:
        return False
    if {entry.name for entry in destination.iterdir()} - {_LOST_AND_FOUND} != {*files, MANIFEST_NAME}:
        return False
    return all(
        (destination / name).stat().st_size == file.size and sha256_of(destination / name) == file.sha256
        for name, file in files.items()
    )


@contextmanager
def _beside(destination: Path) -> Iterator[Path]:
    """Give a folder in the destination's own file system, so that moving out of it is atomic."""
    staging = Path(mkdtemp(dir=destination, prefix=_UNFINISHED))
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _move_in(staging: Path, destination: Path, files: dict[str, ManifestFile]) -> None:
    # The old manifest goes first and the new one comes last: in between the folder is nobody's encoder.
    (destination / MANIFEST_NAME).unlink(missing_ok=True)
    for entry in destination.iterdir():
        if entry.is_file() and entry.name not in files:
            entry.unlink()
    for name in (*files, MANIFEST_NAME):
        (staging / name).replace(destination / name)
