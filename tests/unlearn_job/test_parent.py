from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from tests.unlearn_job import folders, tiny
from unlearn_job.contract.document import JobInput, ParentRelease
from unlearn_job.contract.manifest import Manifest, ManifestErasure
from unlearn_job.contract.result import JobResult, Outcome
from unlearn_job.encoder import save_encoder, tensor_digest
from unlearn_job.parent import BaseChangedError, ParentMismatchError, load_parent
from unlearn_job.publish import commit, upload
from unlearn_job.store import NotFoundError, Store, open_store
from unlearn_job.store.release import ReleaseDamagedError, release_prefix

pytestmark = pytest.mark.torch
KEY = "a" * 64
PREFIX = release_prefix("tiny", KEY)
BASE = "b" * 64
HELD = tiny.erasure(tiny.COMET)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(f"file://{tmp_path / 'releases'}")


def publish(store: Store, folder: Path, encoder_sha256: str = "") -> ParentRelease:
    encoder = tiny.encoder(seed=3)
    save_encoder(encoder, folder / "text_encoder", torch.float16)
    manifest = Manifest(
        model="tiny",
        key=KEY,
        base_sha256=BASE,
        encoder_sha256=encoder_sha256 or tensor_digest(encoder),
        erasures=(ManifestErasure(digest=HELD.digest, name="held", concept="captain comet"),),
        files=upload(store, PREFIX, folder),
        result=JobResult(key=KEY, outcome=Outcome.BUILT),
    )
    commit(store, PREFIX, manifest)
    return ParentRelease(key=KEY, manifest_sha256=hashlib.sha256(manifest.to_json().encode()).hexdigest())


def document(parent: ParentRelease, tmp_path: Path, **more: object) -> JobInput:
    return folders.document(
        tmp_path, f"file://{tmp_path / 'releases'}", parent=parent, **{"holds": (HELD,), **more}
    )


def load(document: JobInput, store: Store, tmp_path: Path, base: str = BASE) -> torch.nn.Module:
    classes = {"text_encoder": "CLIPTextModel"}
    return load_parent(document, store, base, classes, tmp_path / "cache")["text_encoder"]


def test_the_parents_encoder_is_loaded(store: Store, tmp_path: Path) -> None:
    parent = publish(store, tmp_path / "release")
    encoder = load(document(parent, tmp_path), store, tmp_path)
    assert tensor_digest(encoder) == tensor_digest(tiny.encoder(seed=3))


def test_a_base_that_changed_under_its_address_is_refused(store: Store, tmp_path: Path) -> None:
    parent = publish(store, tmp_path / "release")
    with pytest.raises(BaseChangedError, match="base encoder changed under the same address"):
        load(document(parent, tmp_path), store, tmp_path, base="c" * 64)


def test_a_parent_with_other_erasures_is_refused(store: Store, tmp_path: Path) -> None:
    parent = publish(store, tmp_path / "release")
    other = document(parent, tmp_path, holds=(tiny.erasure(tiny.SKETCH),))
    with pytest.raises(ParentMismatchError, match="holds 1 erasures"):
        load(other, store, tmp_path)


def test_a_manifest_that_changed_is_refused(store: Store, tmp_path: Path) -> None:
    parent = publish(store, tmp_path / "release")
    other = parent.model_copy(update={"manifest_sha256": "f" * 64})
    with pytest.raises(ReleaseDamagedError, match="expected ffffffffff"):
        load(document(other, tmp_path), store, tmp_path)


def test_files_that_changed_are_refused(store: Store, tmp_path: Path) -> None:
    parent = publish(store, tmp_path / "release")
    store.put(f"{PREFIX}/text_encoder/model.safetensors", b"other")
    with pytest.raises(ReleaseDamagedError, match="not the file that was published"):
        load(document(parent, tmp_path), store, tmp_path)


def test_tensors_that_are_not_the_manifests_are_refused(store: Store, tmp_path: Path) -> None:
    parent = publish(store, tmp_path / "release", encoder_sha256="e" * 64)
    with pytest.raises(ReleaseDamagedError, match="tensors"):
        load(document(parent, tmp_path), store, tmp_path)


def test_a_parent_that_is_not_there_is_refused(store: Store, tmp_path: Path) -> None:
    parent = ParentRelease(key=KEY, manifest_sha256="f" * 64)
    with pytest.raises(NotFoundError):
        load(document(parent, tmp_path), store, tmp_path)
