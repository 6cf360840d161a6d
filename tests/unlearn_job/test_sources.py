from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import unlearn_job.sources as module
from unlearn_job.contract.sources import Storage
from unlearn_job.sources import (
    SourceMissingError,
    SourceTooLargeError,
    SourceUnsafeError,
    choose_files,
    resolve,
)
from unlearn_job.store import BucketMissingError, Entry, StorageFullError, open_store

STORAGE = Storage(uri="file:///releases")


def entries(*names: str, size: int = 1) -> list[Entry]:
    return [Entry(name, size) for name in names]


def chosen(*names: str) -> list[str]:
    return [entry.name for entry in choose_files("hf://org/name@0", entries(*names))]


def test_only_what_cannot_run_code_is_taken() -> None:
    assert chosen(
        "model_index.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.bin",
        "unet/mine.py",
        "tokenizer/merges.txt",
        "tokenizer/spiece.model",
        "README.md",
    ) == [
        "model_index.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "tokenizer/merges.txt",
        "tokenizer/spiece.model",
    ]


def test_the_same_weights_are_taken_once() -> None:
    assert chosen(
        "model_index.json",
        "v1-5-pruned.safetensors",
        "unet/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "vae/diffusion_pytorch_model.fp16.safetensors",
        "safety_checker/model.safetensors",
    ) == [
        "model_index.json",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.fp16.safetensors",
    ]


def test_a_judge_in_one_folder_is_taken() -> None:
    assert chosen("config.json", "model.safetensors", "preprocessor_config.json", "pytorch_model.bin") == [
        "config.json",
        "model.safetensors",
        "preprocessor_config.json",
    ]


@pytest.mark.parametrize("pickle", ["pytorch_model.bin", "model.ckpt", "model.pt", "model.pth"])
def test_pickles_alone_are_refused_with_what_to_do(pickle: str) -> None:
    with pytest.raises(SourceUnsafeError, match=r"text_encoder of hf://.*convert them to safetensors"):
        chosen("model_index.json", "unet/x.safetensors", f"text_encoder/{pickle}")
    with pytest.raises(SourceUnsafeError, match=r"^hf://"):
        chosen("config.json", pickle)


def test_a_component_that_is_never_loaded_may_be_a_pickle() -> None:
    assert chosen("unet/x.safetensors", "safety_checker/pytorch_model.bin") == ["unet/x.safetensors"]


@pytest.mark.parametrize("names", [[], ["README.md"], ["config.json"]])
def test_nothing_there_is_no_model(names: list[str]) -> None:
    with pytest.raises(SourceMissingError, match="there is no model at hf://org/name@0"):
        chosen(*names)


def test_a_prefix_full_of_other_things_is_refused() -> None:
    with pytest.raises(SourceTooLargeError, match="holds 300 GiB, and a model may have 200"):
        choose_files("s3://lake", entries("a/x.safetensors", size=300 * 1024**3))


def save(folder: Path) -> Path:
    (folder / "unet").mkdir(parents=True)
    (folder / "model_index.json").write_text("{}")
    (folder / "unet" / "x.safetensors").write_bytes(b"1")
    return folder


def test_a_mounted_folder_is_used_where_it_is(tmp_path: Path) -> None:
    folder = save(tmp_path / "my model")
    assert resolve(f"file://{tmp_path}/my%20model", tmp_path / "cache", STORAGE) == folder
    assert not (tmp_path / "cache").exists()


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceMissingError, match="nowhere: no such folder"):
        resolve(f"file://{tmp_path}/nowhere", tmp_path, STORAGE)


@pytest.fixture
def bucket(s3_environment: Any, tmp_path: Path) -> tuple[str, Storage]:
    uri = f"s3://{s3_environment.bucket}/models/{tmp_path.name}"
    storage = Storage(uri=f"s3://{s3_environment.bucket}/releases", endpoint=s3_environment.endpoint)
    store = open_store(uri, endpoint=s3_environment.endpoint)
    for path in save(tmp_path / "source").rglob("*.*"):
        store.put(path.relative_to(tmp_path / "source").as_posix(), path)
    return uri, storage


@pytest.mark.s3
def test_a_prefix_is_downloaded_once(bucket: tuple[str, Storage], tmp_path: Path) -> None:
    uri, storage = bucket
    folder = resolve(uri, tmp_path / "cache", storage)
    assert (folder / "unet" / "x.safetensors").read_bytes() == b"1"
    marked = folder / "unet" / "x.safetensors"
    marked.write_bytes(b"not downloaded again")
    assert resolve(uri, tmp_path / "cache", storage) == folder
    assert marked.read_bytes() == b"not downloaded again"


@pytest.mark.s3
def test_changed_content_is_downloaded_anew(bucket: tuple[str, Storage], tmp_path: Path) -> None:
    uri, storage = bucket
    before = resolve(uri, tmp_path / "cache", storage)
    open_store(uri, endpoint=storage.endpoint).put("unet/x.safetensors", b"2")
    after = resolve(uri, tmp_path / "cache", storage)
    assert after != before
    assert (after / "unet" / "x.safetensors").read_bytes() == b"2"


@pytest.mark.s3
def test_a_download_that_broke_off_is_not_used(bucket: tuple[str, Storage], tmp_path: Path) -> None:
    uri, storage = bucket
    folder = resolve(uri, tmp_path / "cache", storage)
    (folder / ".complete").unlink()
    (folder / "unet" / "x.safetensors").write_bytes(b"half")
    assert (resolve(uri, tmp_path / "cache", storage) / "unet" / "x.safetensors").read_bytes() == b"1"


@pytest.mark.s3
def test_wrong_addresses_in_s3_are_told_apart(bucket: tuple[str, Storage], tmp_path: Path) -> None:
    uri, storage = bucket
    with pytest.raises(SourceMissingError, match="no files"):
        resolve(f"{uri}/nowhere", tmp_path / "cache", storage)
    with pytest.raises(BucketMissingError):
        resolve("s3://not-there/models", tmp_path / "cache", storage)


@pytest.mark.s3
def test_a_disk_without_room_is_told_before_the_download(
    bucket: tuple[str, Storage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri, storage = bucket
    usage = type("Usage", (), {"free": 1})
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(StorageFullError, match=r"0\.0 GB left"):
        resolve(uri, tmp_path / "cache", storage)
