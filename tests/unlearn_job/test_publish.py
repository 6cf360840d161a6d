"""Whatever crashes, a release is there whole or not at all, and never replaced."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from unlearn_job.contract.manifest import Manifest, ManifestErasure, ManifestFile
from unlearn_job.contract.result import JobResult, Outcome
from unlearn_job.publish import commit, find_published, upload
from unlearn_job.store import NotFoundError, Store, open_store
from unlearn_job.store.release import ReleaseDamagedError, read_manifest, release_prefix

KEY = "a" * 64
PREFIX = release_prefix("sd", KEY)


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.s3)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return open_store(f"file://{tmp_path / 'store'}")
    server = request.getfixturevalue("s3_environment")
    return open_store(f"s3://{server.bucket}/{tmp_path.name}-publish", endpoint=server.endpoint)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = tmp_path / "release"
    (files / "text_encoder").mkdir(parents=True)
    (files / "text_encoder" / "model.safetensors").write_bytes(b"tensors")
    (files / "probe.json").write_bytes(b"{}")
    return files


def manifest(files: tuple[ManifestFile, ...], message: str = "") -> Manifest:
    return Manifest(
        model="sd",
        key=KEY,
        base_sha256="b" * 64,
        encoder_sha256="c" * 64,
        erasures=(ManifestErasure(digest="d" * 64, name="takedown", concept="cat"),),
        files=files,
        result=JobResult(key=KEY, outcome=Outcome.BUILT, message=message),
    )


def test_a_release_is_published_and_found(store: Store, folder: Path) -> None:
    files = upload(store, PREFIX, folder)
    assert [(file.path, file.size) for file in files] == [
        ("probe.json", 2),
        ("text_encoder/model.safetensors", 7),
    ]
    assert files[1].sha256 == hashlib.sha256(b"tensors").hexdigest()
    result = commit(store, PREFIX, manifest(files))
    assert find_published(store, PREFIX) == result
    assert result.manifest_sha256 is not None
    assert read_manifest(store, PREFIX, result.manifest_sha256) == manifest(files)


def test_before_the_manifest_there_is_no_release(store: Store, folder: Path) -> None:
    upload(store, PREFIX, folder)
    assert find_published(store, PREFIX) is None
    with pytest.raises(NotFoundError):
        read_manifest(store, PREFIX)


def test_what_a_crashed_attempt_left_is_replaced(store: Store, folder: Path) -> None:
    store.put(f"{PREFIX}/text_encoder/model.safetensors", b"half")
    store.put(f"{PREFIX}/left-over", b"")
    files = upload(store, PREFIX, folder)
    commit(store, PREFIX, manifest(files))
    assert store.read(f"{PREFIX}/text_encoder/model.safetensors") == b"tensors"
    assert "left-over" not in {file.path for file in read_manifest(store, PREFIX).files}


def test_of_two_commits_the_first_stands(store: Store, folder: Path) -> None:
    files = upload(store, PREFIX, folder)
    first = commit(store, PREFIX, manifest(files, "first"))
    second = commit(store, PREFIX, manifest(files, "second"))
    assert second == first
    assert read_manifest(store, PREFIX).result.message == "first"


def test_a_damaged_manifest_is_no_reason_to_build_again(store: Store) -> None:
    store.put(f"{PREFIX}/manifest.json", b"{}")
    with pytest.raises(ReleaseDamagedError):
        find_published(store, PREFIX)
