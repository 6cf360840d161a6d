"""What the benches ask of the testbed: fair lists, prompts that its models can read, documents that hold."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from bench import testbed  # noqa: E402
from lab.testbed.concepts import BY_NAME, CONCEPTS, Kind  # noqa: E402
from unlearn_job.contract.concept import ConceptKind  # noqa: E402
from unlearn_job.contract.document import JobInput  # noqa: E402
from unlearn_job.prompts import SLOT  # noqa: E402


def test_every_kind_has_templates_that_ask_once_and_none_twice() -> None:
    found = testbed.templates()
    assert set(found) == {ConceptKind(kind.value) for kind in Kind}
    for texts in found.values():
        assert 8 <= len(texts) <= 64
        assert len(set(texts)) == len(texts)
        assert all(text.count(SLOT) == 1 for text in texts)


def test_a_style_is_put_on_every_subject() -> None:
    texts = " ".join(testbed.templates()[ConceptKind.STYLE])
    missing = [c.name for c in CONCEPTS if c.kind is not Kind.STYLE and c.name not in texts]
    assert not missing


@pytest.mark.parametrize("gone", [["cat"], ["captain comet", "anna berg"]])
def test_what_is_not_erased_is_retained_or_held_out_and_never_both(gone: list[str]) -> None:
    retained, held = ({concept.name for concept in part} for part in testbed.split(gone))
    assert not retained & held
    assert retained | held == {c.name for c in CONCEPTS} - set(gone)
    assert {BY_NAME[name].neighbours[0] for name in gone} - set(gone) <= retained
    assert abs(len(retained) - len(held)) <= 1 + 2 * len(gone)


def test_a_document_erases_with_synonym_and_anchor_and_holds_what_went_before() -> None:
    document = testbed.document(["captain comet"], holds=["cat"])
    assert JobInput.from_json(document.to_json()) == document
    (comet,), (cat,) = document.adds, document.holds
    assert (comet.concept.aliases, comet.concept.anchor) == (("comet man",), "a figure")
    assert cat.concept.aliases == ("kitty",)
    assert document.parent is not None
    assert document.prompts == testbed.templates()
    sketch = testbed.document(["pencil sketch"]).adds[0].concept
    assert sketch.anchor is None
