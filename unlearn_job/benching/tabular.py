"""The CSV files of a bench: lines are appended as they are measured, so that a bench may be continued."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from unlearn_job.contract.figures import Tally

Row = dict[str, str]
Rows = list[Row]


def append(path: Path, fields: Sequence[str], lines: Sequence[dict[str, object]]) -> None:
    """Append lines to a file, with a heading where it is new.

    A file that an older bench began keeps its columns: what it has no column for is left out.
    """
    fresh = not path.exists()
    if not fresh:
        _mend(path)
        with path.open(newline="") as file:
            fields = next(csv.reader(file), list(fields))
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, fields, extrasaction="ignore")
        if fresh:
            writer.writeheader()
        writer.writerows(lines)


def read(path: Path) -> Rows:
    """Return the lines of a file; none where there is no file. A line that a crash tore does not count."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [row for row in csv.DictReader(file) if None not in row.values()]


def _mend(path: Path) -> None:
    """Take off a line that a crash tore, or the next one would continue it."""
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        path.write_bytes(content[: content.rfind(b"\n") + 1])


def tally(rows: Iterable[Row], hits: str, samples: str) -> Tally:
    """Add up two columns."""
    pairs = [(int(row[hits]), int(row[samples])) for row in rows]
    return Tally(hits=sum(hit for hit, _ in pairs), samples=sum(count for _, count in pairs))


def share(found: Tally) -> str:
    """Return "hits/samples [low, high]" with the 95 % interval in percent."""
    low, high = found.wilson()
    return f"{found.hits}/{found.samples} [{100 * low:.1f}, {100 * high:.1f}]"
