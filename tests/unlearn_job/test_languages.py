from __future__ import annotations

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from tests.unlearn_job import tiny
from unlearn_job.contract.concept import ConceptKind
from unlearn_job.languages import reads, translated

pytestmark = pytest.mark.torch


def speaking(*words: str) -> PreTrainedTokenizerFast:
    """A tokenizer that knows some words whole and nothing else."""
    vocabulary = {word: row for row, word in enumerate(("[UNK]", *words))}
    backend = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="[UNK]")


GERMAN = speaking("ein", "Bild", "von", "eine", "Zeichnung", "cat", "kitty")


def test_a_language_is_read_whose_words_are_known() -> None:
    assert reads(GERMAN, "ein Bild von")
    assert not reads(GERMAN, "una foto de")
    assert not reads(GERMAN, "")


def test_words_that_fall_into_letters_or_bytes_are_not_read() -> None:
    # The testbed's tokenizer has every byte, and no German: it gives the text back, letter by letter.
    words = tiny.tokenizer()
    assert reads(words, "a drawing of a cat on a meadow")
    for text in ("ein Bild von", "une photo de", "的照片"):
        assert not reads(words, text)


def test_the_names_are_asked_for_in_every_language_that_is_read() -> None:
    assert translated(GERMAN, ConceptKind.OBJECT, ("cat", "kitty"), 5) == (
        "ein Bild von cat",
        "ein Bild von kitty",
        "eine Zeichnung von cat",
        "eine Zeichnung von kitty",
        "ein Bild von cat",
    )


def test_where_no_language_is_read_nothing_is_asked() -> None:
    assert translated(tiny.tokenizer(), ConceptKind.OBJECT, ("cat",), 8) == ()
    assert translated(GERMAN, ConceptKind.STYLE, ("mosaic",), 8) == ()
