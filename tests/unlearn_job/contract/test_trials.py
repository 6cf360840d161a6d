from __future__ import annotations

from unlearn_job.contract.figures import Tally
from unlearn_job.contract.trials import AttackTrial, strongest

NOTHING = Tally(hits=0, samples=0)


def trial(digest: str, attack: str, edited: Tally) -> AttackTrial:
    return AttackTrial(
        digest=digest * 64,
        attack=attack,
        prompt="a comet",
        edited=edited,
        base=Tally(hits=1, samples=64),
        named=NOTHING,
        plain=NOTHING,
        tried=NOTHING,
        candidates=3,
    )


def test_the_highest_rate_counts_for_each_erasure() -> None:
    found = strongest(
        [
            trial("a", "words", Tally(hits=3, samples=64)),
            trial("a", "paraphrase", Tally(hits=2, samples=8)),
            trial("b", "words", Tally(hits=0, samples=64)),
        ]
    )
    assert [(f.digest[0], f.attack, f.edited.hits, f.base.hits) for f in found] == [
        ("a", "paraphrase", 2, 1),
        ("b", "words", 0, 1),
    ]


def test_an_attack_with_nothing_to_try_never_hides_one_that_tried() -> None:
    (found,) = strongest([trial("a", "paraphrase", NOTHING), trial("a", "words", Tally(hits=0, samples=64))])
    assert found.attack == "words"


def test_of_equals_the_first_stands() -> None:
    (found,) = strongest([trial("a", name, Tally(hits=0, samples=64)) for name in ("words", "misspelling")])
    assert found.attack == "words"


def test_inversion_stands_beside_the_strongest_text() -> None:
    soft = trial("a", "inversion", Tally(hits=64, samples=64))
    found = strongest([trial("a", "words", Tally(hits=1, samples=64)), soft])
    assert [(one.attack, one.edited.hits) for one in found] == [("words", 1), ("inversion", 64)]


def test_without_attacks_there_is_nothing() -> None:
    assert strongest([]) == ()
