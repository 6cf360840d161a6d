"""A release as an auditor gets it: a folder or an address, whose every file its manifest vouches for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.manifest import ENCODER_FOLDER, MANIFEST_NAME, Manifest
from unlearn_job.signing import (
    SIGNATURE_NAME,
    SignatureInvalidError,
    check_signing,
    sign,
    verify_signature,
)
from unlearn_job.store import NotFoundError, Store, open_store
from unlearn_job.store.release import ReleaseDamagedError, download_file, parse_manifest

PROBE_NAME: Final = "probe.json"
REPORT_NAME: Final = "report.html"
PROVENANCE_NAME: Final = "provenance.json"
_NOT_SUBJECTS: Final = frozenset((PROVENANCE_NAME, SIGNATURE_NAME))
"""Files that are written after the provenance, or with it."""


class NoReleaseError(PermanentFailure):
    """There is no finished release at the address."""

    reason = "NoRelease"


@dataclass(frozen=True)
class Released:
    """A published release, wherever its folder lies: copied to a disk it is worth as much.

    Attributes
    ----------
    store: the release's folder.
    manifest: what it consists of.

    """

    store: Store
    manifest: Manifest

    def fetch(self, name: str, to: Path) -> Path:
        """Download a file that the manifest lists into a folder, check it, and return its path.

        Raises
        ------
        ReleaseDamagedError
            The manifest does not list it, it is missing, or it is not what was published.

        """
        listed = {file.path: file for file in self.manifest.files}
        if name not in listed:
            raise ReleaseDamagedError(f"the manifest in {self.store.uri} lists no {name}")
        try:
            download_file(self.store, name, listed[name], to / name)
        except NotFoundError as exc:
            raise ReleaseDamagedError(f"{self.store.uri}/{name} is missing") from exc
        return to / name


@dataclass(frozen=True)
class Verified:
    """What held of a release.

    Attributes
    ----------
    files: how many have the size and digest that the manifest lists.
    subjects: how many of them the provenance names with the same digest.
    signed: whether the encoder's signature was checked with a key.

    """

    files: int
    subjects: int
    signed: bool


def open_release(address: str, manifest_sha256: str | None = None) -> Released:
    """Open a release by the address of its folder.

    Parameters
    ----------
    address
        `file:///folder` or `s3://bucket/prefix/<model>/releases/<key>`.
    manifest_sha256
        Digest that manifest.json must have, from a place that the storage's owner cannot change, such as the
        EncoderRelease's status. None: files are checked against the manifest, the manifest against nothing.

    Raises
    ------
    NoReleaseError
        There is none.
    ReleaseDamagedError
        Its manifest is not what was published.

    """
    store = open_store(address.rstrip("/"))
    try:
        content = store.read(MANIFEST_NAME)
    except NotFoundError as exc:
        raise NoReleaseError(f"there is no release in {store.uri}: it has no {MANIFEST_NAME}") from exc
    return Released(store, parse_manifest(content, f"{store.uri}/{MANIFEST_NAME}", manifest_sha256))


def verify_release(released: Released, public_key: Path | None = None) -> Verified:
    """Check every file of a release, its provenance, and the signature where a key is given.

    Raises
    ------
    ReleaseDamagedError
        A file is missing or not what was published, or the provenance speaks of other files.
    SignatureInvalidError
        A key is given, and there is no signature of it over this encoder.
    SigningKeyError, SigningMissingError
        The key cannot be used.

    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file in released.manifest.files:
            released.fetch(file.path, folder)
        subjects = _check_provenance(released, folder / PROVENANCE_NAME)
        if public_key is not None:
            _fetch_signature(released, folder)
            signed = folder if released.manifest.encoders else folder / ENCODER_FOLDER
            verify_signature(signed, folder / SIGNATURE_NAME, public_key)
    return Verified(len(released.manifest.files), subjects, public_key is not None)


def sign_release(released: Released, key: Path) -> None:
    """Sign the encoders of a release that was published without a signature, once its files are checked.

    The signature lies beside the manifest, which never changes, and vouches for itself.

    Raises
    ------
    AlreadyExistsError
        The release has a signature.
    ReleaseDamagedError
        A file is missing or not what was published.
    SigningKeyError, SigningMissingError
        The key cannot sign.

    """
    check_signing(key)
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file in released.manifest.files:
            released.fetch(file.path, folder)
        sign(folder, key, released.manifest.encoder_folders)
        released.store.put_once(SIGNATURE_NAME, folder / SIGNATURE_NAME)


def _fetch_signature(released: Released, folder: Path) -> None:
    """Put the signature into a folder, whether it was published with the release or added later."""
    if (folder / SIGNATURE_NAME).exists():
        return
    try:
        released.store.download(SIGNATURE_NAME, folder / SIGNATURE_NAME)
    except NotFoundError as exc:
        raise SignatureInvalidError(f"the release in {released.store.uri} is not signed") from exc


def _check_provenance(released: Released, path: Path) -> int:
    """Count the files that the provenance names; all but itself and the signature must be among them."""
    where = f"{released.store.uri}/{PROVENANCE_NAME}"
    try:
        statement = json.loads(path.read_bytes())
        named = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ReleaseDamagedError(f"{where} is missing, or no statement of provenance") from exc
    made = {file.path: file.sha256 for file in released.manifest.files}
    made = {file.path: file.sha256 for file in released.manifest.files if file.path not in _NOT_SUBJECTS}
    unlike = sorted(name for name in named.keys() | made.keys() if named.get(name) != made.get(name))
    if unlike:
        raise ReleaseDamagedError(f"{where} does not speak of this release's {unlike[0]}")
    return len(named)
