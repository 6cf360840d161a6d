from __future__ import annotations

import pytest
from pydantic import ValidationError

from unlearn_job.contract.concept import Concept, ConceptKind, Erasure, KeptConcept


@pytest.mark.parametrize("name", ["", " ", " cat", "cat ", "x" * 101])
def test_a_name_is_text_without_space_around_it(name: str) -> None:
    with pytest.raises(ValidationError):
        KeptConcept(name=name)
    with pytest.raises(ValidationError):
        Concept(name="cat", aliases=(name,))
    with pytest.raises(ValidationError):
        Concept(name="cat", anchor=name)


def test_a_kept_concept_is_an_object_unless_told() -> None:
    assert KeptConcept(name="cat").kind is ConceptKind.OBJECT


def test_at_most_16_aliases() -> None:
    with pytest.raises(ValidationError):
        Concept(name="cat", aliases=tuple(f"cat {number}" for number in range(17)))


@pytest.mark.parametrize("digest", ["", "a" * 63, "A" * 64, "g" * 64, "a" * 64 + "\n"])
def test_a_digest_is_64_lower_hexadecimal_digits(digest: str) -> None:
    with pytest.raises(ValidationError):
        Erasure(digest=digest, name="takedown", concept=Concept(name="cat"))


def test_at_most_eight_descriptions_of_200_letters() -> None:
    assert Concept(name="cat", descriptions=("x" * 200,) * 8)
    for bad in (("a cat",) * 9, ("x" * 201,), (" a cat",), ("",)):
        with pytest.raises(ValidationError):
            Concept(name="cat", descriptions=bad)


def test_what_goes_is_not_kept_though_a_list_names_it() -> None:
    concept, fish = Concept(name="cat", aliases=("kitty",)), KeptConcept(name="fish")
    listed = (KeptConcept(name="Cat"), fish, KeptConcept(name="kitty"))
    assert Erasure(digest="a" * 64, name="takedown", concept=concept, preserve=listed).kept == (fish,)
