"""From the address of a model to a local folder: a mounted folder, an S3 prefix or a pinned Hub repository.

Only safetensors, configurations and vocabularies are fetched: pickled weights run code when they are loaded.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote

from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.contract.sources import Source, Storage
from unlearn_job.hub import download_snapshot, list_repository
from unlearn_job.store import Entry, StorageFullError, open_store
from unlearn_job.store.protocol import checked_name

MAX_SOURCE_BYTES: Final = 200 * 1024**3
"""Above every text-to-video model of today; stops a prefix that is not a model."""
_SUFFIXES: Final = (".safetensors", ".json", ".txt", ".model")
"""`.model` is SentencePiece's vocabulary, a protocol buffer."""
IMAGE_SUFFIXES: Final = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
_PICKLES: Final = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
_NEVER_LOADED: Final = frozenset({"safety_checker", "feature_extractor", "image_encoder"})
_COMPLETE: Final = ".complete"

Chooser = Callable[[str, Iterable[Entry]], list[Entry]]
"""From an address and its files to those that are needed."""


class SourceMissingError(PermanentFailure):
    """There is no model at the address."""

    reason = "SourceMissing"


class SourceUnsafeError(PermanentFailure):
    """The model comes as pickles."""

    reason = "SourceUnsafe"


class SourceTooLargeError(PermanentFailure):
    """The address holds more than any model."""

    reason = "SourceTooLarge"


def resolve(
    source: Source,
    cache: Path,
    storage: Storage,
    choose: Chooser | None = None,
) -> Path:
    """Return a local folder with the model of a source.

    Parameters
    ----------
    source
        `file:///folder`, `s3://bucket/prefix` or `hf://org/name@commit`.
    cache
        Folder for downloads. A finished download of the same content is used again.
    storage
        Its endpoint and region are used for `s3://` sources as well.
    choose
        Says which files are needed; None chooses those of a model, as `choose_files` does.

    Raises
    ------
    SourceMissingError, SourceUnsafeError, SourceTooLargeError
        Nothing there, pickles only, or far too much.
    TemporaryFailure
        The source cannot be reached, or the disk is full.

    """
    choose = choose or choose_files
    scheme, _, rest = source.partition("://")
    if scheme == "file":
        return _folder(Path(unquote(rest)), choose)
    if scheme == "hf":
        repository, _, revision = rest.partition("@")
        return _fetched(
            source,
            cache,
            choose(source, list_repository(repository, revision)),
            lambda names, to: download_snapshot(repository, revision, names, to),
        )
    bucket = open_store(source, endpoint=storage.endpoint, region=storage.region)

    def download(names: list[str], to: Path) -> None:
        for name in names:
            bucket.download(name, to / name)

    return _fetched(source, cache, choose(source, bucket.list("")), download)


def choose_images(source: str, entries: Iterable[Entry]) -> list[Entry]:
    """Return the images directly in a folder.

    Raises
    ------
    SourceMissingError
        There are none.

    """
    chosen = [e for e in entries if "/" not in e.name and e.name.lower().endswith(IMAGE_SUFFIXES)]
    if not chosen:
        raise SourceMissingError(f"there are no images at {source} ({', '.join(IMAGE_SUFFIXES)})")
    return chosen


def choose_files(source: str, entries: Iterable[Entry]) -> list[Entry]:
    """Return the files of a model that are needed to run it.

    Parameters
    ----------
    source
        Its address, for messages.
    entries
        All its files.

    Raises
    ------
    SourceMissingError
        There are no files.
    SourceUnsafeError
        A component has pickled weights and no safetensors.
    SourceTooLargeError
        The files are larger together than `MAX_SOURCE_BYTES`.

    """
    everything = [e for e in entries if PurePosixPath(e.name).parts[0] not in _NEVER_LOADED]
    if not everything:
        raise SourceMissingError(f"there is no model at {source}: no files")
    names = {entry.name for entry in everything}
    for folder in sorted({PurePosixPath(name).parent for name in names}):
        suffixes = {PurePosixPath(name).suffix for name in names if PurePosixPath(name).parent == folder}
        if suffixes & {*_PICKLES} and ".safetensors" not in suffixes:
            where = source if folder.as_posix() == "." else f"{folder} of {source}"
            raise SourceUnsafeError(
                f"{where} has pickled weights only, which run code when they are loaded; "
                "convert them to safetensors"
            )
    chosen = [e for e in everything if e.name.endswith(_SUFFIXES) and not _is_duplicate(e.name, names)]
    if not any(entry.name.endswith(".safetensors") for entry in chosen):
        raise SourceMissingError(f"there is no model at {source}: no safetensors among {len(names)} files")
    total = sum(entry.size for entry in chosen)
    if total > MAX_SOURCE_BYTES:
        raise SourceTooLargeError(
            f"{source} holds {total / 1024**3:.0f} GiB, and a model may have {MAX_SOURCE_BYTES // 1024**3}"
        )
    return chosen


def _is_duplicate(name: str, names: set[str]) -> bool:
    """Say whether the same weights come in another file: an fp16 variant, or a pipeline in one piece."""
    path = PurePosixPath(name)
    if path.suffix != ".safetensors":
        return False
    variant = path.with_name(path.name.replace(".fp16.", "."))
    in_one_piece = path.parent.as_posix() == "." and "model_index.json" in names
    return in_one_piece or (variant != path and variant.as_posix() in names)


def _folder(folder: Path, choose: Chooser) -> Path:
    source = f"file://{folder}"
    if not folder.is_dir():
        what = "model" if choose is choose_files else "folder of images"
        raise SourceMissingError(f"there is no {what} at {source}: no such folder")
    choose(
        source,
        (
            Entry(path.relative_to(folder).as_posix(), path.stat().st_size)
            for path in folder.rglob("*")
            if path.is_file()
        ),
    )
    return folder


def _fetched(
    source: str, cache: Path, chosen: list[Entry], download: Callable[[list[str], Path], None]
) -> Path:
    # The versions are part of the name: changed content is another folder, and no half of an old one is used.
    text = "\n".join([source, *(f"{entry.name} {entry.size} {entry.version}" for entry in chosen)])
    folder = cache / "sources" / hashlib.sha256(text.encode()).hexdigest()[:32]
    if (folder / _COMPLETE).exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    needed, free = sum(entry.size for entry in chosen), shutil.disk_usage(folder).free
    if needed > free:
        raise StorageFullError(
            f"{source} needs {needed / 1e9:.1f} GB and {cache} has {free / 1e9:.1f} GB left"
        )
    download([checked_name(entry.name) for entry in chosen], folder)
    (folder / _COMPLETE).touch()
    return folder
