"""Pictures of the base encoder on disk, so that no run draws again what another one drew already.

A picture depends on the models, the prompt, the seed and the sampler's settings, and on nothing else
(`unlearn_job.generate`): all of that is in its name. Edited encoders are not cached: each is probed once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SUFFIX: Final = ".npy"


@dataclass
class PicturesCache:
    """A folder of pictures.

    Attributes
    ----------
    folder: made where it is missing; anybody may remove it.
    models: what draws, in words that change when it does: addresses, digest of the encoder, precision.
    found, drawn: how many pictures were read and written so far.

    """

    folder: Path
    models: str
    found: int = field(default=0, init=False)
    drawn: int = field(default=0, init=False)

    def read(self, settings: str, prompt: str, seed: int) -> NDArray[np.uint8] | None:
        """Return a picture or a clip; None where it is not there, or not whole."""
        path = self._path(settings, prompt, seed)
        try:
            pixels: NDArray[np.uint8] = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        self.found += 1
        return pixels

    def write(self, settings: str, prompt: str, seed: int, pixels: NDArray[np.uint8]) -> None:
        """Keep a picture or a clip."""
        path = self._path(settings, prompt, seed)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.new")
        with fresh.open("wb") as file:
            np.save(file, pixels, allow_pickle=False)
        fresh.replace(path)
        self.drawn += 1

    def _path(self, settings: str, prompt: str, seed: int) -> Path:
        text = json.dumps([self.models, settings, prompt, seed])
        name = hashlib.sha256(text.encode()).hexdigest()
        return self.folder / name[:2] / f"{name}{_SUFFIX}"


_current: ContextVar[PicturesCache | None] = ContextVar("pictures_cache", default=None)
_base_draws: ContextVar[bool] = ContextVar("base_draws", default=False)


@contextmanager
def caching(cache: PicturesCache) -> Iterator[None]:
    """Keep what the base encoder draws inside."""
    token = _current.set(cache)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def drawing_with(*, base: bool) -> Iterator[None]:
    """Say inside whether it is the base encoder that draws."""
    token = _base_draws.set(base)
    try:
        yield
    finally:
        _base_draws.reset(token)


def current() -> PicturesCache | None:
    """Return the cache for what is drawn now; None where nothing is to be kept."""
    return _current.get() if _base_draws.get() else None
