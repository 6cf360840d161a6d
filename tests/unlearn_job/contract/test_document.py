from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from unlearn_job.contract.concept import Concept, ConceptKind, Erasure
from unlearn_job.contract.document import JobInput, ParentRelease
from unlearn_job.contract.key import release_key

DIGEST = "d" * 64
PARENT = ParentRelease(key="a" * 64, manifest_sha256="b" * 64)


def erasure(digest: str = DIGEST) -> Erasure:
    return Erasure(digest=digest, name="takedown", concept=Concept(name="cat"))


def fields(**more: Any) -> dict[str, Any]:
    return {
        "model": "media.storyboard",
        "key": release_key(parent=None, adds=[DIGEST]),
        "base": {"pipeline": "file:///models/t2v"},
        "adds": [erasure()],
        "judge": {"type": "clip", "source": "file:///models/judge"},
        "storage": {"uri": "file:///releases"},
        **more,
    }


def test_a_document_survives_its_own_json() -> None:
    document = JobInput(**fields(prompts={ConceptKind.OBJECT: ("a {}",)}, seed=7))
    assert JobInput.from_json(document.to_json()) == document


def test_the_prefix_is_made_of_model_and_key() -> None:
    document = JobInput(**fields())
    assert document.release_prefix == f"media.storyboard/releases/{document.key}"


def test_a_key_of_other_content_is_refused_with_the_right_one() -> None:
    with pytest.raises(ValidationError, match=release_key(parent=None, adds=[DIGEST])):
        JobInput(**fields(key="0" * 64))


def test_holds_need_a_parent_and_a_parent_holds() -> None:
    key = release_key(parent=PARENT.key, adds=[DIGEST])
    assert JobInput(**fields(parent=PARENT, key=key, holds=[erasure("e" * 64)]))
    with pytest.raises(ValidationError, match="belong together"):
        JobInput(**fields(parent=PARENT, key=key))
    with pytest.raises(ValidationError, match="belong together"):
        JobInput(**fields(holds=[erasure("e" * 64)]))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", 2),
        ("adds", []),
        ("model", "../up"),
        ("model", "Upper"),
        ("prompts", {"Object": ["no slot"]}),
        ("prompts", {"Animal": ["a {}"]}),
        ("seed", -1),
        ("probe", {"guidance": "high"}),
        ("probe", {"images": 1}),
        ("probe", {"wordings": ["Backwards"]}),
        ("probe", {"budget_seconds": 1}),
        ("device", "TPU"),
        ("unknown", 1),
    ],
)
def test_a_field_out_of_bounds_is_named(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        JobInput(**fields(**{field: value}))
    assert field in {error["loc"][0] for error in caught.value.errors()}
