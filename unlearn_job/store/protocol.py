"""What every store can do. Names are relative paths with slashes, such as `sd/releases/ab/manifest.json`."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

from unlearn_job.store.errors import BadNameError


class Entry(NamedTuple):
    """One object below a prefix."""

    name: str
    """Name relative to the store's URI."""
    size: int
    """Bytes."""
    version: str = ""
    """Changes with the content: an ETag, or a time of change."""


class Store(Protocol):
    """A bucket and prefix, or a folder.

    Every method raises the errors of `unlearn_job.store.errors` and no others: `TemporaryFailure` where
    the same call may work later, `PermanentFailure` where somebody must change something.
    """

    @property
    def uri(self) -> str:
        """Address of the store, without credentials."""

    def read(self, name: str) -> bytes:
        """Return a small object's content.

        Raises
        ------
        NotFoundError
            There is no such object.

        """

    def download(self, name: str, to: Path) -> None:
        """Copy an object to a local file, which appears whole or not at all.

        Raises
        ------
        NotFoundError
            There is no such object.

        """

    def put_once(self, name: str, source: bytes | Path) -> None:
        """Write an object that must not exist yet: of two writers exactly one succeeds.

        Raises
        ------
        AlreadyExistsError
            The object exists, whatever its content.

        """

    def put(self, name: str, source: bytes | Path) -> None:
        """Write an object, replacing an earlier one. Only for files that no manifest lists yet."""

    def check_writable(self, name: str) -> None:
        """Raise what `put` would raise for want of rights, and leave nothing behind.

        Whether there is room for what is to come nobody can tell.
        """

    def exists(self, name: str) -> bool:
        """Say whether there is an object of exactly this name."""

    def list(self, prefix: str) -> tuple[Entry, ...]:
        """Return the objects below a folder in the order of their names; empty where there is none.

        Parameters
        ----------
        prefix
            Folder without a slash at its end; empty for the whole store.

        """


def checked_name(name: str) -> str:
    """Return the name if it stays below the store's address.

    Raises
    ------
    BadNameError
        The name is empty, absolute, or leaves the folder.

    """
    parts = name.split("/")
    if "\\" in name or "\0" in name or any(part in {"", ".", ".."} for part in parts):
        raise BadNameError(f"{name!r} is not a relative name of an object")
    return name
