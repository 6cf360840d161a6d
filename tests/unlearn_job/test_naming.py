from __future__ import annotations

import json
from pathlib import Path

import pytest

from unlearn_job.contract.concept import Concept, ConceptKind, KeptConcept
from unlearn_job.naming import check_apart, concept_of, kept, listed
from unlearn_job.reading import DocumentError

COMET = Concept(
    name="captain comet", kind=ConceptKind.CHARACTER, aliases=("comet man", "Captain Comet"), anchor="a man"
)
CAT = Concept(name="cat")


def test_a_name_has_the_kind_that_is_given_or_its_own() -> None:
    assert concept_of("mosaic", ConceptKind.STYLE) == Concept(name="mosaic", kind=ConceptKind.STYLE)
    assert concept_of("style:mosaic", ConceptKind.OBJECT).kind is ConceptKind.STYLE
    assert concept_of("Character:Comet: the film", ConceptKind.OBJECT).name == "Comet: the film"


def test_what_is_kept_is_kept_once() -> None:
    assert kept(["cat", "Object:cat", "Style:cat"], ConceptKind.OBJECT) == (
        KeptConcept(name="cat", kind=ConceptKind.OBJECT),
        KeptConcept(name="cat", kind=ConceptKind.STYLE),
    )
    assert kept("fish", CAT.kind) == kept(["fish"], CAT.kind)
    assert kept([COMET], CAT.kind) == (KeptConcept(name="captain comet", kind=ConceptKind.CHARACTER),)


def test_a_file_lists_concepts_once(tmp_path: Path) -> None:
    path = tmp_path / "concepts.json"
    path.write_text(json.dumps([{"name": "cat", "aliases": ["kitty"]}, {"name": "fish"}]))
    assert listed(None) == {}
    assert listed(path)["cat"].aliases == ("kitty",)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([{"name": "cat"}, {"name": "Cat", "kind": "Style"}], "names a concept twice"),
        ([], "names no concept"),
        ({"name": "cat"}, r"concepts\.json: Input should be a valid list"),
        ([{"name": "cat", "alias": "kitty"}], r"concepts\.json: 0\.alias: Extra inputs are not permitted"),
    ],
)
def test_a_file_that_is_no_list_of_concepts_is_refused(
    content: object, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "concepts.json"
    path.write_text(json.dumps(content))
    with pytest.raises(DocumentError, match=sentence):
        listed(path)


def test_what_a_file_lists_is_found_by_name_and_by_kind() -> None:
    known = {"captain comet": COMET, "cat": CAT}
    for text in ("captain comet", "Captain Comet", "Character:captain comet"):
        assert concept_of(text, ConceptKind.CHARACTER, known) is COMET
    with pytest.raises(DocumentError, match="Style:cat: --concepts-file has it as Object"):
        concept_of("Style:cat", ConceptKind.OBJECT, known)
    with pytest.raises(DocumentError, match="there is no concept 'dog' in --concepts-file"):
        concept_of("dog", ConceptKind.OBJECT, known)


def test_names_that_differ_may_go_together() -> None:
    check_apart([COMET, CAT], kept(["fish"], CAT.kind), kept(["house"], CAT.kind))


@pytest.mark.parametrize(
    ("concepts", "preserve", "holdout", "sentence"),
    [
        ([CAT, Concept(name="Cat", kind=ConceptKind.STYLE)], (), (), "'cat' is named twice"),
        ([COMET, Concept(name="comet man")], (), (), "'comet man' is named twice"),
        ([Concept(name="cat", anchor="Cat")], (), (), "anchor is the concept itself"),
        ([COMET, Concept(name="a man")], (), (), "or another that goes"),
        ([COMET], ("Comet Man",), (), "preserve names the concept or one of its aliases"),
        ([CAT, COMET], (), ("comet man",), "holdout names the concept or one of its aliases"),
        ([CAT], ("fish",), ("Fish",), "holdout repeats a concept of preserve"),
    ],
)
def test_what_cannot_be_done_at_once_is_refused(
    concepts: list[Concept], preserve: tuple[str, ...], holdout: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(DocumentError, match=sentence):
        check_apart(concepts, kept(preserve, CAT.kind), kept(holdout, CAT.kind))
