from __future__ import annotations

import yaml

from tests.unlearn_job.dataset.recipes import COMET, recipe
from unlearn_job.dataset.card import card
from unlearn_job.dataset.folder import Tried
from unlearn_job.dataset.recipe import Anchor


def tried(anchor: Anchor, source: str, *, kept: bool) -> Tried:
    return Tried("x.png", "text", anchor.name, anchor.kind.value, 1, source, kept)


def test_the_card_counts_and_names_what_made_it() -> None:
    odd = Anchor(name="a|b")
    looked = [tried(COMET, "variation", kept=True), tried(COMET, "variation", kept=False)]
    looked += [tried(COMET, "given", kept=True), tried(odd, "generated", kept=False)]
    text = card(recipe(anchors=(COMET, odd), language_model="small"), looked)
    _, front, body = text.split("---\n", 2)
    assert yaml.safe_load(front)["size_categories"] == ["n<1K"]
    assert "2 pictures of 2 concepts" in body
    assert "| captain comet | Character | 1/2 [9.5, 90.5] % | 1/1 |" in body
    assert "| a\\|b | Object | 0/1" in body
    assert "file:///t2i" in body
    assert "prompts written by `small`" in body


def test_pictures_that_are_not_wanted_any_more_count_as_seen() -> None:
    """Of a last round: to count them as turned down would speak ill of the model."""
    looked = [Tried("x.png", "text", "cat", "Object", n, "generated", n < 1, seen) for n, seen in ENOUGH]
    assert "| cat | Object | 3/4 " in card(recipe(), looked)


ENOUGH = ((0, True), (1, True), (2, False), (3, True))
"""One was wanted, and three of four showed it."""
