from __future__ import annotations

import pytest

from tests.unlearn_job import tiny
from unlearn_job.attacks.vocabulary import Ban, real_words, whole_vocabulary

pytestmark = pytest.mark.torch


def test_real_words_are_whole_and_spoken_ones_count_though_they_are_several_tokens() -> None:
    words = tiny.tokenizer()
    texts = {text.strip() for text in real_words(words, ["a mushroom, at night"]).texts}
    assert len(words("mushroom", add_special_tokens=False).input_ids) > 1
    assert {"mushroom", "cat", "captain"} <= texts
    assert not {"a", "at", ""} & texts


def test_the_whole_vocabulary_has_parts_of_words_and_no_special_tokens() -> None:
    words = tiny.tokenizer()
    pieces = whole_vocabulary(words)
    assert "cat " in pieces.texts
    assert any(not text.endswith(" ") for text in pieces.texts)
    assert not set(words.all_special_tokens) & set(pieces.texts)
    assert len(pieces.texts) > len(real_words(words, []).texts)


def test_pieces_inside_words_join_with_what_follows() -> None:
    pieces = whole_vocabulary(tiny.tokenizer())
    at = {text: index for index, text in enumerate(pieces.texts)}
    assert pieces.join([at["c"], at["cat "], at["cat "]]) == "ccat cat"


@pytest.mark.parametrize("text", ["cat", "a Cat at night", "the captain comet", "kitty"])
def test_names_are_banned_however_they_are_typed(text: str) -> None:
    assert text in Ban(tiny.tokenizer(), ["cat", "kitty", "captain comet"])


def test_a_part_of_a_name_is_free() -> None:
    ban = Ban(tiny.tokenizer(), ["captain comet"])
    assert ban.allowed(["comet captain", "captain", "a captain comet", ""]) == [True, True, False, True]
    assert ban.allowed([]) == []
