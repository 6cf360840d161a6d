from __future__ import annotations

import pytest

from tests.unlearn_job import tiny
from unlearn_job.contract.concept import ConceptKind
from unlearn_job.methods.tokens import answering, assemble, stack, tokenise, word_ids
from unlearn_job.prompts import fill, without_style

pytestmark = pytest.mark.torch

CHARACTER, OBJECT = ConceptKind.CHARACTER, ConceptKind.OBJECT


def _tokens(template: str, name: str, kind: ConceptKind = CHARACTER) -> object:
    return tokenise(tiny.tokenizer(), fill(template, name, kind))


@pytest.mark.parametrize("name", ["captain comet", "lady lantern", "cat", "viktor moss"])
@pytest.mark.parametrize("template", ["a photo of {} at night", "{}", "a drawing of {}"])
def test_ids_are_those_of_the_pipelines(name: str, template: str) -> None:
    words = tiny.tokenizer()
    text = fill(template, name, CHARACTER).text
    expected = words(text, padding="max_length", truncation=True).input_ids
    tokens = _tokens(template, name)
    assert list(tokens.ids) == expected
    assert tokens.ids[tokens.start : tokens.stop] == word_ids(words, name)
    assert tokens.ids[tokens.end] == words.eos_token_id


def test_a_name_of_two_words_and_three_pieces_has_three_positions() -> None:
    tokens = _tokens("a photo of {}", "lady lantern")
    assert (tokens.start, tokens.stop, tokens.end) == (4, 7, 7)


def test_long_prompts_are_cut_as_the_tokenizer_does() -> None:
    words = tiny.tokenizer()
    before = word_ids(words, "very " * 30)
    tokens = assemble(words, before, word_ids(words, "cat"), ())
    assert len(tokens.ids) == words.model_max_length
    assert tokens.start == tokens.stop == tokens.end == words.model_max_length - 1


def test_phrases_answer_from_their_last_tokens_and_words_behind_them_to_themselves() -> None:
    own, other = _tokens("a photo of {} at night", "lady lantern"), _tokens("a photo of {} at night", "a man")
    assert (own.stop - own.start, other.stop - other.start) == (3, 2)
    answers = dict(zip(range(own.start, len(own.ids)), answering(own, other), strict=True))
    assert [answers[p] for p in range(own.start, own.stop)] == [4, 4, 5]
    assert [own.ids[p] == other.ids[answers[p]] for p in range(own.stop, own.end + 1)] == [True] * 3
    assert answers[own.end] == other.end
    assert answers[own.end + 1] == own.end + 1


def test_a_longer_anchor_never_sends_padding_to_its_words() -> None:
    own, other = _tokens("{}", "cat", OBJECT), _tokens("{}", "a valentine", OBJECT)
    answers = answering(own, other)
    padding = answers[own.end + 1 - own.start :]
    assert min(padding) > other.end


def test_a_style_that_turns_into_nothing_answers_to_the_end() -> None:
    template = "a cat in {} style at night"
    own = tokenise(tiny.tokenizer(), fill(template, "pencil sketch", ConceptKind.STYLE))
    other = tokenise(tiny.tokenizer(), without_style(template))
    answers = dict(zip(range(own.start, len(own.ids)), answering(own, other), strict=True))
    assert [answers[p] for p in range(own.start, own.stop)] == [other.end] * 2
    for p in (own.end - 2, own.end - 1):
        assert own.ids[p] == other.ids[answers[p]]
    assert answers[own.end] == other.end


def test_prompts_are_stacked() -> None:
    assert stack([_tokens("{}", "cat"), _tokens("{}", "fish")]).shape == (2, 24)
