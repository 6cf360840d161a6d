"""The state of a training in one file, so that an interrupted Job goes on where it was.

All chance in a training derives from the seed and the number of the step, so parameters, the optimisers'
moments and the best state are all there is to save: a resumed run gives the same bytes as one that was
never interrupted, on the same machine. The file is safetensors with a JSON header; nothing in it is
executed when it is read.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from unlearn_job.contract.errors import PermanentFailure

VERSION: Final = 1
"""Of the file's layout."""
_HEADER: Final = "training"


class StateMismatchError(PermanentFailure):
    """The saved state is of another run, or damaged."""

    reason = "StateMismatch"


@dataclass(frozen=True)
class Saved:
    """What a file holds.

    Attributes
    ----------
    step: steps taken.
    tensors: by name.
    figures: plain JSON data.

    """

    step: int
    tensors: Mapping[str, Tensor]
    figures: Mapping[str, Any] = field(default_factory=dict)


class Checkpoint:
    """One run's file.

    Parameters
    ----------
    path
        Where it is; its folder is made when it is first written.
    fingerprint
        Names the run: another run's state is refused.
    every_seconds
        Time between two writes: a large encoder takes seconds to write, a small one trains in seconds.
    clock
        Seconds, for tests.

    """

    def __init__(
        self,
        path: Path,
        fingerprint: str,
        *,
        every_seconds: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = path
        self._fingerprint = fingerprint
        self._every = every_seconds
        self._clock = clock
        self._written = clock()

    @property
    def due(self) -> bool:
        """Whether it is time to write again."""
        return self._clock() - self._written >= self._every

    def write(self, saved: Saved) -> None:
        """Write a state beside the old one, then put it in its place: a crash leaves one of the two."""
        header = {
            "version": VERSION,
            "fingerprint": self._fingerprint,
            "step": saved.step,
            "figures": saved.figures,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name(f"{self.path.name}.new")
        tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in saved.tensors.items()}
        save_file(tensors, fresh, metadata={_HEADER: json.dumps(header, sort_keys=True)})
        fresh.replace(self.path)
        self._written = self._clock()

    def read(self) -> Saved | None:
        """Return the saved state, or None where there is none.

        Raises
        ------
        StateMismatchError
            The file is damaged, of another version, or of another run.

        """
        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                header: dict[str, Any] = json.loads((file.metadata() or {})[_HEADER])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        except (OSError, SafetensorError, KeyError, ValueError) as exc:
            raise StateMismatchError(
                f"{self.path.name} is no state of a training; remove it to start anew"
            ) from exc
        if header.get("version") != VERSION or header.get("fingerprint") != self._fingerprint:
            raise StateMismatchError(
                f"{self.path.name} is the state of another run; remove it, or choose another folder"
            )
        return Saved(header["step"], tensors, header["figures"])
