from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.unlearn_job.dataset.recipes import CAT, COMET, recipe
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.dataset.folder import DatasetFolder, Tried, collisions, file_name
from unlearn_job.dataset.recipe import Anchor

PICTURES = np.zeros((2, 4, 4, 3), dtype=np.uint8)


def tried(index: int, *, kept: bool = True) -> Tried:
    return Tried(file_name(CAT, index), "a cat", "cat", "Object", index, "generated", kept)


def test_what_was_kept_is_there_and_what_was_not_is_listed(tmp_path: Path) -> None:
    folder = DatasetFolder(tmp_path / "set", recipe())
    folder.add([tried(0), tried(1, kept=False)], PICTURES)
    folder.finish("the card")
    assert [p.name for p in (tmp_path / "set" / "train").rglob("*.png")] == ["000000.png"]
    (line,) = (tmp_path / "set" / "train" / "metadata.jsonl").read_text().splitlines()
    assert json.loads(line) == {
        "file_name": "object-cat/000000.png",
        "text": "a cat",
        "concept": "cat",
        "kind": "Object",
        "seed": 0,
        "source": "generated",
    }
    assert (tmp_path / "set" / "README.md").read_text() == "the card"


def test_a_torn_line_does_not_count_and_is_written_over(tmp_path: Path) -> None:
    folder = DatasetFolder(tmp_path / "set", recipe())
    folder.add([tried(0), tried(1)], PICTURES)
    path = tmp_path / "set" / "tried.jsonl"
    path.write_text(path.read_text()[:-5])
    again = DatasetFolder(tmp_path / "set", recipe())
    assert [one.seed for one in again.tried()] == [0]
    again.add([tried(1), tried(2)], PICTURES)
    assert [one.seed for one in again.tried()] == [0, 1, 2]


def test_a_folder_of_an_older_version_is_read(tmp_path: Path) -> None:
    folder = DatasetFolder(tmp_path / "set", recipe())
    folder.add([tried(0)], PICTURES[:1])
    path = tmp_path / "set" / "tried.jsonl"
    path.write_text(path.read_text().replace(', "seen": null', ""))
    (one,) = DatasetFolder(tmp_path / "set", recipe()).tried()
    assert one.shows


def test_another_recipe_and_other_files_are_refused(tmp_path: Path) -> None:
    DatasetFolder(tmp_path / "set", recipe())
    with pytest.raises(PermanentFailure, match="another recipe"):
        DatasetFolder(tmp_path / "set", recipe(seed=1))
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(PermanentFailure, match="not empty and no data set"):
        DatasetFolder(tmp_path, recipe())


def test_names_cannot_leave_the_folder() -> None:
    assert file_name(Anchor(name="../../etc/passwd"), 3) == "object-etc-passwd/000003.png"
    assert collisions((CAT, COMET)) == []
    assert collisions((Anchor(name="a b"), Anchor(name="a-b"))) == ["object-a-b"]


def test_a_recipe_that_cannot_be_read_is_another_one(tmp_path: Path) -> None:
    DatasetFolder(tmp_path / "set", recipe())
    (tmp_path / "set" / "recipe.json").write_text("{bad")
    with pytest.raises(PermanentFailure, match="another recipe"):
        DatasetFolder(tmp_path / "set", recipe())
