"""Publishing a release: files first, then the manifest, which makes them one."""

from __future__ import annotations

import hashlib
from pathlib import Path

from unlearn_job.contract.manifest import MANIFEST_NAME, Manifest, ManifestFile
from unlearn_job.contract.result import JobResult
from unlearn_job.store import AlreadyExistsError, NotFoundError, Store
from unlearn_job.store.release import read_manifest, sha256_of


def find_published(store: Store, prefix: str) -> JobResult | None:
    """Return the result of a release that is published already, or None.

    Raises
    ------
    ReleaseDamagedError
        A manifest is there and not readable.
    StorageUnavailableError, BucketMissingError, CredentialsError, AccessDeniedError
        As they say; found here, before any work.

    """
    try:
        content = store.read(f"{prefix}/{MANIFEST_NAME}")
    except NotFoundError:
        return None
    sha256 = hashlib.sha256(content).hexdigest()
    manifest = read_manifest(store, prefix, sha256)
    return manifest.result.model_copy(update={"manifest_sha256": sha256})


def upload(store: Store, prefix: str, folder: Path) -> tuple[ManifestFile, ...]:
    """Upload the files of a release that is not committed, replacing those of a crashed attempt.

    A Job has one writer at a time (its podReplacementPolicy is Failed), so no committed file is replaced.

    Parameters
    ----------
    store
        Where releases are.
    prefix
        Folder of the release below the store's address.
    folder
        Local folder with exactly the files of the release.

    Returns
    -------
    tuple of ManifestFile
        In the order of their paths.

    """
    files = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        listed = ManifestFile(path=name, sha256=sha256_of(path), size=path.stat().st_size)
        store.put(f"{prefix}/{name}", path)
        files.append(listed)
    return tuple(files)


def commit(store: Store, prefix: str, manifest: Manifest) -> JobResult:
    """Write the manifest and return the result of the release.

    Where another attempt was faster its manifest stands, and its result is returned.
    """
    content = manifest.to_json().encode()
    try:
        # Last, because readers take the manifest for the commit marker: a crash before this line leaves files
        # that nobody reads, never half an encoder.
        store.put_once(f"{prefix}/{MANIFEST_NAME}", content)
    except AlreadyExistsError:
        published = find_published(store, prefix)
        if published is None:
            raise
        return published
    return manifest.result.model_copy(update={"manifest_sha256": hashlib.sha256(content).hexdigest()})
