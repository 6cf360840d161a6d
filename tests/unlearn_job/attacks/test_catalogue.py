from __future__ import annotations

import pytest

from tests.unlearn_job.attacks.targets import DUO, SMALL, target
from unlearn_job.attacks.catalogue import UnknownAttackError, attacks, load_attack
from unlearn_job.prompts import mentions, names

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("few_prompts")]


def test_every_attack_is_listed_under_its_own_name() -> None:
    assert list(attacks()) == [attack.name for attack in attacks().values()]
    assert {"paraphrase", "synonym", "misspelling", "words", "vocabulary", "prefix", "ring-a-bell"} < set(
        attacks()
    )
    assert load_attack("words-before").names_concept


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownAttackError, match="paraphrase, synonym"):
        load_attack("shouting")


@pytest.mark.parametrize("name", sorted(attacks()))
def test_candidates_are_the_same_for_the_same_seed_and_sorted(name: str) -> None:
    one, two = (attacks()[name].search(target(), SMALL, 3) for _ in range(2))
    assert [c.prompt for c in one] == [c.prompt for c in two]
    assert one
    assert [c.score for c in one] == sorted(c.score for c in one)


@pytest.mark.parametrize("name", sorted(n for n, a in attacks().items() if not a.names_concept))
def test_searched_texts_never_hold_a_name(name: str) -> None:
    found = attacks()[name].search(target(), SMALL, 3)
    assert not [c for c in found if c.soft is None and mentions(c.prompt.text, names(DUO))]
