import random
from dataclasses import fields

from lab.testbed.concepts import Kind, of_kind
from lab.testbed.drawings import figures


def distance(one: figures.Look, other: figures.Look) -> int:
    return sum(getattr(one, f.name) != getattr(other, f.name) for f in fields(one))


def test_every_character_has_a_look() -> None:
    assert set(figures.NAMED) == {concept.name for concept in of_kind(Kind.CHARACTER)}


def test_the_captains_share_the_cape_and_the_lanterns_the_lantern() -> None:
    named = figures.NAMED
    assert named["captain comet"].cape == named["captain whale"].cape is not None
    assert named["lady lantern"].lantern
    assert named["doctor lantern"].lantern
    assert all(
        distance(one, other) >= 3 for one in named.values() for other in named.values() if one != other
    )


def test_nobody_is_at_least_two_attributes_from_every_character() -> None:
    rng = random.Random(0)
    for _ in range(2000):
        look = figures.nobody(rng)
        assert min(distance(look, known) for known in figures.NAMED.values()) >= 2
