"""Which software measured: figures of other versions may differ in their last digits, and in more."""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

LIBRARIES: Final = ("concept-erasure", "diffusers", "numpy", "torch", "transformers")


def versions() -> dict[str, str]:
    """Return the versions of this project and of the libraries that draw and judge, by name."""
    return {name: version(name) for name in LIBRARIES}
