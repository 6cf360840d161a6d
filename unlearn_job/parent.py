"""The parent release: the encoder that a Job starts from, and why it may."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from transformers import PreTrainedModel

from unlearn_job.contract.concept import Digest
from unlearn_job.contract.document import JobInput
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.manifest import Manifest
from unlearn_job.encoder import joint_digest, load_encoder
from unlearn_job.store import Store
from unlearn_job.store.release import ReleaseDamagedError, download_encoder, read_manifest, release_prefix


class BaseChangedError(PermanentFailure):
    """The parent was built from another base encoder."""

    reason = "BaseChanged"


class ParentMismatchError(PermanentFailure):
    """The parent does not hold the erasures or the encoders that the document says it holds."""

    reason = "ParentMismatch"


def load_parent(
    document: JobInput, store: Store, base_sha256: str, classes: Mapping[str, str], cache: Path
) -> dict[str, PreTrainedModel]:
    """Download, check and load the parent's encoders, by component.

    Parameters
    ----------
    document
        The Job's input, with a parent.
    store
        Where releases are.
    base_sha256
        Digest of the base encoder as it is now.
    classes
        Class of each encoder, by component.
    cache
        Folder for downloads.

    Raises
    ------
    NotFoundError
        There is no such release.
    ReleaseDamagedError
        Manifest or files are not those that were published.
    BaseChangedError
        The base model has other weights than when the parent was built.
    ParentMismatchError
        The parent holds other erasures, or the encoders of other components.

    """
    parent = document.parent
    if parent is None:
        raise ValueError("the document names no parent")
    prefix = release_prefix(document.model, parent.key)
    manifest = read_manifest(store, prefix, parent.manifest_sha256)
    check_components(manifest, classes)
    if manifest.base_sha256 != base_sha256:
        raise BaseChangedError(
            f"the base encoder changed under the same address: release {parent.key[:10]} was built from "
            f"{manifest.base_sha256[:10]}, and the source now has {base_sha256[:10]}; "
            "publish changed weights under a new address"
        )
    held = {erasure.digest for erasure in manifest.erasures}
    if held != {erasure.digest for erasure in document.holds}:
        raise ParentMismatchError(
            f"release {parent.key[:10]} holds {len(held)} erasures, which are not those of the document"
        )
    folder = cache / "parents" / parent.key
    download_encoder(store, prefix, manifest, folder)
    encoders = load_release(folder, manifest, classes)
    if joint_digest(encoders) != manifest.encoder_sha256:
        raise ReleaseDamagedError(f"the tensors of release {parent.key[:10]} are not those of its manifest")
    return encoders


def check_components(manifest: Manifest, components: Collection[str]) -> None:
    """Refuse a release of other components. One encoder alone does not say of which it is.

    Raises
    ------
    ParentMismatchError
        It is.

    """
    held = manifest.encoders or ()
    if set(held) != (set(components) if len(components) > 1 else set()):
        raise ParentMismatchError(
            f"release {manifest.key[:10]} holds {' and '.join(held) or 'one encoder'}, and the document "
            f"edits {' and '.join(components)}"
        )


def load_release(folder: Path, manifest: Manifest, classes: Mapping[str, str]) -> dict[str, PreTrainedModel]:
    """Load the encoders of a release that was downloaded, by component.

    Parameters
    ----------
    folder
        What `download_encoder` made.
    manifest
        The release's.
    classes
        Class of each encoder, by component; `check_components` holds.

    Raises
    ------
    ModelUnreadableError
        An encoder cannot be loaded.

    """
    return {
        name: load_encoder(folder / name if manifest.encoders else folder, kind)
        for name, kind in classes.items()
    }


def parent_names(document: JobInput, store: Store) -> dict[Digest, tuple[str, ...]]:
    """Return the aliases of what the parent holds, those that its Job found included; none without a parent.

    Raises
    ------
    NotFoundError, ReleaseDamagedError
        As of `load_parent`.

    """
    if document.parent is None:
        return {}
    prefix = release_prefix(document.model, document.parent.key)
    manifest = read_manifest(store, prefix, document.parent.manifest_sha256)
    return {erasure.digest: erasure.aliases for erasure in manifest.erasures}
