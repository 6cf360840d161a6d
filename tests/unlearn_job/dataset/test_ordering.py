from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unlearn_job.dataset.test_asking import server
from unlearn_job.contract.concept import ConceptKind
from unlearn_job.contract.errors import PermanentFailure
from unlearn_job.dataset.folder import DatasetFolder
from unlearn_job.dataset.ordering import Order, recipe_of
from unlearn_job.prompts import BUILT_IN

__all__ = ["server"]


def order(**more: Any) -> Order:
    return Order(**({"surrogate": "/t2i", "judge": "/judge", "anchor": ("cat",)} | more))


def test_flags_become_a_recipe() -> None:
    made = recipe_of(order(anchor=("cat", "Character:captain comet")))
    assert [(a.name, a.kind) for a in made.anchors] == [
        ("cat", ConceptKind.OBJECT),
        ("captain comet", ConceptKind.CHARACTER),
    ]
    assert made.prompts[ConceptKind.CHARACTER] == BUILT_IN[ConceptKind.CHARACTER]
    assert made.surrogate == "file:///t2i"


def test_folders_of_pictures_name_the_anchors(tmp_path: Path) -> None:
    (tmp_path / "captain comet").mkdir()
    made = recipe_of(order(anchor=(), given=tmp_path, kind="Character"))
    (anchor,) = made.anchors
    assert (anchor.name, anchor.images) == ("captain comet", f"file://{tmp_path}/captain%20comet")


def test_a_language_model_is_asked_once(server: Any, tmp_path: Path) -> None:
    asking = order(llm=server.url, llm_model="small", llm_prompts=2, out=tmp_path / "set")
    first = recipe_of(asking)
    assert first.prompts[ConceptKind.OBJECT] == ("a photo of {} in the rain", "{} at sea")
    DatasetFolder(asking.out, first)
    asked = len(server.asked)
    assert recipe_of(asking) == first
    assert len(server.asked) == asked


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"anchor": ()}, "name what the data set shall show"),
        ({"anchor": ("Animal:cat",)}, "kind: Input should be"),
        ({"anchor": ("a b", "a-b")}, "two anchors would share the folder object-a-b"),
        ({"given": Path("/nowhere")}, "there is no folder /nowhere"),
        ({"guidance": "much"}, "guidance: String should match"),
        ({"surrogate": "hf://org/name"}, "surrogate: String should match"),
        ({"prompts": Path("/nowhere")}, "cannot read the prompts in /nowhere"),
    ],
)
def test_what_breaks_a_rule_is_named(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PermanentFailure, match=sentence):
        recipe_of(order(**change))


def test_a_folder_without_its_anchor_is_named(tmp_path: Path) -> None:
    (tmp_path / "dog").mkdir()
    with pytest.raises(PermanentFailure, match="has a folder 'dog', and there is no such anchor"):
        recipe_of(order(given=tmp_path))


def test_prompts_of_a_file_are_taken(tmp_path: Path) -> None:
    (tmp_path / "prompts.json").write_text(json.dumps({"Object": ["my {}"]}))
    assert recipe_of(order(prompts=tmp_path / "prompts.json")).prompts == {ConceptKind.OBJECT: ("my {}",)}
