"""The CSV files of a bench: lines are appended as they are measured, so that a bench may be continued."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

Rows = list[dict[str, str]]


def append(path: Path, fields: Sequence[str], lines: Sequence[dict[str, object]]) -> None:
    """Append lines to a file, with a heading where it is new."""
    fresh = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, fields)
        if fresh:
            writer.writeheader()
        writer.writerows(lines)


def read(path: Path) -> Rows:
    """Return the lines of a file; none where there is no file."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
