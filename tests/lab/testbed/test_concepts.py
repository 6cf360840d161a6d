import subprocess
import sys
from collections import Counter

import pytest

from lab.testbed import concepts
from lab.testbed.concepts import BY_NAME, CONCEPTS, GENERIC, PLAIN, SUBJECTS, Kind


def test_there_are_concepts_of_every_kind() -> None:
    counts = Counter(concept.kind for concept in CONCEPTS)
    assert counts[Kind.OBJECT] >= 8
    assert counts[Kind.CHARACTER] == 4
    assert counts[Kind.PERSON] == 4
    assert counts[Kind.STYLE] >= 3


def test_no_two_concepts_answer_to_the_same_words() -> None:
    texts = [text for concept in CONCEPTS for text in (concept.name, concept.synonym)]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("concept", CONCEPTS, ids=lambda concept: concept.name)
def test_neighbours_and_anchors_exist(concept: concepts.Concept) -> None:
    assert concept.neighbours
    for name in concept.neighbours:
        assert name != concept.name
        assert name in BY_NAME
    assert concept.anchor in {*GENERIC.values(), PLAIN}


def test_two_characters_and_two_persons_share_a_word() -> None:
    for kind in (Kind.CHARACTER, Kind.PERSON):
        words = Counter(word for concept in concepts.of_kind(kind) for word in concept.name.split())
        assert max(words.values()) >= 2


def test_only_objects_and_things_have_a_colour_to_ask_for() -> None:
    wanted = {*(c.name for c in concepts.of_kind(Kind.OBJECT)), "thing"}
    assert {subject for subject in SUBJECTS if concepts.colourable(subject)} == wanted


@pytest.mark.parametrize(
    "module", ["concepts", "captions", "tokenizer", "drawings.scene", "dataset", "paths"]
)
def test_what_needs_no_torch_imports_none(module: str) -> None:
    code = f"import sys, lab.testbed.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
