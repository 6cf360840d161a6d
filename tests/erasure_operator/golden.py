"""YAML in, YAML out: what is rendered, as a reviewer reads it. `UPDATE_GOLDEN=1 pytest` rewrites outputs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

GOLDEN = Path(__file__).resolve().parent.parent / "golden"


def cases(kind: str) -> list[Path]:
    """Return the folders of a kind's cases."""
    return sorted(path.parent for path in GOLDEN.glob(f"{kind}/*/input.yaml"))


def load(case: Path) -> list[dict[str, Any]]:
    """Read the input's documents."""
    return list(yaml.safe_load_all((case / "input.yaml").read_text()))


def check(case: Path, *rendered: dict[str, Any]) -> None:
    """Compare with the output, or rewrite it."""
    text = yaml.safe_dump_all(rendered, sort_keys=False, width=110)
    output = case / "output.yaml"
    if os.environ.get("UPDATE_GOLDEN"):
        output.write_text(text)
    assert text == output.read_text(), f"{output} differs; review it with UPDATE_GOLDEN=1"
