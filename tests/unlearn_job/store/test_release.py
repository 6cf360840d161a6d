"""A reader of releases believes the manifest and nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from unlearn_job.contract.manifest import Manifest, ManifestErasure, ManifestFile
from unlearn_job.contract.result import JobResult, Outcome
from unlearn_job.store import NotFoundError, Store, open_store
from unlearn_job.store.release import ReleaseDamagedError, download_encoder, read_manifest, release_prefix

KEY = "a" * 64
PREFIX = release_prefix("sd", KEY)
FILES = {"text_encoder/config.json": b"{}", "text_encoder/model.safetensors": b"tensors", "probe.json": b"{}"}


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(f"file://{tmp_path / 'store'}")


@pytest.fixture
def manifest(store: Store) -> Manifest:
    for name, content in FILES.items():
        store.put(f"{PREFIX}/{name}", content)
    built = Manifest(
        model="sd",
        key=KEY,
        base_sha256="b" * 64,
        encoder_sha256="c" * 64,
        erasures=(ManifestErasure(digest="d" * 64, name="takedown", concept="captain comet"),),
        files=tuple(ManifestFile(path=n, sha256=digest(c), size=len(c)) for n, c in FILES.items()),
        result=JobResult(key=KEY, outcome=Outcome.BUILT),
    )
    store.put_once(f"{PREFIX}/manifest.json", built.to_json().encode())
    return built


def test_a_release_comes_back_as_it_was_published(store: Store, manifest: Manifest, tmp_path: Path) -> None:
    assert read_manifest(store, PREFIX, digest(manifest.to_json().encode())) == manifest
    download_encoder(store, PREFIX, manifest, tmp_path / "encoder")
    assert {path.name: path.read_bytes() for path in (tmp_path / "encoder").iterdir()} == {
        "config.json": b"{}",
        "model.safetensors": b"tensors",
    }


def test_an_unfinished_release_does_not_exist(store: Store) -> None:
    store.put(f"{PREFIX}/text_encoder/config.json", b"{}")
    with pytest.raises(NotFoundError):
        read_manifest(store, PREFIX)


@pytest.mark.usefixtures("manifest")
def test_another_manifest_is_noticed(store: Store) -> None:
    with pytest.raises(ReleaseDamagedError, match="expected eeeeeeeeee"):
        read_manifest(store, PREFIX, "e" * 64)


def test_a_copied_manifest_is_noticed(store: Store, manifest: Manifest) -> None:
    other = release_prefix("sd", "f" * 64)
    store.put_once(f"{other}/manifest.json", manifest.to_json().encode())
    with pytest.raises(ReleaseDamagedError, match="sd/aaaaaaaaaa"):
        read_manifest(store, other)


def test_text_that_is_no_manifest_is_never_quoted(store: Store) -> None:
    store.put(f"{PREFIX}/manifest.json", b'{"password": "hunter2"}')
    with pytest.raises(ReleaseDamagedError, match="no manifest") as caught:
        read_manifest(store, PREFIX)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("content", [b"tensorz", b"tensors+", b""])
def test_a_changed_file_is_refused_and_removed(
    store: Store, manifest: Manifest, content: bytes, tmp_path: Path
) -> None:
    store.put(f"{PREFIX}/text_encoder/model.safetensors", content)
    with pytest.raises(ReleaseDamagedError, match=r"model\.safetensors"):
        download_encoder(store, PREFIX, manifest, tmp_path / "encoder")
    assert not (tmp_path / "encoder" / "model.safetensors").exists()


def test_a_file_that_the_manifest_does_not_list_is_not_fetched(
    store: Store, manifest: Manifest, tmp_path: Path
) -> None:
    store.put(f"{PREFIX}/text_encoder/evil.json", b"{}")
    download_encoder(store, PREFIX, manifest, tmp_path / "encoder")
    assert not (tmp_path / "encoder" / "evil.json").exists()


def test_a_manifest_without_an_encoder_is_refused(store: Store, manifest: Manifest, tmp_path: Path) -> None:
    bare = manifest.model_copy(update={"files": manifest.files[2:]})
    with pytest.raises(ReleaseDamagedError, match="no encoder"):
        download_encoder(store, PREFIX, bare, tmp_path)
