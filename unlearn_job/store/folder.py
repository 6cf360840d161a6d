"""A folder as a store: work without S3, mounted volumes, tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp

from unlearn_job.store.errors import NotFoundError
from unlearn_job.store.mapping import storage_errors
from unlearn_job.store.protocol import Entry, checked_name

_TEMPORARY_PREFIX = ".unfinished-"
"""Start of the names of half-written files. No listing shows them."""


class FolderStore:
    """Objects are files; every one appears whole or not at all."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def uri(self) -> str:
        """Address of the folder."""
        return f"file://{self._root}"

    def read(self, name: str) -> bytes:
        """Return a file's content."""
        with storage_errors(self.uri, f"read {name}"):
            return self._path(name).read_bytes()

    def download(self, name: str, to: Path) -> None:
        """Copy a file."""
        with storage_errors(self.uri, f"read {name}"):
            source = self._path(name)
            if not source.is_file():
                raise NotFoundError(f"cannot read {name} in {self.uri}: there is no such file")
            with _whole_file(to) as unfinished:
                _fill(unfinished, source)
                unfinished.replace(to)

    def put_once(self, name: str, source: bytes | Path) -> None:
        """Write a new file. A hard link decides between two writers, as it fails where the name is taken."""
        target = self._path(name)
        with storage_errors(self.uri, f"write {name}"), _whole_file(target) as unfinished:
            _fill(unfinished, source)
            os.link(unfinished, target)
            _sync_folder(target.parent)

    def put(self, name: str, source: bytes | Path) -> None:
        """Write or replace a file."""
        target = self._path(name)
        with storage_errors(self.uri, f"write {name}"), _whole_file(target) as unfinished:
            _fill(unfinished, source)
            unfinished.replace(target)
            _sync_folder(target.parent)

    def check_writable(self, name: str) -> None:
        """Make a file, and take it away, in the folder that is there already and nearest to the name."""
        with storage_errors(self.uri, f"write {name}"):
            folder = next(parent for parent in self._path(name).parents if parent.exists())
            handle, unfinished = mkstemp(dir=folder, prefix=_TEMPORARY_PREFIX)
            os.close(handle)
            Path(unfinished).unlink()

    def exists(self, name: str) -> bool:
        """Say whether there is such a file."""
        with storage_errors(self.uri, f"look for {name}"):
            return self._path(name).is_file()

    def list(self, prefix: str) -> tuple[Entry, ...]:
        """Return all files below a folder, at any depth."""
        with storage_errors(self.uri, f"list {prefix or 'files'}"):
            folder = self._path(prefix) if prefix else self._root
            found = [
                Entry(
                    path.relative_to(self._root).as_posix(),
                    (stat := path.stat()).st_size,
                    str(stat.st_mtime_ns),
                )
                for path in folder.rglob("*")
                if path.is_file() and not path.name.startswith(_TEMPORARY_PREFIX)
            ]
            return tuple(sorted(found))

    def _path(self, name: str) -> Path:
        return self._root / checked_name(name)


@contextmanager
def _whole_file(target: Path) -> Iterator[Path]:
    """Give a temporary file beside the target, and remove it in any case."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = mkstemp(dir=target.parent, prefix=_TEMPORARY_PREFIX)
    os.close(handle)
    unfinished = Path(name)
    try:
        yield unfinished
    finally:
        unfinished.unlink(missing_ok=True)


def _fill(unfinished: Path, source: bytes | Path) -> None:
    with unfinished.open("wb") as file:
        if isinstance(source, bytes):
            file.write(source)
        else:
            with source.open("rb") as original:
                shutil.copyfileobj(original, file, length=1 << 20)
        file.flush()
        # Before the name appears: after a power cut a manifest must not list a file without its bytes.
        os.fsync(file.fileno())
    # mkstemp gives 0600, and the pods that read a release may run as another user.
    unfinished.chmod(0o644)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
