"""The folder of a data set while it grows: pictures, what was tried, and at the end what `datasets` reads.

README.md                    the card
recipe.json                  what it is made from
tried.jsonl                  every drawing, kept or not, in order: where an interrupted run goes on
train/metadata.jsonl         one line per picture (the `imagefolder` layout)
train/<concept>/000017.png   drawing 17 of a concept
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.dataset.recipe import Anchor, Recipe

if TYPE_CHECKING:
    from unlearn_job.generate import Pixels

RECIPE_NAME: Final = "recipe.json"
TRIED_NAME: Final = "tried.jsonl"
SPLIT: Final = "train"
_PARTIAL: Final = ".new"


class OtherDatasetError(PermanentFailure):
    """The folder holds another data set, or something else."""

    reason = "OtherDataset"


@dataclass(frozen=True)
class Tried:
    """One picture that was looked at.

    Attributes
    ----------
    file_name: below `train/`.
    text: the prompt; of a given picture, its concept's name.
    concept, kind: what it shows.
    seed: of the drawing; None for a given picture.
    source: "given", "generated", or "variation" of a given picture.
    kept: whether it is in the data set.
    seen: whether the judge saw the concept in a valid picture: of a last round, some that it saw are not
        wanted any more. None in folders of older versions, which did not tell the two apart.

    """

    file_name: str
    text: str
    concept: str
    kind: str
    seed: int | None
    source: str
    kept: bool
    seen: bool | None = None

    @property
    def shows(self) -> bool:
        """Whether the judge saw the concept, as far as anybody knows."""
        return self.kept if self.seen is None else self.seen


class DatasetFolder:
    """Written so that a crash at any time loses no more than one round.

    Parameters
    ----------
    path
        Made where it is missing.
    recipe
        What the data set is made from.

    Raises
    ------
    OtherDatasetError
        The folder has the recipe of another data set, or is neither empty nor a data set.

    """

    def __init__(self, path: Path, recipe: Recipe) -> None:
        self.path = path
        self.recipe = recipe
        written = path / RECIPE_NAME
        if written.exists():
            if not _holds(written, recipe):
                raise OtherDatasetError(
                    f"{path} holds a data set of another recipe; choose another folder, or the same flags"
                )
        elif path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise OtherDatasetError(f"{path} is not empty and no data set; choose another folder")
        path.mkdir(parents=True, exist_ok=True)
        _replace(written, recipe.to_json() + "\n")

    def tried(self) -> list[Tried]:
        """Return every picture that was looked at, in order; a line torn by a crash does not count."""
        path = self.path / TRIED_NAME
        if not path.exists():
            return []
        whole, _, _torn = path.read_text("utf-8").rpartition("\n")
        return [Tried(**json.loads(line)) for line in whole.splitlines()]

    def add(self, tried: Sequence[Tried], pixels: Pixels) -> None:
        """Write a round: the pictures first, then the lines that make them count."""
        from PIL import Image  # noqa: PLC0415

        for one, picture in zip(tried, pixels, strict=True):
            if one.kept:
                file = self.path / SPLIT / one.file_name
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture).save(file, format="PNG")
        path = self.path / TRIED_NAME
        before = path.read_text("utf-8").rpartition("\n") if path.exists() else ("", "", "")
        # Rewritten as a whole: behind a torn line nothing could be appended.
        lines = "".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in tried)
        _replace(path, f"{before[0]}{before[1]}{lines}")

    def finish(self, card: str) -> None:
        """Write what readers look at: the metadata of the pictures that were kept, and the card."""
        lines = []
        for one in self.tried():
            if one.kept:
                fields = asdict(one)
                del fields["kept"], fields["seen"]
                lines.append(json.dumps(fields, ensure_ascii=False))
        (self.path / SPLIT).mkdir(exist_ok=True)
        _replace(self.path / SPLIT / "metadata.jsonl", "\n".join(lines) + "\n")
        _replace(self.path / "README.md", card)


def file_name(anchor: Anchor, index: int, *, given: bool = False) -> str:
    """Return the name of a picture below `train/`, free of anything that a path could mean."""
    folder = re.sub(r"[^\w-]+", "-", anchor.name.lower()).strip("-") or "concept"
    return f"{anchor.kind.value.lower()}-{folder}/{'given-' if given else ''}{index:06d}.png"


def collisions(anchors: Iterable[Anchor]) -> list[str]:
    """Return names of folders that two anchors would share."""
    names = [file_name(anchor, 0) for anchor in anchors]
    return sorted({name.partition("/")[0] for name in names if names.count(name) > 1})


def _holds(written: Path, recipe: Recipe) -> bool:
    """Say whether a file holds a recipe; one that cannot be read holds another."""
    try:
        found = json.loads(written.read_text("utf-8"))
    except (ValueError, RecursionError):
        return False
    return bool(found == json.loads(recipe.to_json()))


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(path.name + _PARTIAL)
    fresh.write_text(text, "utf-8")
    fresh.replace(path)
