from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from tests.unlearn_job import tiny
from unlearn_job.contract.concept import ConceptKind
from unlearn_job.erasing import Erasing, Pair
from unlearn_job.methods.states import token_table
from unlearn_job.methods.tokens import word_ids
from unlearn_job.negatives import LENGTHS, Negatives, separating_cosine, vocabulary
from unlearn_job.prompts import Prompt, fill
from unlearn_job.retain import Reading
from unlearn_job.slips import slips

pytestmark = pytest.mark.torch

GONE = ("captain comet", "comet man", "cat")


def _negatives(seed: int = 0) -> Negatives:
    table = token_table(tiny.encoder()).weight
    words = vocabulary(tiny.tokenizer(), table, (*GONE, "captain whale"), [GONE[:2], ("captain whale",)])
    return Negatives(tiny.tokenizer(), words, GONE, seed)


def _erasing() -> Erasing:
    own = fill("a photo of {} at night", "captain comet", ConceptKind.CHARACTER)
    return Erasing(tiny.erasure(tiny.COMET), "a figure", (Pair(own, Prompt("a", "figure", "")),))


def _drawn(count: int = 400, seed: int = 0) -> list[Reading]:
    return _negatives(seed).of(_erasing(), count)


def test_the_same_seed_gives_the_same_negatives() -> None:
    one, other, third = _drawn(20), _drawn(20), _drawn(20, seed=1)
    assert [r.tokens for r in one] == [r.tokens for r in other] != [r.tokens for r in third]
    for mine, yours in zip(one, other, strict=True):
        assert all(torch.equal(mine.patches[p], yours.patches[p]) for p in mine.patches)


def test_no_negative_spells_an_erased_name() -> None:
    gone = [word_ids(tiny.tokenizer(), name) for name in GONE]
    for reading in _drawn():
        ids = [-1 if p in reading.patches else i for p, i in enumerate(reading.tokens.ids)]
        for name in gone:
            assert not any(tuple(ids[at : at + len(name)]) == name for at in range(len(ids)))


def test_names_that_share_a_word_are_among_the_negatives() -> None:
    captain, comet, whale = (word_ids(tiny.tokenizer(), w)[0] for w in ("captain", "comet", "whale"))
    spelt = [pair for reading in _drawn(2000) if not reading.patches for pair in pairwise(reading.tokens.ids)]
    assert (captain, whale) in spelt
    assert any(first == captain and second != comet for first, second in spelt)
    assert any(second == comet and first != captain for first, second in spelt)


def test_soft_embeddings_stay_apart_from_the_name_and_as_long_as_words() -> None:
    table = token_table(tiny.encoder()).weight
    limit = separating_cosine(tiny.tokenizer(), table, [GONE[:2], ("captain whale",)])
    words = [i for t, i in tiny.tokenizer().get_vocab().items() if t.endswith("</w>")]
    length = float(table[words].norm(dim=1).mean())
    for reading in _drawn():
        for position, vector in reading.patches.items():
            own = table[reading.tokens.ids[position]]
            # The slot's own token is known where the whole name is soft; elsewhere the bound still holds.
            cosine = float(torch.cosine_similarity(vector, own, dim=0))
            assert abs(cosine) <= limit + 1e-4
            assert LENGTHS[0] * 0.98 <= float(vector.norm()) / length <= LENGTHS[1] * 1.02


def test_rows_count_from_the_name_on() -> None:
    assert {reading.first for reading in _drawn(20)} == {4}


def test_the_cosine_lies_between_synonyms_and_strangers() -> None:
    words = tiny.tokenizer()
    table = torch.eye(len(words))
    cat, kitty, fish = (word_ids(words, w)[0] for w in ("cat", "kitty", "fish"))
    for row, share in ((kitty, 0.9), (fish, 0.3)):
        table[row] = share * table[cat] + (1 - share**2) ** 0.5 * table[row]
    measured = separating_cosine(words, table, [("cat", "kitty"), ("fish",)])
    assert measured == pytest.approx((0.3 + 0.9) / 2, abs=0.02)


def test_a_name_misspelt_is_among_the_negatives() -> None:
    slipped = {word_ids(tiny.tokenizer(), text) for text in slips("captain comet")}
    readings = [tuple(r.tokens.ids[r.tokens.start : r.tokens.stop]) for r in _drawn(3000) if not r.patches]
    assert len(slipped & set(readings)) > 10


def test_what_draws_the_concept_is_no_negative() -> None:
    table = token_table(tiny.encoder()).weight
    words = vocabulary(tiny.tokenizer(), table, GONE, [GONE[:2]])
    soft = Negatives(
        tiny.tokenizer(), words, GONE, 0, lambda readings, _: [bool(r.patches) for r in readings]
    )
    found = soft.of(_erasing(), 200)
    assert len(found) >= 150
    assert not [reading for reading in found if reading.patches]
    assert (
        Negatives(tiny.tokenizer(), words, GONE, 0, lambda readings, _: [True] * len(readings)).of(
            _erasing(), 20
        )
        == []
    )
